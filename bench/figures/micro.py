#!/usr/bin/env python3
"""Figure micro: nanoseconds for a UDP datagram, or a TCP request and its response, in and
out of the stack, with no wire, and lwIP on the same work. Called by bench/run.sh."""

import argparse
import json
import os
import pathlib
import subprocess
import sys
import tempfile

import bounds

PROGRAM = pathlib.Path(__file__).resolve().parents[2] / "build/bench/micro/micro"
CORE = 0


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="shorter runs")
    parser.add_argument("--json", metavar="FILE", help="where the rows go")
    options = parser.parse_args(arguments)
    if not PROGRAM.exists():
        sys.exit(f"error: {PROGRAM} is missing\n  fix: tools/packages.sh test && ninja -C build")
    os.sched_setaffinity(0, {CORE})
    with tempfile.TemporaryDirectory() as folder:
        file = options.json or f"{folder}/micro.json"
        done = subprocess.run([PROGRAM, *["--quick"] * options.quick, "--json", file], check=False)
        if done.returncode != 0:
            sys.exit(done.returncode)
        rows = json.loads(pathlib.Path(file).read_text(encoding="utf-8"))
    for line in bounds.micro(rows):
        print(line)


if __name__ == "__main__":
    main(sys.argv[1:])
