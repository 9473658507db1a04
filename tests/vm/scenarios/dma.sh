#!/bin/bash
# dma: a virtual function in the hands of a program that means harm reaches nothing but what it was
# given; and what of the card's own protections this machine has.
source tests/vm/guest/lib.sh

tool=$build/tests/vm/vf_tool
pf=$(pci_of eth0)
ip link set eth0 up
ip link set eth1 up
wait_for 20 grep -q 1 /sys/class/net/eth0/carrier
wait_for 20 grep -q 1 /sys/class/net/eth1/carrier
ok "a virtual function" "$tool" number "$pf" 1
vf=$(basename "$(readlink "/sys/bus/pci/devices/$pf/virtfn0")")
ip link set eth0 vf 0 mac 52:54:00:0a:0b:0c
ok "in a program's hands" "$tool" bind "$vf"

same "$(iommu_faults "$vf")" 0
ok "memory of a neighbour is neither read nor written" "$build/tests/vm/vf_dma" "$vf" eth1 >"$out/dma"
cat "$out/dma"
page=$(sed -n 's/^address //p' "$out/dma")
dmesg | grep DMAR: | tail -n 5

for options in "" "--source 52:54:00:66:66:66" "--vlan 7"; do
  say "vf_send $options: $("$build/tests/vm/vf_send" "$vf" eth1 $options)"
done
ip link set eth0 vf 0 spoofchk off
for options in "" "--source 52:54:00:66:66:66" "--vlan 7"; do
  say "no spoofchk: vf_send $options: $("$build/tests/vm/vf_send" "$vf" eth1 $options)"
done
finish
