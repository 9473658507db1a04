#!/usr/bin/env python3
"""Figure tcp_stream: gigabits a second of one TCP connection, each way, with an MTU of 1500 and of
9000: ours on memif, Linux's on a veth. Called by bench/run.sh."""

import contextlib
import json
import sys

import bounds
from arrakis import Arrakis
from echo_runs import parse, show
from echo_setups import CLIENT_CORE, LINUX_SUBNET, SERVER_CORE
from lab import ROOT, Lab, LabError, Namespace, program
from rows import Rows

MTUS = (1500, 9000)
WAYS = {"to the server": ["--send"], "from the server": []}
LINUX = str(ROOT / "bench/servers/linux_tcp_stream.py")


def name_of(mtu, way):
    return f"MTU {mtu}, {way}"


class Stream:
    def __init__(self, lab):
        self._lab = lab
        self._far = Namespace(lab)
        lab.veth("lab0", "lab1", self._far, LINUX_SUBNET)
        self._arrakis = Arrakis(lab, linux_device="lab0", linux_address=f"{LINUX_SUBNET}.3/24",
                                vnic_device="ark-vf0", vnic_address="10.20.0.200/24")

    def measure(self, system, mtu, seconds):
        """way -> Gb/s"""
        with contextlib.ExitStack() as stack:
            serve = self._linux if system == "linux" else self._memif
            address, client, environment = serve(stack, mtu)
            return {way: self._ask(client, address, words, seconds, environment)
                    for way, words in WAYS.items()}

    def _ask(self, client, address, words, seconds, environment):
        asked = self._lab.start(*client, "--server", address, "--core", CLIENT_CORE, "--seconds",
                                seconds, *words, **environment)
        if asked.wait(seconds + 30) != 0:
            raise LabError(asked.complaint())
        return json.loads(asked.output())["gbit_s"]

    def _linux(self, stack, mtu):
        self._far.ip("link", "set", "lab1", "mtu", str(mtu))
        self._lab.ip("link", "set", "lab0", "mtu", str(mtu))
        server = self._lab.start(*self._far.enter(), LINUX, "--core", SERVER_CORE)
        stack.callback(server.stop)
        return f"{LINUX_SUBNET}.1", [LINUX], {}

    def _memif(self, stack, mtu):
        words = ["--provider", "wire", "--wire", "bench", "--mtu", str(mtu)]
        record = self._assign(stack, "echo", words)
        stream = program("bench/servers/tcp_stream_bench")
        server = self._lab.start(stream, "--core", SERVER_CORE, ARRAKIS_APP="echo",
                                 **self._arrakis.environment)
        stack.callback(server.end)
        self._arrakis.await_attached(record["name"], server)
        self._assign(stack, "load-wire", words)
        return record["addresses"][0], [stream, "--app", "load-wire"], self._arrakis.environment

    def _assign(self, stack, app, words):
        record = self._arrakis.assign(app, *words)
        stack.callback(self._arrakis.release, record["name"])
        return record


def main(arguments):
    options = parse(__doc__, arguments)
    rounds, seconds = (3, 0.5) if options.quick else (5, 2)
    rows = Rows("tcp_stream")
    try:
        with Lab() as lab:
            stream = Stream(lab)
            for turn in range(rounds):
                for mtu in MTUS:
                    for system, wire in (("arrakis-n", "memif"), ("linux", "veth")):
                        show(f"round {turn + 1} of {rounds}: {system}, MTU {mtu}")
                        for way, figure in stream.measure(system, mtu, seconds).items():
                            rows.add(system, wire, name_of(mtu, way), {"rate": figure})
    except LabError as error:
        sys.exit(f"error: {error}")
    show("")
    if options.json:
        rows.write(options.json)
    for line in bounds.tcp_stream(rows, [(mtu, name_of(mtu, way)) for mtu in MTUS for way in WAYS]):
        print(line)


if __name__ == "__main__":
    main(sys.argv[1:])
