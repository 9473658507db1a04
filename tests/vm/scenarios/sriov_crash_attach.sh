#!/bin/bash
# sriov_crash_attach: arrakisd is killed after each step of giving a function to a process, and of
# taking back what a dead one held. Its successor leaves the function at rest, and assigned.
source tests/vm/guest/sriov.sh

write_policy
linux_on_the_other_card
start_daemon
ctl assign-vf --app one >/dev/null

for point in sriov.closed sriov.unbound sriov.reset sriov.rested sriov.mac sriov.bound create.made \
  sriov.memlock sriov.node attach.created attach.leased open.saved; do
  begin "killed at $point of attach"
  restart_daemon "$point"
  begin_server one
  wait_for 10 dead
  kill -9 $server 2>/dev/null || true
  wait $server 2>/dev/null || true
  restart_daemon
  wait_for 5 at_rest 0
  same "$(count_vfs)" 1
done
say "ok: what attach left half made is gone"

# drives: it has all that attach gave, and meets VFIO.
drives() { find "/proc/$server/fd" -lname '/dev/vfio/*' | grep -q .; }
for point in sriov.closed sriov.unbound sriov.reset sriov.mac sriov.rested reclaim.destroyed \
  reclaim.removed; do
  begin "killed at $point of reclaim"
  restart_daemon
  begin_server one
  wait_for 20 drives
  kill -9 $daemon
  wait $daemon 2>/dev/null || true
  start_daemon "$point"
  kill -9 $server
  wait $server 2>/dev/null || true
  wait_for 10 dead
  restart_daemon
  wait_for 5 at_rest 0
  same "$(count_vfs)" 1
done
say "ok: what a dead application held is scrubbed by the next daemon"

start_server one
ok "its next server answers" ask 10.9.0.2
finish
