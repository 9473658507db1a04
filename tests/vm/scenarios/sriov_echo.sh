#!/bin/bash
# sriov_echo: servers without any privilege answer Linux on the other card, each through a virtual
# function of its own and without a system call; the daemon is not needed for it.
source tests/vm/guest/sriov.sh

write_usual_policy
linux_on_the_other_card
start_daemon

ok "a function is assigned" ctl assign-vf --app one --rate 100M
start_server one
first=$server
begin "its process has no capability"
capabilities() { awk '/^Cap/ { print $2 }' "/proc/$1/status" | sort -u; }
same "$(capabilities "$first")" 0000000000000000
ok "it answers UDP over IPv4" ask 10.9.0.2 50
ok "it answers UDP over IPv6" ask fd00:9::2 50
ok "it answers ICMP" ping -c 5 -i 0.2 -W 5 10.9.0.2
ok "it answers ICMPv6" ping -c 5 -i 0.2 -W 5 fd00:9::2

begin "what the card enforces is shown as the card has it"
ctl show-vf one | tee $out/show-vf.txt
grep -q 'enforced  *source mac, rate' $out/show-vf.txt
grep -q 'unenforced  *source address, tx filter, rx filter' $out/show-vf.txt
grep -q 'rate 100M' $out/show-vf.txt
ip link show eth0 | grep 'vf 0 ' | grep -q '100Mbps.*spoof checking on'
ok "a rate is changed live" ctl set-rate one 50M
ip link show eth0 | grep 'vf 0 ' | grep -q '50Mbps'
ok "it goes on answering" ask 10.9.0.2

ok "a second application gets the second function" ctl assign-vf --app two
start_server two
second=$server
ok "the second answers" ask 10.9.0.3
ok "and the first does" ask 10.9.0.2
refused "a third function, of two" "all 2 virtual functions of $card are assigned" \
  ctl assign-vf --app one

begin "kill -9 under traffic"
ping -q -f -c 100000 10.9.0.2 >/dev/null 2>&1 &
flood=$!
sleep 0.3
kill -9 $first
wait_for 20 at_rest 0
kill $flood
ok "the neighbour never noticed" ask 10.9.0.3
start_server one
first=$server
ok "its successor answers" ask 10.9.0.2

begin "the daemon stopped: packets flow"
kill -STOP $daemon
ok "the first answers without the daemon" ask 10.9.0.2
kill -CONT $daemon
begin "the daemon killed and restarted: packets flow"
kill -9 $daemon
ok "the first answers without any daemon" ask 10.9.0.2
start_daemon
ok "the first answers the next daemon's world" ask 10.9.0.2
ctl --json show-vf one | grep -q '"state": "attached"'
kill -9 $first $second
wait_for 20 at_rest 0
wait_for 20 at_rest 1

trace=/sys/kernel/tracing
mount -t tracefs tracefs $trace
# To read the clock (228) is a system call here alone: the kernel trusts no emulated TSC.
echo 'id != 228' >$trace/events/raw_syscalls/sys_enter/filter
# count_calls MODE: sets `calls` to how many system calls a server of two makes, all its threads,
# while it answers 200 questions.
count_calls() {
  local enter=$trace/events/raw_syscalls/sys_enter/enable
  nobody env ARRAKIS_SOCKET="$socket" ARRAKIS_APP=two \
    "$build/bench/servers/udp_echo_bench" --mode "$1" >"$out/$1.log" 2>&1
  wait_for 30 ask 10.9.0.3 1
  ls "/proc/$process/task" >$trace/set_event_pid
  echo 1 >$enter
  ask 10.9.0.3 200
  echo 0 >$enter
  calls=$(grep -vc '^#' $trace/trace || true)
  grep -v '^#' $trace/trace | head -n 20 || true
  echo >$trace/trace
  kill -9 "$process"
  wait_for 20 at_rest 1
}
begin "a server that polls makes no system call while it answers"
count_calls spinning
same "$calls" 0
say "ok: $step (200 questions)"
begin "the tracer does see system calls: of a server that sleeps"
count_calls sleeping
((calls >= 200)) || fail "$calls, for 200 questions"
say "ok: $step, $calls for 200 questions"
ok "what is assigned can be released" ctl release-vf one
ok "and the other" ctl release-vf two
finish
