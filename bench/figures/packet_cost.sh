#!/bin/bash
# packet_cost.sh: in the emulated machine: the echo servers of figure packet_cost, one after the
# other on the same virtual function, each measured from outside of the machine.
source tests/vm/guest/sriov.sh

servers=$build/bench/servers
peer=10.9.0.1
peer_mac=52:54:00:00:00:99
address=10.9.0.2
mac=52:54:00:0a:0b:0c

# measure SYSTEM MODE MAC: the runner does it, with the server that stands ready.
measure() {
  local answer
  say "measuring $1, $2"
  exec 9<>/dev/ttyS1
  echo "measure $* $address" >&9
  read -r answer <&9
  exec 9>&-
  same "$answer" "done"
}

# end: of the server, without a word.
end() {
  kill -9 "$server"
  wait "$server" 2>/dev/null || true
}

# linux_on FUNCTION: its own driver, and a neighbour that need not be asked for.
linux_on() {
  local device
  ip link set eth0 vf 0 mac "$mac"
  echo igbvf >"/sys/bus/pci/devices/$1/driver_override"
  echo "$1" >/sys/bus/pci/drivers_probe
  wait_for 10 netdev_of "$1"
  device=$(netdev_of "$1")
  sysctl -q "net.ipv6.conf.$device.disable_ipv6=1"
  ip link set "$device" up
  ip address add $address/24 dev "$device"
  ip neighbour replace $peer lladdr $peer_mac dev "$device" nud permanent
  wait_for 10 grep -q 1 "/sys/class/net/$device/carrier"
}

begin "the clock counts instructions"
same "$(cat /sys/devices/system/clocksource/clocksource0/current_clocksource)" tsc

# First: where Linux's igbvf has routed a function's interrupts once, QEMU's card leaves them so,
# and each datagram that is sent then wakes the thread that DPDK keeps for news of the card.
begin "Arrakis"
ip link set eth0 up
wait_for 20 grep -q 1 /sys/class/net/eth0/carrier
write_usual_policy
start_daemon
ctl assign-vf --app one
mac=$(ctl --json show-vf one | sed -n 's/.*"mac": "\([^"]*\)".*/\1/p')
# serve SYSTEM MODE PROGRAM OPTION...
serve() {
  local system=$1 mode=$2 program=$3
  shift 3
  nobody env ARRAKIS_SOCKET="$socket" ARRAKIS_APP=one \
    "$servers/$program" --count-instructions "$@" >>"$out/$system.log" 2>&1
  server=$process
  measure "$system" "$mode" "$mac"
  end
  wait_for 20 at_rest 0
}
serve driver spinning driver_echo
serve arrakis-n layers udp_echo_bench --mode layers
serve arrakis-n spinning udp_echo_bench --mode spinning
ctl release-vf vf0
kill "$daemon"
wait "$daemon" || true

begin "Linux"
echo 0 >"/sys/bus/pci/devices/$card/sriov_drivers_autoprobe"
vf=$(vf_of 0)
linux_on "$vf"
for mode in spinning blocking; do
  "$servers/linux_udp_echo" --mode $mode --count-instructions >/dev/null &
  server=$!
  measure linux $mode "$mac"
  end
done
finish
