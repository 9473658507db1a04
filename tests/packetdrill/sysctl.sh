#!/bin/sh
# sysctl: tells the packetdrill library what a script wants of the kernel.
#
# usage: sysctl [-q] [-w] NAME=VALUE...
set -eu
file=${PACKETDRILL_SYSCTLS:?is not set: the library is not loaded}
for argument in "$@"; do
  case $argument in
    -*) ;;
    *=*) printf '%s\n' "$argument" >>"$file" ;;
    *) echo "sysctl: $argument cannot be read here, only set: NAME=VALUE" >&2 && exit 1 ;;
  esac
done
