#!/bin/bash
# bench/run.sh NAME [--quick] --json FILE: measures one figure from the release build in build/.
#
# Starts all that the figure needs (daemon, namespaces, servers, generators) and stops it at the
# end. Figures are the programs bench/figures/NAME.py; without a NAME they are listed.
set -euo pipefail
here=$(dirname "$(readlink -f "$0")")

name=${1:-}
if [[ -z $name || $name == -* || ! -f $here/figures/$name.py ]]; then
  echo "usage: bench/run.sh NAME [--quick] --json FILE" >&2
  echo "NAME is one of:" >&2
  grep -l __main__ "$here"/figures/*.py | sed 's|.*/|  |; s|\.py$||' >&2
  exit 2
fi
shift
exec /usr/bin/python3 "$here/figures/$name.py" "$@"
