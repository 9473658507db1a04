#!/bin/bash
# quickstart.sh: from a fresh Debian 12 to an unprivileged program that serves UDP through a virtual
# network card of its own, beside the same server on kernel sockets. Under 10 minutes on 2 cores.
#
# usage: ./quickstart.sh [--no-install]
#
#   1. installs the Debian packages that are missing (as root, or through sudo)
#   2. builds a release in build/
#   3. in a network namespace of its own: arrakisd, a VF for udp_echo, udp_echo as nobody, Linux
#      as its client
#   4. measures that echo and Linux's own (bench/run.sh udp_echo --quick), and prints the table
#
# Run it as often as you like. Everything it starts ends with it, however it ends.
set -euo pipefail
here=$(dirname "$(realpath "$0")")
cd "$here"
started=$SECONDS

say() { printf '\n[%3d s] %s\n' $((SECONDS - started)) "$*"; }
give_up() { printf 'quickstart: %s\n' "$*" >&2; exit 1; }

# --- the part that runs in namespaces of its own; $1: a folder for its files -------------------

policy() {
  cat <<POLICY
[daemon]
socket = "$1/arrakisd.sock"
state = "$1/state"

[pool.quickstart]
provider = "xdp"
addresses = ["10.20.0.0/24", "fd61:7272:6b::/64"]

[[app]]
name = "udp_echo"
users = ["nobody"]
filters = ["rx udp port 7", "tx udp port 7"]
POLICY
}

# Waits up to 10 s for a command to succeed.
until_true() {
  local tries
  for ((tries = 0; tries < 100; ++tries)); do
    "$@" >/dev/null 2>&1 && return
    sleep 0.1
  done
  give_up "this never came true: $*"
}

# Sends datagrams of the kernel's sockets to $1, one outstanding, and says how many came back.
kernel_client() {
  python3 - "$1" <<'CLIENT'
import socket, sys, time
with socket.socket(socket.AF_INET6 if ":" in sys.argv[1] else socket.AF_INET,
                   socket.SOCK_DGRAM) as client:
    client.settimeout(0.5)
    client.connect((sys.argv[1], 7))
    answered, count, start = 0, 10_000, time.monotonic()
    for i in range(count):
        try:
            client.send(b"%064d" % i)
            answered += client.recv(2048) == b"%064d" % i
        except OSError:
            pass
    each_us = (time.monotonic() - start) / count * 1e6
    print(f"  {sys.argv[1]}: {answered:,} of {count:,} datagrams came back, {each_us:.1f} us each")
    sys.exit(answered < count * 0.99)
CLIENT
}

demonstrate() {
  local folder=$1 ctl=build/control-plane/arrakisctl/arrakisctl
  export ARRAKIS_SOCKET=$folder/arrakisd.sock
  mount -t sysfs sysfs /sys # shows the network of who mounts it
  ip link set lo up
  policy "$folder" >"$folder/arrakisd.toml"

  say "arrakisd, with this policy: $folder/arrakisd.toml"
  grep -A4 '^\[\[app' "$folder/arrakisd.toml" | sed 's/^/  /'
  build/control-plane/arrakisd/arrakisd --policy "$folder/arrakisd.toml" \
    >"$folder/arrakisd.log" 2>&1 &
  until_true "$ctl" status

  say "arrakisctl assign-vf --app udp_echo"
  "$ctl" assign-vf --app udp_echo

  say "udp_echo, as nobody"
  cp build/examples/udp_echo "$folder/" # nobody may not look into the home of root
  setpriv --reuid=nobody --regid=nogroup --clear-groups \
    env ARRAKIS_APP=udp_echo "$folder/udp_echo" >"$folder/udp_echo.log" 2>&1 &
  local echo_pid=$!
  attached() { "$ctl" show-vf udp_echo | grep -qw "$echo_pid" || ! kill -0 "$echo_pid"; }
  until_true attached
  kill -0 "$echo_pid" 2>/dev/null || give_up "udp_echo ended: $(cat "$folder/udp_echo.log")"
  grep -E '^(Uid|CapEff)' "/proc/$echo_pid/status" | sed 's/^/  /'
  "$ctl" list-vfs

  say "Linux is its client: ping, and 10,000 datagrams over each IP"
  ping -q -c 3 -i 0.2 10.20.0.2 | sed -n 's/^/  /; /packets/p'
  kernel_client 10.20.0.2
  kernel_client fd61:7272:6b::2
  "$ctl" show-vf udp_echo
}

if [[ ${1:-} == --demonstrate ]]; then
  demonstrate "$2"
  exit
fi

# --- the whole --------------------------------------------------------------------------------

install=true
case ${1:-} in
  '') ;;
  --no-install) install=false ;;
  *)
    sed -n '2,14s/^# \{0,1\}//p' "$0"
    [[ $1 == --help ]]
    exit
    ;;
esac

as_root=()
if ((EUID != 0)); then
  command -v sudo >/dev/null || give_up "namespaces need root: run it as root, or install sudo"
  as_root=(sudo)
fi

if $install; then
  say "packages"
  tools/packages.sh build
fi

say "release build in build/"
reconfigure=()
[[ ! -f build/build.ninja ]] || reconfigure=(--reconfigure)
meson setup "${reconfigure[@]}" build --buildtype=release >build.log || { cat build.log; exit 1; }
rm build.log
ninja -C build --quiet control-plane/{arrakisd/arrakisd,arrakisctl/arrakisctl} examples/udp_echo \
  bench/servers/{linux_udp_echo,udp_echo_bench,driver_echo} bench/load/{kernel_load,udp_load}

folder=$(mktemp -d /tmp/arrakis-quickstart.XXXXXX)
chmod 755 "$folder"
part=''
tidy_up() {
  [[ -z $part ]] || kill "$part" 2>/dev/null || true
  "${as_root[@]}" rm -rf "$folder"
}
trap tidy_up EXIT
trap 'exit 130' INT TERM HUP

# Runs a command so that a signal is heard at once, not when the command is done.
run_part() {
  "${as_root[@]}" "$@" &
  part=$!
  wait "$part"
  part=''
}

# In a PID namespace nothing outlives its first process.
run_part unshare --net --mount --pid --fork --kill-child --mount-proc \
  "$here/quickstart.sh" --demonstrate "$folder" || {
  tail -n 20 "$folder"/*.log
  give_up "the demonstration failed; the daemon's and the program's last lines stand above"
}

say "udp_echo and Linux's own echo server, measured: bench/run.sh udp_echo --quick"
run_part bench/run.sh udp_echo --quick --json "$folder/udp_echo.json"
tools/echo_table.py "$folder/udp_echo.json"

say "done. Next: README.md; a program of your own: examples/udp_echo.cc"
