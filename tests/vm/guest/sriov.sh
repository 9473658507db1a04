# shellcheck shell=bash
# sriov.sh: what the scenarios of virtual functions share: the first card is arrakisd's, Linux has
# the second; a hub joins them.
source tests/vm/guest/lib.sh

card=$(pci_of eth0)
socket=/run/arrakisd.sock
state=/run/arrakis-state
policy=/run/arrakisd.toml

ctl() { "$build/control-plane/arrakisctl/arrakisctl" --socket "$socket" "$@"; }

# write_policy [LINE...]: of two functions and two applications, LINEs added to the pool.
write_policy() {
  cat >"$policy" <<POLICY
[daemon]
socket = "$socket"
state = "$state"
[pool.fast]
provider = "sriov"
pf = "$card"
vfs = 2
unfiltered = true
addresses = ["10.9.0.0/24", "fd00:9::/64"]
gateways = ["10.9.0.1", "fd00:9::1"]
$(printf '%s\n' "$@")
[[app]]
name = "one"
users = ["nobody"]
providers = ["sriov"]
vnics = 3
[[app]]
name = "two"
users = ["nobody"]
providers = ["sriov"]
vnics = 3
POLICY
}

linux_on_the_other_card() {
  ip link set eth0 up
  ip link set eth1 up
  ip address add 10.9.0.1/24 dev eth1
  ip -6 address add fd00:9::1/64 dev eth1 nodad
  wait_for 10 grep -q 1 /sys/class/net/eth0/carrier
  wait_for 10 grep -q 1 /sys/class/net/eth1/carrier
}

# start_daemon [FAILPOINT]
start_daemon() {
  ARRAKIS_FAILPOINT=${1:-} "$build/control-plane/arrakisd/arrakisd" --policy "$policy" \
    --failpoints 2>>"$out/arrakisd.log" &
  daemon=$!
  wait_for 10 ctl status
}

# start_server APP: udp_echo as nobody, without a capability. Sets `server` to its process.
start_server() {
  : >"$out/$1.log"
  env ARRAKIS_SOCKET="$socket" ARRAKIS_APP="$1" \
    setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps -all --bounding-set -all \
    "$build/examples/udp_echo" >>"$out/$1.log" 2>&1 &
  server=$!
  wait_for 30 grep -q listening "$out/$1.log"
}

# ask ADDRESS [COUNT]: each datagram comes back as it was sent.
ask() { python3 tests/vm/guest/ask.py "$@"; }

vf_of() { basename "$(readlink "/sys/bus/pci/devices/$card/virtfn$1")"; }
driver_of() { basename "$(readlink "/sys/bus/pci/devices/$1/driver" || echo none)"; }
node_of() { echo "/dev/vfio/$(basename "$(readlink "/sys/bus/pci/devices/$1/iommu_group")")"; }

# at_rest INDEX: no driver, no settings, its node root's alone (or not there).
at_rest() {
  local vf
  vf=$(vf_of "$1")
  [[ $(driver_of "$vf") == none ]] &&
    ip link show eth0 | grep -q "vf $1 .*00:00:00:00:00:00 .*spoof checking on.*trust off" &&
    ! ip link show eth0 | grep "vf $1 " | grep -qE 'vlan|max_tx_rate' &&
    [[ ! -e $(node_of "$vf") || $(stat -c %u "$(node_of "$vf")") == 0 ]]
}
