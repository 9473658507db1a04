#!/bin/bash
# boot: the machine is what the other scenarios count on.
source tests/vm/guest/lib.sh

ip -br link
lspci 2>/dev/null || ls /sys/bus/pci/devices
ls /sys/class/iommu /sys/kernel/iommu_groups /dev/vfio
cat /proc/uptime
dmesg | grep -iE 'dmar|iommu' | head -20
finish
