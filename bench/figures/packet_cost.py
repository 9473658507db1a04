#!/usr/bin/env python3
"""Figure packet_cost: instructions a UDP datagram costs, received and sent over the same virtual
function of an emulated 82576, as in OSDI '14, table 1. Called by bench/run.sh; needs no root."""

import argparse
import dataclasses
import os
import pathlib
import socket
import statistics
import sys
import time

import bounds
from packet_wire import Client, Wire, WireError
from rows import Rows

ROOT = pathlib.Path(__file__).resolve().parents[2]
sys.path.insert(0, str(ROOT / "tests/vm"))

from machine import Hardware  # noqa: E402  (after the path is known)
from session import Session  # noqa: E402

SCRIPT = "bench/figures/packet_cost.sh"
PAYLOAD_BYTES = 64
BURSTS = {1: 2, 32: 32}  # datagrams at a time: of a window, so short that many have no tick
# Before each burst and each question: the server has come to rest. igbvf lets its card interrupt
# 4,000 times a second, in the time of the machine, which may be three times slower than ours.
PAUSE_S = {"linux": 0.0006, "arrakis-n": 0.0001, "driver": 0.0001}
PLANTED = 1000           # instructions, of a loop in the server: the method has to find them
LAYERS = ("driver", "stack", "API")


@dataclasses.dataclass(frozen=True)
class Plan:
    boots: int
    rounds: int      # of a boot
    windows: int     # of a case in a round, of which the median counts
    seconds: int     # of a boot, at most


FULL = Plan(3, 5, 20, 600)
QUICK = Plan(1, 3, 11, 230)


def hardware(wire):
    """One core, whose clock counts instructions; one card, with `wire` on its hub.

    QEMU has one core of the host: on two the guest would find the first of a burst in its ring
    before the others were put there. Without erms and fsrm the kernel copies with more than a byte
    an instruction. `iommu=pt`: the kernel's own drivers pay nothing for the IOMMU; VFIO's
    translation stays."""
    return Hardware(
        cores=1, cards=1, cpu="max,-erms,-fsrm",
        words=("-icount", "shift=0",
               "-netdev", f"stream,id=load,addr.type=fd,addr.str={wire.fileno()}",
               "-netdev", "hubport,id=wire9,hubid=0,netdev=load"),
        arguments=("iommu=pt", "tsc=reliable"), fds=(wire.fileno(),),
        host_cores=(max(os.sched_getaffinity(0)),))


def window(client, work):
    """What the server counted between two questions: those on itself, and by layer where it tells
    them apart. One question is in it."""
    client.rest()
    before = client.counters()
    work()
    client.rest()
    after = client.counters()
    return {name: after[name] - before[name] for name in after}


def echo(client, burst, packets, work_ns=0):
    for _ in range(packets // burst):
        client.rest()
        client.echo(burst, work_ns)


def quiet(client, burst, packets):
    """Nothing tells when the server is done: bursts come so seldom that it is."""
    for _ in range(packets // burst):
        client.rest()
        client.quiet(burst)
        time.sleep(burst * 0.00003)


def order(client, burst, packets):
    """Less what receiving the order takes: one for none."""
    client.rest()
    client.order(packets, burst)


def costs(windows, base, packets):
    """Instructions a packet of windows that had all that `base` has, and packets: in all, and by
    layer."""
    def median(name, measured):
        return statistics.median(one[name] for one in measured)

    for one in windows:
        if one["requests"] - base[0]["requests"] not in (0, packets):
            raise WireError(f"a window of {packets} datagrams had {one['requests']}")
    parts = [(median(name, windows) - median(name, base)) / packets
             for name in ("busy_ns", "driver", "stack")]
    return parts[0], dict(zip(LAYERS, (parts[1], parts[2], parts[0] - parts[1] - parts[2])))


PLANTED_NAME = f"{PLANTED:,} planted instructions"


def name_of(what, burst, mode):
    return f"{what} {PAYLOAD_BYTES} B, {burst} at a time, {mode}"


def measure(client, plan, sends):
    """One round: (what, burst) -> instructions a packet, in all and by layer; and those of the
    planted loop.

    Medians of short windows, without those in which the kernel's timer ticked in what counts."""
    def windows(work, *arguments):
        found = []
        for _ in range(10 * plan.windows):
            measured = window(client, lambda: work(client, *arguments))
            if not measured["ticks"]:
                found.append(measured)
            if len(found) == plan.windows:
                return found
        raise WireError("the kernel's timer ticked in nearly all windows")

    empty = windows(lambda _: client.rest())
    found = {}
    for burst, packets in BURSTS.items():
        found["echo", burst] = costs(windows(echo, burst, packets), empty, packets)
        found["receive", burst] = costs(windows(quiet, burst, packets), empty, packets)
        if sends:
            none = windows(order, burst, 0)
            found["send", burst] = costs(windows(order, burst, packets), none, packets)
    planted, _ = costs(windows(echo, 1, BURSTS[1], PLANTED), empty, BURSTS[1])
    return found, planted - found["echo", 1][0]


class Figure:
    def __init__(self, plan):
        self._plan = plan
        self.rows = Rows("packet_cost")
        self.error = None

    def boot(self, build):
        """One machine, with all servers in turn."""
        ours, theirs = socket.socketpair()
        with ours, theirs:
            wire = Wire(ours)
            status = Session(SCRIPT, build, build / "vm/packet_cost").run(
                self._plan.seconds, {"measure": lambda rest: self._answer(wire, rest)},
                hardware(theirs))
        if status != 0:
            raise WireError(self.error or f"the machine's script ended with status {status}; "
                                          f"see {build}/vm/packet_cost")

    def _answer(self, wire, rest):
        """`measure SYSTEM MODE MAC ADDRESS`, from the guest."""
        system, mode, mac, address = rest.split()
        try:
            self._measure(Client(wire, mac, address, PAYLOAD_BYTES, PAUSE_S[system]), system,
                          mode)
        except WireError as error:
            self.error = f"{system}, {mode}: {error}"
            return "failed"
        return "done"

    def _measure(self, client, system, mode):
        client.introduce(30)
        for _ in range(64):
            client.echo(1)
        for _ in range(self._plan.rounds):
            found, planted = measure(client, self._plan, sends=system != "driver")
            for (what, burst), (whole, layers) in found.items():
                name = name_of(what, burst, mode)
                self.rows.add(system, "vf", name, {"instructions": whole})
                if mode == "layers":
                    for layer, value in layers.items():
                        self.rows.add(system, "vf", f"{name}, {layer}", {"instructions": value})
            self.rows.add(system, "vf", f"{PLANTED_NAME}, {mode}", {"instructions": planted})


def show(rows):
    for row in rows.rows():
        print(f"{row['system']:<10} {row['case']:<40} {row['median']:9,.1f} instructions  "
              f"[{row['min']:,.1f}..{row['max']:,.1f}]")


def main(arguments):
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--quick", action="store_true", help="one boot, three rounds")
    parser.add_argument("--json", metavar="FILE", help="where the rows go")
    options = parser.parse_args(arguments)
    plan = QUICK if options.quick else FULL
    figure = Figure(plan)
    try:
        for _ in range(plan.boots):
            figure.boot(ROOT / "build")
    except (OSError, RuntimeError, WireError) as error:
        sys.exit(f"error: {error}")
    show(figure.rows)
    if options.json:
        figure.rows.write(options.json)
    for line in bounds.packet_cost(figure.rows):
        print(line)


if __name__ == "__main__":
    main(sys.argv[1:])
