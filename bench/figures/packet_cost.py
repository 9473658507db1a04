#!/usr/bin/env python3
"""Figure packet_cost: instructions a UDP datagram costs, received and sent over the same virtual
function of an emulated 82576, as in OSDI '14, table 1. Called by bench/run.sh; needs no root."""

import argparse
import dataclasses
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
BURSTS = (1, 32)
PLANTED = 1000  # instructions, of a loop in the server: the method has to find them


@dataclasses.dataclass(frozen=True)
class Plan:
    boots: int
    rounds: int      # of a boot
    windows: int     # of a case in a round, of which the median counts
    seconds: int     # of a boot, at most


FULL = Plan(3, 5, 15, 600)
QUICK = Plan(1, 3, 7, 230)
PACKETS = 64    # of a window: short, so that few have anything else in them
IDLE_S = 0.03   # of a window without any


def hardware(wire):
    """One core, whose clock counts instructions; one card, with `wire` on its hub.

    Without erms and fsrm the kernel copies with more than a byte an instruction. `iommu=pt`: the
    kernel's own drivers pay nothing for the IOMMU; VFIO's translation stays."""
    return Hardware(
        cores=1, cards=1, cpu="max,-erms,-fsrm",
        words=("-icount", "shift=0",
               "-netdev", f"stream,id=load,addr.type=fd,addr.str={wire.fileno()}",
               "-netdev", "hubport,id=wire9,hubid=0,netdev=load"),
        arguments=("iommu=pt", "tsc=reliable"), fds=(wire.fileno(),))


@dataclasses.dataclass(frozen=True)
class Window:
    """What the server counted between two questions for its counters."""

    clock: int
    idle_turns: int
    packets: int


def window(client, work):
    """`work` done between two questions; the time of one question is in it."""
    before = client.counters()
    work()
    after = client.counters()
    change = {name: after[name] - before[name] for name in after}
    return Window(change["clock_ns"], change["idle_turns"], change["requests"])


def solve(empty, idle):
    """Instructions of an idle turn and of the question that ends a window, from a window without
    anything and a longer one:  clock = turns * turn + question
    """
    turn = (idle.clock - empty.clock) / (idle.idle_turns - empty.idle_turns)
    return turn, empty.clock - empty.idle_turns * turn


def cost(measured, turn, question):
    """Instructions a packet of a window."""
    return (measured.clock - measured.idle_turns * turn - question) / measured.packets


def echo_window(client, burst, packets, work_ns=0):
    def work():
        for _ in range(packets // burst):
            client.echo(burst, work_ns)

    return window(client, work)


def quiet_window(client, burst, packets):
    """Nothing tells when the server is done: bursts come so seldom that it is."""
    def work():
        for _ in range(packets // burst):
            client.quiet(burst)
            time.sleep(0.0005 + burst * 0.0001)

    measured = window(client, work)
    if measured.packets != packets // burst * burst:
        raise WireError(f"{packets - measured.packets} of {packets} datagrams were lost")
    return measured


PLANTED_NAME = f"{PLANTED:,} planted instructions"


def name_of(what, burst, mode):
    return f"{what} {PAYLOAD_BYTES} B, {burst} at a time, {mode}"


def measure(client, plan):
    """One round: (what, burst) -> instructions a packet; and by name what tells of the method.

    Medians of short windows: what the kernel does beside, every second or so, is in few of them."""
    def windows(work):
        return [work() for _ in range(plan.windows)]

    def costs_of(measured):
        return statistics.median(cost(one, turn, question) for one in measured)

    empty = windows(lambda: window(client, lambda: None))
    idle = windows(lambda: window(client, lambda: time.sleep(IDLE_S)))
    turn, question = map(statistics.median, zip(*map(solve, empty, idle)))
    costs = {}
    for burst in BURSTS:
        costs["echo", burst] = costs_of(
            windows(lambda size=burst: echo_window(client, size, PACKETS)))
        costs["receive", burst] = costs_of(
            windows(lambda size=burst: quiet_window(client, size, PACKETS)))
        costs["send", burst] = costs["echo", burst] - costs["receive", burst]
    planted = costs_of(windows(lambda: echo_window(client, 1, PACKETS, PLANTED)))
    return costs, {"idle turn": turn, PLANTED_NAME: planted - costs["echo", 1]}


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
            self._measure(Client(wire, mac, address, PAYLOAD_BYTES), system, mode)
        except WireError as error:
            self.error = f"{system}, {mode}: {error}"
            return "failed"
        return "done"

    def _measure(self, client, system, mode):
        client.introduce(30)
        for _ in range(64):
            client.echo(1)
        for _ in range(self._plan.rounds):
            costs, method = measure(client, self._plan)
            for (what, burst), value in costs.items():
                self.rows.add(system, "vf", name_of(what, burst, mode), {"instructions": value})
            for name, value in method.items():
                self.rows.add(system, "vf", f"{name}, {mode}", {"instructions": value})


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
