"""Who serves whom over what in the figures of echo servers.

A setup is a server in a mode and a client on a wire. Its serve() starts the server, gives what a
client needs to know while it runs, and takes everything away again.
"""

import contextlib
import dataclasses

from arrakis import Arrakis
from lab import Namespace, program

PORT = 7
CONNECTIONS_A_PORT = 16_000  # of the generator (load/extaris_tcp_transport.cc)
SERVER_CORE, CLIENT_CORE = 0, 1

# Netdevs and addresses. The daemon calls the host's end of the first VF's pair ark-vf0.
LINUX_SUBNET = "10.9.0"
LINUX_DEVICE, LINUX_PEER = "lab0", "lab1"
VNIC_DEVICE = "ark-vf0"
VNIC_LOAD_ADDRESS = "10.20.0.200/24"

WIRE = ("--provider", "wire", "--wire", "bench", "--mtu", "1500")

# The other modes poll: what counts is the time of polls that found work.
PROCESS_TIME = {"blocking", "batched", "sleeping", "adaptive"}


@dataclasses.dataclass(frozen=True)
class Setup:
    system: str  # "linux", "arrakis-n", "driver"
    mode: str
    wire: str    # "veth", "memif"
    client: str  # "kernel client", "our client"
    cases: tuple | None = None  # None: the plan's

    def __str__(self):
        many = f", {self.connections():,} connections" if self.cases else ""
        return f"{self.system} {self.mode}, {self.wire}, {self.client}{many}"

    def connections(self):
        """The most of TCP that any of its own cases has."""
        return max((case[3] if len(case) > 3 else case[1] for case in self.cases or ()), default=0)

    def limits(self):
        """What both ends are told of them. Nearly each one may hold a packet that is not
        acknowledged yet, and what is outstanding holds one."""
        if not self.cases:
            return []
        outstanding = max(case[1] for case in self.cases)
        return ["--connections", self.connections() + 1024,
                "--packets", min(3 * outstanding, self.connections() + outstanding) + 16_384]


@dataclasses.dataclass(frozen=True)
class Programs:
    """What a figure starts, below bench/."""

    servers: dict  # system -> program
    kernel_load: str
    our_load: str
    load_words: tuple = ()
    server_words: tuple = ()


UDP = Programs({"linux": "servers/linux_udp_echo", "arrakis-n": "servers/udp_echo_bench",
                "driver": "servers/driver_echo"}, "load/kernel_load", "load/udp_load")
# TCP sends again by itself what is lost; the generator must not.
TCP = Programs({"linux": "servers/linux_tcp_echo", "arrakis-n": "servers/tcp_echo_bench"},
               "load/kernel_tcp_load", "load/tcp_load", ("--timeout-ms", 60_000))

# A connection a request. Who closes first waits (TIME-WAIT), and that is the generator; so that it
# finds ports all the same, the server listens on as many as it asks for.
TCP_CONNECT = Programs(TCP.servers, "load/kernel_tcp_connect_load", "load/tcp_connect_load",
                       TCP.load_words, ("--ports", 8))

# Idle ones are asked whether they still live.
TCP_KEPT = Programs(TCP.servers, TCP.kernel_load, TCP.our_load, TCP.load_words,
                    ("--keepalive-s", 30))

MODES = {"linux": ("blocking", "spinning", "batched"),
         "arrakis-n": ("sleeping", "adaptive", "spinning"), "driver": ("spinning",)}
TCP_MODES = {"linux": ("blocking", "spinning"), "arrakis-n": ("sleeping", "adaptive", "spinning")}


def setups_of(modes):
    """What is compared stands side by side, so that a machine that changes does so for both."""
    return [Setup(system, mode, wire, client)
            for wire, client in (("veth", "kernel client"), ("veth", "our client"),
                                 ("memif", "our client"))
            for system in modes if wire == "veth" or system != "linux" for mode in modes[system]]


SETUPS = setups_of(MODES)
TCP_SETUPS = setups_of(TCP_MODES)


@dataclasses.dataclass(frozen=True)
class Service:
    """A server that runs, and how its client is started."""

    server: object  # lab.Program
    address: str
    client: list
    environment: dict


class Bench:
    """What all setups share: the daemon, and a namespace with Linux's server."""

    def __init__(self, lab, programs=UDP):
        self._lab = lab
        self._programs = programs
        self._far = Namespace(lab)
        lab.veth(LINUX_DEVICE, LINUX_PEER, self._far, LINUX_SUBNET)
        self._daemon = None

    @property
    def _arrakis(self):
        """Started when the first setup needs it."""
        if self._daemon is None:
            self._daemon = Arrakis(
                self._lab, linux_device=LINUX_DEVICE, linux_address=f"{LINUX_SUBNET}.3/24",
                vnic_device=VNIC_DEVICE, vnic_address=VNIC_LOAD_ADDRESS)
        return self._daemon

    @contextlib.contextmanager
    def serve(self, setup):
        with contextlib.ExitStack() as stack:
            serve = self._linux if setup.system == "linux" else self._vnic
            server, address = serve(stack, setup)
            client, environment = self._client(stack, setup)
            yield Service(server, address, client, environment)

    def _linux(self, stack, setup):
        server = self._lab.start(*self._far.enter(), self._server_of("linux"),
                                 "--mode", setup.mode, "--core", SERVER_CORE, "--port", PORT,
                                 *self._programs.server_words)
        stack.callback(server.end)
        return server, f"{LINUX_SUBNET}.1"

    def _vnic(self, stack, setup):
        if setup.wire == "memif":
            record = self._assign(stack, "echo", *WIRE)
        else:
            record = self._assign(stack, "echo", "--provider", "xdp")
        command = [self._server_of(setup.system), "--core", SERVER_CORE, "--port", PORT,
                   *self._programs.server_words]
        if setup.system != "driver":
            command += ["--mode", setup.mode]
        if setup.cases:
            ports = setup.connections() // CONNECTIONS_A_PORT + 1
            command += [*setup.limits(), "--ports", ports]
        server = self._lab.start(*command, ARRAKIS_APP="echo", **self._arrakis.environment)
        stack.callback(server.end)
        self._arrakis.await_attached(record["name"], server)
        return server, record["addresses"][0]

    def _server_of(self, system):
        return program("bench/" + self._programs.servers[system])

    def _client(self, stack, setup):
        words = [*self._programs.load_words, *setup.limits()]
        if setup.client == "kernel client":
            return [program("bench/" + self._programs.kernel_load), *self._programs.load_words], {}
        if setup.wire == "memif":
            app, where = "load-wire", WIRE
        elif setup.system == "linux":
            app, where = "load-linux", ["--provider", "xdp", "--device", LINUX_DEVICE]
        else:
            app, where = "load-vnic", ["--provider", "xdp", "--device", VNIC_DEVICE]
        self._assign(stack, app, *where)
        return ([program("bench/" + self._programs.our_load), "--app", app, *words],
                self._arrakis.environment)

    def _assign(self, stack, app, *words):
        record = self._arrakis.assign(app, *words)
        stack.callback(self._arrakis.release, record["name"])
        return record
