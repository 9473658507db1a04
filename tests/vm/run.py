#!/usr/bin/env python3
"""Boots the emulated machine, runs a scenario in it, and exits with what the scenario did.

usage: run.py [--build FOLDER] [--seconds N] [--list] SCENARIO

SCENARIO is a file of tests/vm/scenarios/ without its `.sh`. Its output is printed; everything, the
kernel's words too, is in BUILD/vm/SCENARIO/console.log. Files that it wrote to /run/out are in
BUILD/vm/SCENARIO/out. Exit status: the scenario's; 124: not done in N seconds; 125: it did not
come up, or stopped on the way.
"""

import argparse
import pathlib
import sys
import time

from session import BROKEN, HERE, SOURCE, TIMED_OUT, Session

CONSOLE_LINES = 60  # of what failed


def main():
    names = sorted(path.stem for path in (HERE / "scenarios").glob("*.sh"))
    options = argparse.ArgumentParser(description=__doc__.splitlines()[0])
    options.add_argument("--build", default=SOURCE / "build", type=pathlib.Path)
    options.add_argument("--seconds", default=110, type=int)
    options.add_argument("--list", action="store_true", help="the names of the scenarios")
    options.add_argument("scenario", nargs="?", choices=names)
    chosen = options.parse_args()
    if chosen.list or not chosen.scenario:
        print("\n".join(names))
        return 0 if chosen.list else 2
    results = chosen.build.resolve() / "vm" / chosen.scenario
    started = time.monotonic()
    try:
        status = Session(f"tests/vm/scenarios/{chosen.scenario}.sh", chosen.build.resolve(),
                         results).run(chosen.seconds)
    except (OSError, RuntimeError) as error:
        print(f"vm: {error}")
        return BROKEN
    print(f"vm: {chosen.scenario}: {outcome(status)} after {time.monotonic() - started:.0f} s")
    if status:
        show_end(results)
    return status


def outcome(status):
    words = {0: "passed", TIMED_OUT: "NOT DONE IN TIME", BROKEN: "STOPPED"}
    return words.get(status, f"FAILED ({status})")


def show_end(results):
    for name in ("qemu.log", "console.log"):
        log = results / name
        lines = log.read_text(errors="replace").splitlines() if log.exists() else []
        if lines:
            print(f"-- the end of {log}")
            print("\n".join(lines[-CONSOLE_LINES:]))


if __name__ == "__main__":
    sys.exit(main())
