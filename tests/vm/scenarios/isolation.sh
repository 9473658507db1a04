#!/bin/bash
# isolation: a virtual function in the hands of a program that means harm. What the IOMMU and the
# card keep from it; of what this card only claims to (README.md), that the claim is read back.
source tests/vm/guest/lib.sh

tool=$build/tests/vm/vf_tool
pf=$(pci_of eth0)
stranger=52:54:00:66:66:66
ip link set eth0 up
ip link set eth1 up
wait_for 20 grep -q 1 /sys/class/net/eth0/carrier
wait_for 20 grep -q 1 /sys/class/net/eth1/carrier
ok "a virtual function" "$tool" number "$pf" 1
vf=$(basename "$(readlink "/sys/bus/pci/devices/$pf/virtfn0")")
ip link set eth0 vf 0 mac 52:54:00:0a:0b:0c
ok "in a program's hands" "$tool" bind "$vf"

same "$(iommu_faults "$vf")" 0
# One fault at a time: of a second QEMU tells nothing before the kernel has read the first.
for access in write read; do
  "$tool" fault "$vf" >"$out/fault" &
  listener=$!
  wait_for 10 grep -q listening "$out/fault"
  ok "a $access of a neighbour's memory does nothing" \
    "$build/tests/vm/vf_dma" "$access" "$vf" eth1 >"$out/dma"
  begin "the IOMMU tells of the $access, and what it would have hit"
  wait_for 10 grep -qx "$access $(sed -n 's/^address //p' "$out/dma")" "$out/fault"
  wait "$listener"
  say "ok: $step"
done

# frame in|out OPTION...: what comes of one frame
frame() { "$build/tests/vm/vf_frame" "$1" "$vf" eth1 "${@:2}"; }

begin "frames for others do not reach it"
same "$(frame in)" arrived
same "$(frame in --mac ff:ff:ff:ff:ff:ff)" arrived
same "$(frame in --mac $stranger)" lost
same "$(frame in --vlan 7)" lost
say "ok: $step"

begin "in a VLAN of its own"
ip link set eth0 vf 0 vlan 100
same "$(frame in --own-vlan 100)" lost
same "$(frame in --own-vlan 100 --vlan 7)" lost
same "$(frame in --own-vlan 100 --vlan 100)" arrived
same "$(frame out)" "arrived vlan 100"
same "$(frame out --vlan 7)" "arrived vlan 100"  # the other tag is payload inside of it
ip link set eth0 vf 0 vlan 0
same "$(frame out)" arrived
say "ok: $step"

begin "what is programmed is read back"
shown() { ip -d link show eth0 | grep -F 'vf 0 '; }
ip link set eth0 vf 0 spoofchk on
ip link set eth0 vf 0 max_tx_rate 10
shown | grep -F 'spoof checking on' | grep -F 'max_tx_rate 10Mbps'
ip link set eth0 vf 0 spoofchk off
ip link set eth0 vf 0 max_tx_rate 0
shown | grep -F 'spoof checking off' | grep -vF 'max_tx_rate'
say "ok: $step"

ip link set eth0 vf 0 spoofchk on
say "this card, with spoof checking on: a forged source $(frame out --mac $stranger)"
say "this card, with spoof checking on: a tag of its own making $(frame out --vlan 7)"
ip link set eth0 vf 0 max_tx_rate 10
say "this card, at 10 Mb/s: 1.2 Mb in $(frame out --frames 100) ms, 120 at that rate"
begin "a card that is pulled: whoever drives a function is asked for it"
"$tool" hold "$vf" >"$out/hold" &
wait_for 10 grep -q held "$out/hold"
monitor "device_del card0"
wait_for 20 grep -q "asked to give it back" "$out/hold"
wait
wait_for 20 test ! -e "/sys/bus/pci/devices/$pf"
say "ok: $step"
finish
