#!/bin/bash
# sriov_neighbours: beside an application's function another is driven by a program that means harm,
# and the application never notices; then it is killed under traffic, over and over.
source tests/vm/guest/sriov.sh

write_usual_policy
linux_on_the_other_card
start_daemon
ok "a function is assigned" ctl assign-vf --app one
start_server one
ok "its server answers" ask 10.9.0.2

vf=$(vf_of 1)
ip link set eth0 vf 1 mac 52:54:00:0a:0b:0c
"$build/tests/vm/vf_tool" bind "$vf"
begin "the neighbour hears nothing of what is said to the application"
"$build/tests/vm/vf_listen" "$vf" eth1 \
  "python3 tests/vm/programs/ask.py 10.9.0.2 50; ping -c 1 -b 10.9.0.255" >"$out/heard" || true
cat "$out/heard"
grep -q "answered 50 questions" "$out/heard"
grep -q "unicast 0 broadcast [1-9]" "$out/heard"  # it hears, but not that
say "ok: $step"

for access in write read; do
  begin "the application answers while its neighbour tries to $access memory of others"
  ask 10.9.0.2 50 &
  asker=$!
  "$build/tests/vm/vf_dma" "$access" "$vf" eth1
  wait "$asker"
  say "ok: $step"
done
"$build/tests/vm/vf_tool" restore "$vf" - -

kill -9 "$server"
begin "killed under traffic, it is back each time"
export ARRAKIS_SOCKET=$socket ARRAKIS_APP=one
python3 tests/vm/programs/deaths.py 50 10.9.0.2 \
  setpriv --reuid 65534 --regid 65534 --clear-groups --inh-caps=-all --bounding-set=-all \
  "$build/examples/udp_echo" >"$out/deaths" 2>"$out/servers.log" || fail "$(tail -n 1 "$out/deaths")"
wait_for 20 at_rest 0
say "ok: $(tail -n 1 "$out/deaths")"
finish
