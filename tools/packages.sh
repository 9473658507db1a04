#!/bin/bash
# packages.sh: the Debian 12 packages that the project needs, in one place, and their installation.
#
# usage: packages.sh build|test [--list]
#
# build: what compiles and runs it. test: those and what the tests, lints and benchmarks use.
# Packages that are there already are left alone; without missing ones nothing is changed.
set -euo pipefail

build=(
  build-essential ca-certificates ccache git meson ninja-build pkg-config
  libdpdk-dev libboost-dev                          # packets, intrusive containers
  capnproto libcapnp-dev                            # protocol
  clang-19 libbpf-dev libxdp-dev bpftool            # the xdp provider and its eBPF program
  libelf-dev zlib1g-dev libnl-route-3-dev libcap-ng-dev
  libcli11-dev libspdlog-dev libfmt-dev nlohmann-json3-dev libsqlite3-dev
  libtomlplusplus-dev
  libgtest-dev                                      # the build makes the tests too
  iproute2 ethtool iputils-ping util-linux python3  # namespaces, wires, scripts
)
tests=(
  clang-format-19 clang-tidy-19 libclang-rt-19-dev shellcheck
  traceroute strace
  libbenchmark-dev gnuplot-nox liblwip-dev          # benchmarks
)

case ${1:-} in
  build) wanted=("${build[@]}") ;;
  test) wanted=("${build[@]}" "${tests[@]}") ;;
  *)
    sed -n '2,7s/^# \{0,1\}//p' "$0" >&2
    exit 2
    ;;
esac
if [[ ${2:-} == --list ]]; then
  printf '%s\n' "${wanted[@]}"
  exit
fi

installed() { dpkg-query -W -f='${db:Status-Status}' "$1" 2>/dev/null | grep -qx installed; }
missing=()
for package in "${wanted[@]}"; do
  installed "$package" || missing+=("$package")
done
if ((${#missing[@]} == 0)); then
  echo "packages: nothing is missing"
  exit
fi

as_root=()
if ((EUID != 0)); then
  command -v sudo >/dev/null || {
    echo "packages: not root and no sudo; as root: apt-get install ${missing[*]}" >&2
    exit 1
  }
  as_root=(sudo)
fi
echo "packages: installing ${missing[*]}"
"${as_root[@]}" apt-get update -qq
"${as_root[@]}" env DEBIAN_FRONTEND=noninteractive apt-get install -qq -y --no-install-recommends \
  "${missing[@]}" >/dev/null
