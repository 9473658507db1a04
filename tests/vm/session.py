"""One boot of the emulated machine: a script runs in it and asks for things on its line."""

import os
import pathlib
import shutil
import tempfile
import time

import initramfs
import machine

HERE = pathlib.Path(__file__).resolve().parent
SOURCE = HERE.parents[1]
KERNEL = pathlib.Path(os.environ.get("ARRAKIS_VM_KERNEL", "/var/cache/arrakis-vm"))
TIMED_OUT, BROKEN = 124, 125


class Session:
    """What `script`, a path in the source, does against the programs of `build`; console and files
    are in `results` when it ended."""

    def __init__(self, script, build, results):
        self._script, self._build, self._results = script, build, results

    def run(self, seconds, verbs=None, hardware=machine.Hardware()):
        """The script's exit status. `verbs`: what else the guest may ask for: word -> a function of
        the rest of the line, whose result is the answer."""
        kernel = machine.find_kernel(KERNEL)
        began = time.monotonic()
        shutil.rmtree(self._results, ignore_errors=True)
        self._results.mkdir(parents=True)
        with tempfile.TemporaryDirectory(prefix="arrakis-vm-") as temporary:
            folder = pathlib.Path(temporary)
            archive = initramfs.build(kernel, HERE / "guest/init", folder)
            arguments = [f"VM_SOURCE={SOURCE}", f"VM_BUILD={self._build}",
                         f"VM_SCRIPT={self._script}"]
            try:
                with machine.Machine(kernel, archive, folder, arguments, hardware) as guest:
                    return serve(guest, began, seconds, verbs or {})
            finally:
                for name in ("console.log", "qemu.log", "out"):
                    if (folder / name).exists():
                        shutil.move(folder / name, self._results / name)


def serve(guest, began, seconds, verbs):
    """Does what the guest asks for until it says how its script ended."""
    while True:
        try:
            line = guest.read_line(began + seconds - time.monotonic())
        except TimeoutError:
            return TIMED_OUT
        if line is None:
            return BROKEN
        verb, _, rest = line.partition(" ")
        if verb == "say":
            print(f"{time.monotonic() - began:5.1f} s  {rest}", flush=True)
        elif verb == "exit":
            return int(rest)
        elif verb == "monitor":
            for answer in guest.monitor(rest).splitlines():
                guest.write_line(f"- {answer}")
            guest.write_line("done")
        elif verb in verbs:
            guest.write_line(verbs[verb](rest))
