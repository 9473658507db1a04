#!/bin/bash
# sriov_echo: a server without any privilege answers through a virtual function of its own.
source tests/vm/guest/lib.sh

card=$(pci_of eth0)
ctl="$build/control-plane/arrakisctl/arrakisctl --socket /run/arrakisd.sock"

cat >/run/arrakisd.toml <<POLICY
[daemon]
socket = "/run/arrakisd.sock"
state = "/run/arrakis-state"
log = "debug"
[pool.fast]
provider = "sriov"
pf = "$card"
vfs = 2
unfiltered = true
addresses = ["10.9.0.0/24", "fd00:9::/64"]
gateways = ["10.9.0.1", "fd00:9::1"]
[[app]]
name = "udp_echo"
users = ["nobody"]
providers = ["sriov"]
vnics = 2
POLICY

begin "Linux on the other card"
ip link set eth0 up
ip link set eth1 up
ip address add 10.9.0.1/24 dev eth1
ip -6 address add fd00:9::1/64 dev eth1 nodad
wait_for 10 grep -q 1 /sys/class/net/eth1/carrier

begin "the daemon"
"$build/control-plane/arrakisd/arrakisd" --policy /run/arrakisd.toml 2>$out/arrakisd.log &
wait_for 10 $ctl status
$ctl doctor || true

ok "a function is assigned" $ctl assign-vf --app udp_echo
$ctl show-vf udp_echo

begin "an unprivileged server"
setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps -all --bounding-set -all \
  env ARRAKIS_SOCKET=/run/arrakisd.sock ARRAKIS_APP=udp_echo "$build/examples/udp_echo" \
  >$out/udp_echo.log 2>&1 &
server=$!
wait_for 40 grep -q . $out/udp_echo.log
cat $out/udp_echo.log
grep CapEff /proc/$server/status
$ctl show-vf udp_echo
ping -c 3 -W 2 10.9.0.2 || { cat $out/udp_echo.log $out/arrakisd.log; dmesg | tail -20; fail "no ping"; }
finish
