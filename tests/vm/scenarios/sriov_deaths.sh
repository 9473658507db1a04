#!/bin/bash
# sriov_deaths: an application is killed under traffic fifty times over. Each time its function is
# reset, restored and given to its successor, which answers.
source tests/vm/guest/sriov.sh

write_usual_policy
linux_on_the_other_card
start_daemon
ok "a function is assigned" ctl assign-vf --app one
begin "killed under traffic, it is back each time"
export ARRAKIS_SOCKET=$socket ARRAKIS_APP=one
python3 tests/vm/programs/deaths.py 50 10.9.0.2 "$out/arrakisd.log" \
  "${nobody[@]}" "$build/examples/udp_echo" >"$out/deaths" 2>"$out/servers.log" ||
  fail "$(tail -n 1 "$out/deaths")"
wait_for 20 at_rest 0
say "ok: $(tail -n 1 "$out/deaths")"
finish
