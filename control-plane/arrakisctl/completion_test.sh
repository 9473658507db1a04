#!/usr/bin/env bash
# The completion scripts in the shells they are for. Usage: completion_test.sh ARRAKISCTL
set -u
tool=$1
failures=0

check() {  # what, expected, got
  [[ $2 == "$3" ]] && return
  printf 'FAIL %s\n  expected: %s\n  got:      %s\n' "$1" "$2" "$3"
  failures=$((failures + 1))
}

# What bash would offer for the words given; the last one is being written.
offered() {
  COMP_WORDS=("$@") COMP_CWORD=$(($# - 1)) COMPREPLY=()
  _arrakisctl 2>/dev/null
  local IFS=' '
  echo "${COMPREPLY[*]}"
}

# Stands in for the tool where the script asks it for names.
arrakisctl() {
  case $* in
    *list-vfs*) printf 'VF   APP\nvf0  udp_echo\nvf1  memcached\n' ;;
    *list-apps*) printf 'APP\nmemcached\nudp_echo\n' ;;
  esac
}

# shellcheck source=/dev/null
source <("$tool" completion bash)
check 'bash knows it' 'complete -F _arrakisctl arrakisctl' "$(complete -p arrakisctl)"
check 'commands' 'list-vfs list-filters list-apps' "$(offered arrakisctl list)"
check 'commands after options' 'status' "$(offered arrakisctl --socket /tmp/x --json statu)"
check 'options' '--dry-run' "$(offered arrakisctl assign-vf --dr)"
check 'global options after the command' '--timeout' "$(offered arrakisctl list-vfs --ti)"
check 'values in words' 'xdp wire sriov' "$(offered arrakisctl assign-vf --provider '')"
check 'values by asking' 'memcached' "$(offered arrakisctl run --app m)"
check 'VFs' 'vf0 vf1' "$(offered arrakisctl set-rate vf)"
check 'VFs and applications' 'udp_echo' "$(offered arrakisctl show-vf u)"
check 'nothing where nothing is known' '' "$(offered arrakisctl assign-vf --rate '')"
check 'files for a path' "${BASH_SOURCE[0]}" "$(offered arrakisctl --socket "${BASH_SOURCE[0]}")"
check 'states' 'listen last-ack' "$(offered arrakisctl ss --state l)"
check 'whose frames' 'udp_echo' "$(offered arrakisctl capture --app u)"
check 'users' 'nobody' "$(offered arrakisctl run --user nobo)"
check 'shells' 'bash zsh fish' "$(offered arrakisctl completion '' | tr ' ' '\n' | grep sh | xargs)"

# Every command of the help is offered, and every option of its help.
commands=$("$tool" --help | sed -n '/^Subcommands:/,/^$/s/^  \([a-z][a-z-]*\) .*/\1/p')
[[ $(wc -w <<<"$commands") -ge 16 ]] || check 'help lists the commands' '16 or more' "$commands"
# The one word offered that is the one given.
offered_whole() { offered "$@" | tr ' ' '\n' | grep -x -m 1 -- "${!#}"; }
for command in $commands; do
  check "command $command" "$command" "$(offered_whole arrakisctl "$command")"
  for option in $("$tool" "$command" --help | grep -o '^  --[a-z-]*'); do
    check "$command $option" "$option" "$(offered_whole arrakisctl "$command" "$option")"
  done
done

if command -v zsh >/dev/null; then
  "$tool" completion zsh | zsh -n || check 'zsh reads its script' ok no
fi
if command -v fish >/dev/null; then
  "$tool" completion fish | fish --no-execute || check 'fish reads its script' ok no
  got=$("$tool" completion fish | fish -c 'source; complete -C "arrakisctl list-v"' | cut -f1)
  check 'fish completes' 'list-vfs' "$got"
fi
exit $((failures > 0))
