#!/usr/bin/env python3
"""Figure udp_echo: throughput, latency and processor time of a UDP echo, as in OSDI '14, table 1
and figure 4. Called by bench/run.sh."""

import sys

import bounds
from echo_runs import Figure, Plan, run
from echo_setups import SETUPS, UDP
from rows import words_of

FULL = Plan(5, 0.5, 0.05, tuple(
    [(size, outstanding, 0) for size in (64, 1024) for outstanding in (1, 8, 32, 64)]
    + [(size, 64, work) for size in (64, 1024) for work in (1, 4, 16, 64)]), 2)
QUICK = Plan(3, 0.05, 0.01, tuple(
    [(64, outstanding, 0) for outstanding in (1, 8, 32, 64)]
    + [(1024, 64, work) for work in (0, 1, 4, 16, 64)]), 0)


def add_best(rows, plan):
    """A case without a mode is the mode with the highest throughput."""
    groups = {(setup.system, setup.wire, setup.client) for setup in SETUPS}
    for system, wire, client in groups:
        modes = [s for s in SETUPS if (s.system, s.wire, s.client) == (system, wire, client)]
        for case in plan.cases:
            best = max(modes, key=lambda setup, case=case: rows.median(
                system, wire, FIGURE.name_of(case, setup), "throughput") or 0)
            rows.copy(system, wire, FIGURE.name_of(case, best), f"{words_of(case)}, {client}")


def add_added(rows, plan):
    """What the stack adds to the bare device: the difference of the two in each round."""
    for wire in ("veth", "memif"):
        for case in plan.cases:
            name = f"{words_of(case)}, our client, spinning"
            pairs = zip(rows.runs("arrakis-n", wire, name, "cpu"),
                        rows.runs("driver", wire, name, "cpu"))
            for ours, bare in list(pairs):
                rows.add("arrakis-n", wire, name, {"added": (ours - bare) * 1000})


def complete(rows, plan):
    add_added(rows, plan)
    add_best(rows, plan)


FIGURE = Figure("udp_echo", __doc__, UDP, SETUPS, FULL, QUICK, words_of, bounds.udp_echo, complete)

if __name__ == "__main__":
    run(FIGURE, sys.argv[1:])
