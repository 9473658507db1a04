#!/bin/bash
# sriov_crash_assign: arrakisd is killed after each step of assign and of release. What was assigned
# is whole or not there, a release that was begun is completed, and functions are at rest.
source tests/vm/guest/sriov.sh

write_usual_policy
linux_on_the_other_card

for point in assign.checked sriov.up sriov.vfs assign.reserved assign.created assign.saved; do
  begin "killed at $point of assign"
  echo 0 >"/sys/bus/pci/devices/$card/sriov_numvfs"
  rm -rf "$state"
  start_daemon "$point"
  ctl assign-vf --app one >/dev/null 2>&1 || true
  wait_for 10 dead
  restart_daemon
  expected=0
  [[ $point != assign.saved ]] || expected=1
  same "$(count_vfs)" "$expected"
  ((expected)) || ctl assign-vf --app one >/dev/null
  same "$(count_vfs)" 1
  at_rest 0
  kill -9 $daemon
  wait $daemon 2>/dev/null || true
done
say "ok: an assignment is whole or not there"

start_daemon
for point in release.begun sriov.closed sriov.unbound sriov.reset release.destroyed \
  release.finished; do
  begin "killed at $point of release"
  restart_daemon
  (($(count_vfs))) || ctl assign-vf --app one >/dev/null
  restart_daemon "$point"
  ctl release-vf one >/dev/null 2>&1 || true
  wait_for 10 dead
  restart_daemon
  same "$(count_vfs)" 0
  at_rest 0
done
say "ok: a release that was begun is completed"

ok "after all that a function is assigned" ctl assign-vf --app one
start_server one
ok "and its server answers" ask 10.9.0.2
finish
