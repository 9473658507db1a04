#!/bin/sh
# What a stranger does: install, compile a program outside of this tree with the line of the README,
# run it.
#
# usage: stranger.sh BUILD_DIR WIRE_DAEMON PROGRAM.CC
set -eu

build=$1
wire_daemon=$(realpath "$2")
program=$3
here=$(cd "$(dirname "$0")" && pwd)
work=$(mktemp -d)
trap 'rm -rf "$work"' EXIT

fail() {
  echo "stranger: $*" >&2
  exit 1
}

meson install -C "$build" --no-rebuild --quiet --destdir "$work/root"
for file in arrakisd arrakisctl arrakisd.toml libarrakis.a; do
  [ -n "$(find "$work/root" -type f -name $file)" ] || fail "no $file was installed"
done
pc=$(find "$work/root" -name arrakis.pc)
[ -n "$pc" ] || fail "no arrakis.pc was installed"
PKG_CONFIG_PATH=$(dirname "$pc")
PKG_CONFIG_SYSROOT_DIR=$work/root
export PKG_CONFIG_PATH PKG_CONFIG_SYSROOT_DIR
headers=$(pkg-config --variable=includedir arrakis)/arrakis
[ -d "$headers" ] || headers=$work/root$headers

if grep -rnE '#include [<"](rte_|kj/|capnp/)' "$headers"; then
  fail "an installed header reaches for one of DPDK or Cap'n Proto"
fi

cd "$work"
# The very line of the README, and what pkg-config prints is meant to be split.
# shellcheck disable=SC2046
compile() { c++ "$1.cc" $(pkg-config --cflags --libs arrakis) -o "$1"; }
cp "$program" server.cc
compile server
for example in udp_echo tcp_echo tcp_echo_events kv_server; do
  cp "$here/../../examples/$example.cc" .
  compile $example
done

echo "without a daemon:"
if ARRAKIS_SOCKET=$work/nobody.sock ./server 2>said; then fail "it ran without a daemon"; fi
cat said
[ "$(head -n 1 said)" = "error: arrakisd is not running at $work/nobody.sock" ] ||
  fail "that is not the error"
[ "$(wc -l <said)" = 2 ] || fail "more than an error and its remedy"

echo "with one that grants an end of a wire:"
ARRAKIS_SOCKET=$work/d.sock "$wire_daemon" "$work/d.sock" ./server >said
cat said
grep -q "stranger drives vf0 by wire" said || fail "it does not drive its VNIC"
