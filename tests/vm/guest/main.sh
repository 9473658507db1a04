#!/bin/bash
# The guest's second process: runs the script, tells the runner how it ended, turns the power off.
export PATH=/usr/local/sbin:/usr/local/bin:/usr/sbin:/usr/bin:/sbin:/bin HOME=/root LC_ALL=C.UTF-8
mkdir -p /dev/shm /dev/pts
mount -t tmpfs shm /dev/shm
mount -t devpts devpts /dev/pts
ln -s /proc/self/fd /dev/fd
hostname guest
ip link set lo up
stty -F /dev/ttyS1 raw -echo

status=0
cd "${VM_SOURCE:?}" || status=1
((status)) || bash "${VM_SCRIPT:?}" </dev/null || status=$?
echo "exit $status" >/dev/ttyS1
sync
echo o >/proc/sysrq-trigger
sleep 60
