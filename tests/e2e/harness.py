"""A machine for end-to-end tests: the real programs in a network namespace that dies with the test.

The test process itself moves into the namespace, so that its sockets, and all it starts, are there;
nothing outside of it is touched, and there is nothing to clean up when it is killed. Programs are
started with the parent-death signal, and their files live in one temporary folder.
"""

import ctypes
import json
import os
import pathlib
import shutil
import signal
import socket
import subprocess
import sys
import tempfile
import time
import unittest

ROOT = pathlib.Path(__file__).resolve().parents[2]
BUILD = pathlib.Path(os.environ.get("ARRAKIS_BUILD", ROOT / "build"))
ARRAKISD = BUILD / "control-plane/arrakisd/arrakisd"
ARRAKISCTL = BUILD / "control-plane/arrakisctl/arrakisctl"
UDP_ECHO = BUILD / "examples/udp_echo"
HTTP_SERVER = BUILD / "examples/http_server"
KV_SERVER = BUILD / "examples/kv_server"
TCP_ECHO = BUILD / "examples/tcp_echo"
TCP_ECHO_EVENTS = BUILD / "examples/tcp_echo_events"
TCP_PROBE = BUILD / "tests/e2e/tcp_probe"
DRIVER_ECHO = BUILD / "bench/servers/driver_echo"
PROBE = BUILD / "tests/e2e/probe"
NOBODY = 65534
HOST4, HOST6 = "10.20.0.1", "fd61:7272:6b::1"  # the kernel's end, by POLICY

POLICY = """
[pool.lab]
provider = "xdp"
addresses = ["10.20.0.0/24", "fd61:7272:6b::/64"]

[pool.wires]
provider = "wire"
addresses = ["10.30.0.0/24"]

[[app]]
name = "echo"
users = ["nobody"]
providers = ["xdp", "wire"]
vnics = 4
wires = ["w0"]

[[app]]
name = "client"
users = ["nobody"]
providers = ["xdp", "wire"]
wires = ["w0"]
"""

_libc = ctypes.CDLL(None, use_errno=True)
CLONE_NEWNS, CLONE_NEWNET = 0x00020000, 0x40000000
PR_SET_PDEATHSIG = 1


def enter_own_network():
    """Moves this process into a network namespace of its own, once.

    /sys is mounted anew, because it shows the network of who mounts it; no file system of BPF is in
    it any more, and none is needed.
    """
    if os.environ.get("ARRAKIS_E2E_NETWORK") == str(os.getpid()):
        return
    if _libc.unshare(CLONE_NEWNET | CLONE_NEWNS) != 0:
        raise OSError(ctypes.get_errno(), "unshare")
    os.environ["ARRAKIS_E2E_NETWORK"] = str(os.getpid())
    run("mount", "--make-rprivate", "/")
    run("mount", "-t", "sysfs", "sysfs", "/sys")
    run("ip", "link", "set", "lo", "up")


def run(*command, check=True, timeout=30, **options):
    """A command's outcome, as text."""
    return subprocess.run([str(word) for word in command], check=check, timeout=timeout,
                          capture_output=True, text=True, **options)


def eventually(what, within_s=5.0, every_s=0.02):
    """The first true value of `what()`; None when there was none in time."""
    deadline = time.monotonic() + within_s
    while True:
        value = what()
        if value or time.monotonic() > deadline:
            return value or None
        time.sleep(every_s)


def netdevs():
    return {link["ifname"] for link in json.loads(run("ip", "-j", "link").stdout)}


def bpf_of_netdevs():
    """Programs on our netdevs, and their maps: what a card has loaded."""
    found = set()
    for link in json.loads(run("ip", "-j", "link").stdout):
        if "xdp" in link:
            program = link["xdp"]["prog"]["id"]
            shown = json.loads(run("bpftool", "-j", "prog", "show", "id", program).stdout)
            found |= {("prog", program), *(("map", number) for number in shown.get("map_ids", []))}
    return found


def bpf_alive(wanted):
    """Those of `wanted` that the kernel still has. Numbers are never used twice."""
    alive = set()
    for kind in ("prog", "map"):
        listing = json.loads(run("bpftool", "-j", kind, "show").stdout or "[]")
        alive |= {(kind, entry["id"]) for entry in listing}
    return alive & wanted


def status_field(pid, name):
    for line in pathlib.Path(f"/proc/{pid}/status").read_text(encoding="ascii").splitlines():
        if line.startswith(name + ":"):
            return line.split(":", 1)[1].strip()
    raise KeyError(name)


class Footprint:
    """What the daemon and its cards hold; two are equal when nothing leaked between."""

    def __init__(self, daemon_pid):
        self.netdevs = netdevs()
        self.descriptors = len(os.listdir(f"/proc/{daemon_pid}/fd"))

    def __eq__(self, other):
        return vars(self) == vars(other)

    def __repr__(self):
        return f"netdevs {sorted(self.netdevs)}, {self.descriptors} descriptors"


class Vf:
    """A card as `arrakisctl show-vf --json` describes it."""

    def __init__(self, record):
        self.name = record["name"]
        bare = [prefix.split("/")[0] for prefix in record["addresses"]]
        self.ip4 = next((address for address in bare if ":" not in address), None)
        self.ip6 = next((address for address in bare if ":" in address), None)


class Program:
    """A process that is ended with the test; what it wrote is in `log`."""

    def __init__(self, command, log, user=None, **environment):
        self.log = log
        identity = {} if user is None else {"user": user, "group": user, "extra_groups": []}
        with log.open("wb") as output:
            # The parent-death signal is set again after a change of user, which clears it.
            self.process = subprocess.Popen(
                ["setpriv", "--pdeathsig", "KILL", *[str(word) for word in command]],
                stdin=subprocess.DEVNULL, stdout=output, stderr=output, cwd=log.parent,
                env={**os.environ, **environment}, **identity)
        self.pid = self.process.pid

    def output(self):
        return self.log.read_text(encoding="utf-8", errors="replace")

    def running(self):
        return self.process.poll() is None

    def send(self, number):
        self.process.send_signal(number)

    def end(self, number=signal.SIGTERM, within_s=10):
        """The exit status."""
        if self.running():
            self.send(signal.SIGCONT)
            self.send(number)
        try:
            return self.process.wait(within_s)
        except subprocess.TimeoutExpired:
            self.process.kill()
            return self.process.wait()


class Machine:
    def __init__(self, policy=POLICY):
        enter_own_network()
        self.folder = pathlib.Path(tempfile.mkdtemp(prefix="arrakis-e2e-"))
        self.folder.chmod(0o755)
        self.socket = self.folder / "arrakisd.sock"
        self.policy = self.folder / "arrakisd.toml"
        self.write_policy(policy)
        self.programs = []
        self.daemon = None

    def write_policy(self, text):
        settings = f'[daemon]\nsocket = "{self.socket}"\nstate = "{self.folder}/state"\n'
        self.policy.write_text(settings + text, encoding="utf-8")

    def start(self, *command, name=None, user=None, **environment):
        log = self.folder / f"{len(self.programs)}-{name or pathlib.Path(command[0]).name}.log"
        program = Program(command, log, user, ARRAKIS_SOCKET=str(self.socket), **environment)
        self.programs.append(program)
        return program

    def start_daemon(self, ready_within_s=10, **environment):
        self.daemon = self.start(ARRAKISD, "--policy", self.policy, **environment)
        ready = eventually(lambda: not self.daemon.running() or self.ctl("status", check=False)
                           .returncode == 0, ready_within_s)
        if not ready or not self.daemon.running():
            raise AssertionError("arrakisd did not start: " + self.daemon.output())
        return self.daemon

    def ctl(self, *words, check=True, timeout=30):
        done = run(ARRAKISCTL, *words, check=False, timeout=timeout,
                   env={**os.environ, "ARRAKIS_SOCKET": str(self.socket)})
        if check and done.returncode != 0:
            raise AssertionError(f"arrakisctl {' '.join(map(str, words))}: {done.stderr}")
        return done

    def ctl_json(self, *words):
        return json.loads(self.ctl(*words, "--json").stdout)

    def assign(self, app, *options):
        self.ctl("assign-vf", "--app", app, *options)
        return Vf(self.vf(app))

    def vf(self, app):
        return self.ctl_json("show-vf", app)

    def vfs(self):
        return self.ctl_json("list-vfs")["items"]

    def footprint(self):
        return Footprint(self.daemon.pid)

    def copy_of(self, binary):
        """For users who may not reach a build of root's."""
        copy = self.folder / binary.name
        if not copy.exists():
            shutil.copy(binary, copy)
            copy.chmod(0o755)
        return copy

    def start_application(self, binary, *words, app="echo"):
        """A program as nobody."""
        return self.start(self.copy_of(binary), *words, name=app, user=NOBODY, ARRAKIS_APP=app)

    def start_server(self, binary, *words, app="echo"):
        """Returns when it serves."""
        server = self.start_application(binary, *words, app=app)
        eventually(lambda: "listening" in server.output() or not server.running(), 20)
        if not server.running():
            raise AssertionError(f"{binary.name} ended: {server.output()}")
        return server

    def start_echo(self, app="echo"):
        return self.start_server(UDP_ECHO, app=app)

    def start_probe(self, app, *words):
        return self.start_application(PROBE, *words, app=app)

    def close(self):
        for program in reversed(self.programs):
            program.end()
        shutil.rmtree(self.folder, ignore_errors=True)


class MachineTest(unittest.TestCase):
    """A Machine a test: `self.machine`; on a failure what its programs wrote is shown."""

    policy = POLICY

    def setUp(self):
        self.machine = Machine(self.policy)
        self.addCleanup(self._close)

    def _close(self):
        if not self._outcome.success:  # unittest's own record of this test so far
            for program in self.machine.programs:
                print(f"--- {program.log.name}\n{program.output()[-3000:]}")
        self.machine.close()


def udp_socket(address, port=7, timeout_s=0.5):
    """A socket of the kernel's, connected."""
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    client = socket.socket(family, socket.SOCK_DGRAM)
    client.settimeout(timeout_s)
    client.connect((address, port))
    return client


def tcp_socket(address, port=7, timeout_s=10):
    """The same of TCP."""
    return socket.create_connection((address, port), timeout_s)


def echoes(address, payload=b"melange", tries=20):
    """True when the payload comes back: of `tries` datagrams any one, because UDP may lose."""
    with udp_socket(address) as client:
        for _ in range(tries):
            try:
                client.send(payload)
                if client.recv(65536) == payload:
                    return True
            except (TimeoutError, ConnectionRefusedError):
                continue
    return False


def echo_count(address, count, payload=b"x" * 64):
    """How many of `count` came back, one outstanding."""
    answered = 0
    with udp_socket(address) as client:
        for _ in range(count):
            try:
                client.send(payload)
                answered += client.recv(65536) == payload
            except (TimeoutError, ConnectionRefusedError):
                continue
    return answered


def main():
    """Runs the tests of a file; without root meson is told that they were skipped."""
    if os.geteuid() != 0:
        print("needs root: a network namespace of its own")
        sys.exit(77)
    unittest.main(module="__main__")
