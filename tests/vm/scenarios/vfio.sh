#!/bin/bash
# vfio: what vfio/ says and does is what the kernel shows, from a card without virtual functions to
# a process that drives one, and back.
source tests/vm/guest/lib.sh

tool=$build/tests/vm/vf_tool
pf=$(pci_of eth0)
sys=/sys/bus/pci/devices
ip link set eth0 up
wait_for 20 grep -q 1 /sys/class/net/eth0/carrier

ok "two virtual functions are made" "$tool" number "$pf" 2
same "$(cat "$sys/$pf/sriov_numvfs")" 2
same "$(cat "$sys/$pf/sriov_drivers_autoprobe")" 0
vf=$(basename "$(readlink "$sys/$pf/virtfn0")")
other=$(basename "$(readlink "$sys/$pf/virtfn1")")
[[ ! -e $sys/$vf/driver ]] || fail "a driver took the function"
ok "the same number again changes nothing" "$tool" number "$pf" 2
ok "two become three, over none" "$tool" number "$pf" 3
same "$(cat "$sys/$pf/sriov_numvfs")" 3
refused "more than there can be" "can have 7 virtual functions, not 8" "$tool" number "$pf" 8
refused "virtual functions of a virtual function" "is itself a virtual function" \
  "$tool" number "$vf" 1
refused "a function that is not there" "there is no PCI function" "$tool" number 0000:7f:00.0 1

ok "the group of a virtual function is its own" "$tool" group "$vf"
"$tool" group "$vf" >"$out/group"
same "$(grep -c member "$out/group")" 1
refused "a group that the kernel uses is not viable" "the kernel holds $pf (igb)" \
  "$tool" group "$pf"
refused "without vfio-pci there is no way in" "bind its functions to vfio-pci" "$tool" look "$vf"

ok "vfio-pci takes the function" "$tool" bind "$vf"
same "$(basename "$(readlink "$sys/$vf/driver")")" vfio-pci
same "$(cat "$sys/$vf/driver_override")" vfio-pci
[[ ! -e $sys/$other/driver ]] || fail "vfio-pci took more than the one function"
group=/dev/vfio/$(basename "$(readlink "$sys/$vf/iommu_group")")

ip link set eth0 vf 0 mac 52:54:00:0a:0b:0c
ok "its BAR answers, and its physical function" "$tool" look "$vf"
"$tool" look "$vf" >"$out/look"
same "$(grep ^mac "$out/look")" "mac 52:54:00:0a:0b:0c"
same "$(grep ^link "$out/look")" "link up"
same "$(grep ^vectors "$out/look")" "vectors 3 of 3"
refused "a user without the group's node does not get in" "its owner must be this" \
  "${nobody[@]}" "$tool" look "$vf"
chown 65534 "$group"
ok "a user with the node, and without a capability, does" "${nobody[@]}" "$tool" look "$vf"
exec 8<>"$group"
refused "a group has one user at a time" "one process at a time" "$tool" look "$vf"
exec 8>&-
ok "function-level reset" "$tool" reset "$vf"

ok "undone: no driver, as before" "$tool" restore "$vf" - -
[[ ! -e $sys/$vf/driver ]] || fail "a driver is left"
same "$(cat "$sys/$vf/driver_override")" "(null)"
ok "the kernel's driver takes it" "$tool" restore "$vf" igbvf -
same "$(basename "$(readlink "$sys/$vf/driver")")" igbvf
read -r driver override < <("$tool" bind "$vf")
same "$driver $override" "igbvf -"
ok "undone: igbvf, although drivers_autoprobe is off" "$tool" restore "$vf" "$driver" "$override"
same "$(basename "$(readlink "$sys/$vf/driver")")" igbvf
same "$(cat "$sys/$vf/driver_override")" "(null)"

ok "back to none" "$tool" number "$pf" 0
same "$(cat "$sys/$pf/sriov_numvfs")" 0
finish
