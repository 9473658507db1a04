# shellcheck shell=bash
# lib.sh: what scenarios are written with. A scenario sources it, does its steps, and ends with
# `finish`. The first thing that goes wrong ends it.
set -Eeuo pipefail

export build=${VM_BUILD:?}  # the project's
export out=/run/out         # files for whoever reads the results
step="the first step"
# In front of a command: as a user that owns nothing, without a capability.
export nobody=(setpriv --reuid 65534 --regid 65534 --clear-groups
  --inh-caps=-all --bounding-set=-all)

say() {
  echo "$*"
  echo "say $*" >/dev/ttyS1
}

# begin WHAT: what is shown from here on; the name that a failure gets.
begin() {
  step=$*
  echo "== $step"
}

fail() {
  say "FAILED: $step: $*"
  dmesg | tail -n 30
  exit 1
}

trap 'fail "line $LINENO: $BASH_COMMAND"' ERR

# ok WHAT COMMAND...: the command succeeds.
ok() {
  local what=$1
  shift
  begin "$what"
  "$@" || fail "status $? of: $*"
  say "ok: $what"
}

# refused WHAT TEXT COMMAND...: the command fails and says TEXT.
refused() {
  local what=$1 text=$2 answer
  shift 2
  begin "$what"
  if answer=$("$@" 2>&1); then fail "it succeeded: $*"; fi
  echo "$answer"
  grep -qF -- "$text" <<<"$answer" || fail "it does not say: $text"
  say "ok: $what"
}

same() { [[ $1 == "$2" ]] || fail "expected '$2', found '$1'"; }

# wait_for SECONDS COMMAND...: until it succeeds.
wait_for() {
  local deadline=$((SECONDS + $1))
  shift
  until "$@" >/dev/null 2>&1; do
    ((SECONDS < deadline)) || fail "it never came to: $*"
    sleep 0.1
  done
}

# monitor COMMAND: in QEMU's monitor, as in `monitor device_del card1`.
monitor() {
  local word rest
  exec 9<>/dev/ttyS1
  echo "monitor $*" >&9
  while read -r word rest <&9 && [[ $word != "done" ]]; do echo "$rest"; done
  exec 9>&-
}

# pci_of NETDEV, netdev_of PCI_ADDRESS
pci_of() { basename "$(readlink "/sys/class/net/$1/device")"; }
netdev_of() { ls "/sys/bus/pci/devices/$1/net"; }

# iommu_faults PCI_ADDRESS: how many the kernel has seen of that function.
iommu_faults() { dmesg | grep -c "DMAR:.*Request device \[${1#*:}\]" || true; }

finish() {
  say "finished in $SECONDS s"
  exit 0
}
