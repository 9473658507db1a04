#!/usr/bin/env python3
"""Boots the emulated machine, runs a scenario in it, and exits with what the scenario did.

usage: run.py [--build FOLDER] [--seconds N] [--list] SCENARIO

SCENARIO is a file of tests/vm/scenarios/ without its `.sh`. Its output is printed; everything, the
kernel's words too, is in BUILD/vm/SCENARIO/console.log. Files that it wrote to /run/out are in
BUILD/vm/SCENARIO/out. Exit status: the scenario's; 124: not done in N seconds; 125: it did not
come up, or stopped on the way.
"""

import argparse
import os
import pathlib
import shutil
import sys
import tempfile
import time

import initramfs
import machine

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parents[1]
KERNEL = pathlib.Path(os.environ.get("ARRAKIS_VM_KERNEL", "/var/cache/arrakis-vm"))
TIMED_OUT, BROKEN = 124, 125
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
    shutil.rmtree(results, ignore_errors=True)
    results.mkdir(parents=True)
    try:
        return run(chosen, results)
    except (OSError, RuntimeError) as error:
        print(f"vm: {error}")
        return BROKEN


def run(chosen, results):
    kernel = machine.find_kernel(KERNEL)
    started = time.monotonic()
    with tempfile.TemporaryDirectory(prefix="arrakis-vm-") as temporary:
        folder = pathlib.Path(temporary)
        archive = initramfs.build(kernel, HERE / "guest/init", folder)
        arguments = [f"VM_SOURCE={SOURCE}", f"VM_BUILD={chosen.build.resolve()}",
                     f"VM_SCENARIO={chosen.scenario}"]
        try:
            with machine.Machine(kernel, archive, folder, arguments) as guest:
                status = serve(guest, started + chosen.seconds)
        finally:
            for name in ("console.log", "qemu.log", "out"):
                if (folder / name).exists():
                    shutil.move(folder / name, results / name)
    print(f"vm: {chosen.scenario}: {outcome(status)} after {time.monotonic() - started:.0f} s")
    if status:
        show_end(results)
    return status


def serve(guest, deadline):
    """Does what the guest asks for until it says how its scenario ended."""
    while True:
        try:
            line = guest.read_line(deadline - time.monotonic())
        except TimeoutError:
            return TIMED_OUT
        if line is None:
            return BROKEN
        verb, _, rest = line.partition(" ")
        if verb == "say":
            print(rest, flush=True)
        elif verb == "exit":
            return int(rest)
        elif verb == "monitor":
            for answer in guest.monitor(rest).splitlines():
                guest.write_line(f"- {answer}")
            guest.write_line("done")


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
