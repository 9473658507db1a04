# shellcheck shell=bash
# sriov.sh: what the scenarios of virtual functions share: the first card is arrakisd's, Linux has
# the second; a hub joins them.
source tests/vm/guest/lib.sh

card=$(pci_of eth0)
socket=/run/arrakisd.sock
state=/run/arrakis-state
policy=/run/arrakisd.toml

# Of the two hundred drivers that Debian's DPDK loads on every start, those that this card needs:
# the rest takes longer here than all that is tested.
only_the_drivers_of_this_card() {
  local all
  all=$(echo /usr/lib/*/dpdk/pmds-*)
  mkdir -p /run/pmds
  cp -a "$all"/librte_{bus_pci,bus_vdev,mempool_ring,net_e1000}.so* /run/pmds
  mount --bind /run/pmds "$all"
}
only_the_drivers_of_this_card

ctl() { "$build/control-plane/arrakisctl/arrakisctl" --socket "$socket" "$@"; }

# write_policy LINE...: two applications, and a pool of these lines.
write_policy() {
  cat >"$policy" <<POLICY
[daemon]
socket = "$socket"
state = "$state"
[pool.fast]
provider = "sriov"
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
queues = 2
POLICY
}

# write_usual_policy: two functions of the first card.
write_usual_policy() { write_policy "pf = \"$card\"" "vfs = 2" "unfiltered = true"; }

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

# restart_daemon [FAILPOINT]: after a kill -9, if it is still there.
restart_daemon() {
  kill -9 "$daemon" 2>/dev/null || true
  wait "$daemon" 2>/dev/null || true
  start_daemon "${1:-}"
}
# dead: it met its failpoint.
dead() { ! kill -0 "$daemon" 2>/dev/null; }
count_vfs() { ctl --json list-vfs | grep -c '"provider"' || true; }

# nobody COMMAND...: without a capability, in the background. Sets `process`.
nobody() {
  "${nobody[@]}" "$@" &
  process=$!
}

# begin_server APP [PROGRAM]: udp_echo or another, as nobody. Sets `server` to its process.
begin_server() {
  : >"$out/$1.log"
  nobody env ARRAKIS_SOCKET="$socket" ARRAKIS_APP="$1" "$build/${2:-examples/udp_echo}" \
    >>"$out/$1.log" 2>&1
  export server=$process
}

# start_server APP [PROGRAM]: and waits until it serves.
start_server() {
  begin_server "$@"
  wait_for 30 grep -q listening "$out/$1.log"
}

# ask ADDRESS [COUNT]: each datagram comes back as it was sent.
ask() { python3 tests/vm/programs/ask.py "$@"; }

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
