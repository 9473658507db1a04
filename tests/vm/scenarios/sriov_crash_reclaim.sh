#!/bin/bash
# sriov_crash_reclaim: arrakisd is killed after each step of taking back what a dead process held.
# Its successor leaves the function at rest, and assigned.
source tests/vm/guest/sriov.sh

write_usual_policy
linux_on_the_other_card
start_daemon
ctl assign-vf --app one >/dev/null

# drives: it has all that attach gave, and meets VFIO.
drives() { find "/proc/$server/fd" -lname '/dev/vfio/*' | grep -q .; }
# The second time: attach scrubs and programs a function too.
for point in sriov.closed:2 sriov.unbound:2 sriov.reset:2 sriov.mac:2 sriov.rested:2 \
  reclaim.destroyed reclaim.removed; do
  begin "killed at $point of reclaim"
  restart_daemon "$point"
  begin_server one
  wait_for 20 drives
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
