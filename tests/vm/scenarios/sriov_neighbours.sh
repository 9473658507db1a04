#!/bin/bash
# sriov_neighbours: beside an application's function another is driven by one that means harm: the
# application never notices, the administrator hears who it was.
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

"$build/tests/vm/vf_tool" restore "$vf" - -

ctl assign-vf --app two >/dev/null
# dma_faults APP: as show-vf counts them.
dma_faults() { ctl --json show-vf "$1" | sed -n 's/.*"dmaFaults": \([0-9]*\).*/\1/p'; }
# told OF: the daemon's log has a line of application two that says this.
told() {
  grep -E "error: audit: dma-fault vf1 of app \"two\" pid=[0-9]+: .*$vf: $1" "$out/arrakisd.log"
}
for access in "write to" "read of"; do
  begin "the application answers while application two has its function $access memory of others"
  ask 10.9.0.2 50 &
  asker=$!
  ARRAKIS_SOCKET=$socket "$build/tests/vm/vf_dma" "${access%% *}" two eth1 >"$out/dma"
  wait "$asker"
  begin "who had it $access what is told"
  wait_for 20 told "$access $(sed -n 's/^address //p' "$out/dma")"
  same "$(dma_faults two)" 1
  same "$(dma_faults one)" 0
  say "ok: $step: $(told "$access" | sed 's/.*dma-fault//')"
done
finish
