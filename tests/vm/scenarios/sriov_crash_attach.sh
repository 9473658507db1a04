#!/bin/bash
# sriov_crash_attach: arrakisd is killed after each step of giving a function to a process. Its
# successor leaves the function at rest, and assigned.
source tests/vm/guest/sriov.sh

write_usual_policy
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

start_server one
ok "its next server answers" ask 10.9.0.2
finish
