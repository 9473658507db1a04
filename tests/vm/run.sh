#!/bin/bash
# run.sh SCENARIO: boots the emulated machine and runs tests/vm/scenarios/SCENARIO.sh in it.
# Everything about it: run.py and README.md.
exec env PYTHONDONTWRITEBYTECODE=1 python3 "$(dirname "$0")/run.py" "$@"
