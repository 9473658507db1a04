#!/bin/bash
# sriov_refusals: what cannot be is refused with its reason, and leaves everything as it was; who is
# asked for his function lets it go; a card that is pulled out hangs nobody.
source tests/vm/guest/sriov.sh

other=$(pci_of eth1)
disk=$(basename "$(readlink /sys/class/nvme/nvme0/device)")
linux_on_the_other_card
numvfs=/sys/bus/pci/devices/$card/sriov_numvfs

# with_pool LINE...: the daemon, with a pool of just these lines.
with_pool() {
  write_policy "$@"
  kill -HUP "$daemon"
  sleep 0.3
}

# run_one APP: a server that is to fail; what it says.
run_one() {
  begin_server "$1"
  wait "$server" || { cat "$out/$1.log"; return 1; }
}

write_usual_policy
start_daemon
with_pool 'pf = "0000:99:00.0"' 'vfs = 2' 'unfiltered = true'
refused "a card that is not there" "there is no PCI function 0000:99:00.0" \
  ctl assign-vf --app one
with_pool "pf = \"$disk\"" 'vfs = 2' 'unfiltered = true'
refused "a disk" "$disk is no network card" ctl assign-vf --app one
with_pool "pf = \"$card\"" 'managed = false'
refused "a card that the policy leaves alone" "managed = false" ctl assign-vf --app one
with_pool "pf = \"$card\"" 'vfs = 8' 'unfiltered = true'
refused "more functions than the card has" "which can have 7" ctl assign-vf --app one
with_pool "pf = \"$card\"" 'vfs = 2'
refused "a pool that does not accept what no card can check" "unfiltered = true" \
  ctl assign-vf --app one
with_pool 'pf = "eth0"' 'vfs = 2' 'unfiltered = true'
refused "a card of nobody" "\"$other\" is not ours" ctl assign-vf --app one --device "$other"
refused "a filter" "cannot enforce the filter" ctl assign-vf --app one --filter "rx udp port 7"
refused "a broken rate" "whole megabits" ctl assign-vf --app one --rate 1500k
refused "a multicast MAC" "not a unicast MAC" ctl assign-vf --app one --mac 01:00:5e:00:00:01
refused "the card's own MAC" "is the MAC of eth0 itself" \
  ctl assign-vf --app one --mac "$(cat /sys/class/net/eth0/address)"
ip address add 192.0.2.1/24 dev eth0
ip route add default via 192.0.2.2 dev eth0
refused "a card that carries the default route" "carries the default route (eth0)" \
  ctl assign-vf --app one
begin "nothing was made by all that"
same "$(cat "$numvfs")" 0
same "$(count_vfs)" 0

ok "forced, it is assigned" ctl assign-vf --app one --force --mac 02:00:00:00:00:aa
ip route del default
refused "a MAC that is taken" "is the MAC of vf0" ctl assign-vf --app two --mac 02:00:00:00:00:aa
ctl assign-vf --app two --rate 5G >/dev/null
refused "a rate above the link's" "eth0 refuses the rate of VF 1" run_one two
at_rest 1
ctl release-vf two >/dev/null

start_server one
first=$server
ok "the server answers" ask 10.9.0.2
refused "a function that another application has" "\"$(vf_of 0)\" is not ours" \
  ctl assign-vf --app two --device "$(vf_of 0)"
refused "a second process that wants to be it" "process $first is attached as app" run_one one
ok "its function is released while it runs" ctl release-vf one
begin "the server let go, and lives"
at_rest 0
kill -0 "$first"
kill -9 "$first"

ok "a function with two queue pairs is assigned" ctl assign-vf --app two --queues 2
start_server two tests/vm/vf_app
grep -q "on 2 queues" "$out/two.log"
ip neighbor flush dev eth1  # the former function had a MAC of its own
ok "its server answers 32 ports" ask 10.9.0.2 32 32
begin "its card spreads over both, or is programmed not to"
# VMOLR of the function's pool (82576 data sheet, 8.14.5), whose bit 17 turns RSS on.
index=0
[[ $(vf_of 0) == $(ctl --json show-vf two | sed -n 's/.*"device": "\([^"]*\)".*/\1/p') ]] || index=1
registers=$(sed -n '1s/ .*//p' "/sys/bus/pci/devices/$card/resource")
programmed=$(monitor "xp /1xw $(printf 0x%x $((registers + 0x5ad0 + 4 * index)))" | sed 's/.*: //')
heard=$(grep -c '^queue ' "$out/two.log")
((programmed & 1 << 17)) || same "$heard" 1
say "ok: $step: VMOLR is $programmed, $heard of 2 queues heard of it"
told() { grep -q "^$1 " "$out/two.log"; }
begin "it is told of the link"
monitor set_link card0 off
wait_for 20 told link_down
monitor set_link card0 on
wait_for 20 told link_up
wait_for 20 ask 10.9.0.2 1
say "ok: $step"
begin "the card is pulled out under load"
ping -q -f 10.9.0.2 >/dev/null 2>&1 &
flood=$!
monitor device_del card0
gone() { [[ ! -e /sys/bus/pci/devices/$card ]]; }
wait_for 20 gone
ok "the daemon goes on" ctl list-vfs
quarantined() { ctl --json show-vf two | grep -q '"state": "quarantined"'; }
wait_for 5 quarantined
begin "the server is told, and lives"
wait_for 20 told revoked
kill -0 "$server"
kill $flood
refused "nothing is assigned of what is gone" "no network card eth0" ctl assign-vf --app one
ok "what is gone can be released" ctl release-vf two
finish
