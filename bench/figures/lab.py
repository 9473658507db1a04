"""A laboratory for figures: network namespaces and processes that die with the figure.

The figure's own process moves into a network namespace; further ones are held by a child each. All
that is started gets the parent-death signal, so nothing is left behind, however the figure ends.
"""

import ctypes
import os
import pathlib
import re
import shutil
import signal
import subprocess
import sys
import tempfile
import time

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("ARRAKIS_BUILD", ROOT / "build"))
CLONE_NEWNET = 0x40000000

_libc = ctypes.CDLL(None, use_errno=True)


class LabError(Exception):
    """Something that the figure needs is not there, or did not work; the text says what."""


def program(path):
    """A program of the build."""
    found = BUILD / path
    if not found.exists():
        raise LabError(f"{found} is not built; fix: ninja -C {BUILD}")
    return str(found)


def run(*command, check=True, timeout=30, **options):
    """A command's outcome, as text."""
    words = [str(word) for word in command]
    done = subprocess.run(words, capture_output=True, text=True, check=False, timeout=timeout,
                          **options)
    if check and done.returncode != 0:
        raise LabError(f"{' '.join(words)}: {done.stderr.strip() or done.stdout.strip()}")
    return done


def eventually(what, within_s=5.0, every_s=0.01):
    """The first true value of `what()`; None when there was none in time."""
    deadline = time.monotonic() + within_s
    while True:
        value = what()
        if value or time.monotonic() > deadline:
            return value or None
        time.sleep(every_s)


class Namespace:
    """Another network namespace, held by a process that does nothing."""

    def __init__(self, lab):
        holder = lab.start("unshare", "--net", "sleep", "infinity")
        self.pid = holder.pid
        own = os.readlink("/proc/self/ns/net")
        if not eventually(lambda: os.readlink(f"/proc/{self.pid}/ns/net") != own):
            raise LabError(f"no network namespace: {holder.output()}")
        self.ip("link", "set", "lo", "up")

    def enter(self):
        """The words in front of a command that is to run there."""
        return ["nsenter", f"--net=/proc/{self.pid}/ns/net"]

    def ip(self, *words):
        run(*self.enter(), "ip", *words)


class Program:
    """A process of the lab; what it wrote is in files."""

    def __init__(self, command, out, err, environment):
        self.name = pathlib.Path(command[0]).name
        self._out, self._err = out, err
        with out.open("wb") as stdout, err.open("wb") as stderr:
            self._process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *command], stdin=subprocess.DEVNULL,
                stdout=stdout, stderr=stderr, env={**os.environ, **environment})
        self.pid = self._process.pid

    def output(self):
        return self._out.read_text(encoding="utf-8", errors="replace")

    def complaint(self):
        said = self._err.read_text(encoding="utf-8", errors="replace").strip()
        return f"{self.name} ended with status {self._process.returncode}: {said}"

    def peak_mib(self):
        """The most memory that it ever had; it still runs."""
        status = pathlib.Path(f"/proc/{self.pid}/status").read_text(encoding="utf-8")
        return int(re.search(r"VmHWM:\s+(\d+)", status)[1]) / 1024

    def running(self):
        return self._process.poll() is None

    def wait(self, timeout):
        """The exit status. LabError: it did not end in time; it is killed."""
        try:
            return self._process.wait(timeout)
        except subprocess.TimeoutExpired:
            self._process.kill()
            self._process.wait()
            raise LabError(f"{self.name} did not end within {timeout} s") from None

    def stop(self):
        """For who does not end by itself."""
        if self.running():
            self._process.kill()
        self._process.wait()

    def end(self):
        if self.running():
            self._process.terminate()
        return self.wait(10)


class Lab:
    """Use with `with`: at its end every process is gone."""

    def __init__(self):
        if os.geteuid() != 0:
            raise LabError("network namespaces need root; fix: sudo bench/run.sh ...")
        if _libc.unshare(CLONE_NEWNET) != 0:
            raise LabError(f"no network namespace: {os.strerror(ctypes.get_errno())}")
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="arrakis-bench-"))
        self._programs = []
        for number in (signal.SIGINT, signal.SIGTERM, signal.SIGHUP):
            signal.signal(number, lambda which, _: sys.exit(128 + which))
        run("ip", "link", "set", "lo", "up")

    def __enter__(self):
        return self

    def __exit__(self, *_):
        for started in reversed(self._programs):
            try:
                started.end()
            except LabError:
                pass
        shutil.rmtree(self.folder, ignore_errors=True)

    def start(self, *command, **environment):
        stem = f"{len(self._programs)}-{pathlib.Path(str(command[0])).name}"
        started = Program([str(word) for word in command], self.folder / f"{stem}.out",
                          self.folder / f"{stem}.err", environment)
        self._programs.append(started)
        return started

    def ip(self, *words):
        run("ip", *words)

    def veth(self, here, there, namespace, subnet):
        """A veth pair: `here` with address 2 of the subnet, `there` with address 1."""
        run("ip", "link", "add", here, "type", "veth", "peer", "name", there, "netns",
            str(namespace.pid))
        run("ip", "addr", "add", f"{subnet}.2/24", "dev", here)
        run("ip", "link", "set", here, "up")
        namespace.ip("addr", "add", f"{subnet}.1/24", "dev", there)
        namespace.ip("link", "set", there, "up")
        # A checksum left to a device that does not exist is never computed, and what leaves the
        # kernel by AF_XDP would arrive without one.
        run(*namespace.enter(), "ethtool", "-K", there, "tx", "off")
