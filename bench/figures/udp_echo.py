#!/usr/bin/env python3
"""Figure udp_echo: throughput, latency and processor time of a UDP echo, as in OSDI '14, table 1
and figure 4. Called by bench/run.sh."""

import sys

import bounds
from echo_runs import STARVED, Plan, measure, parse, show, values_of
from echo_setups import SETUPS, Bench
from lab import Lab, LabError
from rows import Rows, words_of

FULL = Plan(5, 0.5, 0.05, tuple(
    [(size, outstanding, 0) for size in (64, 1024) for outstanding in (1, 8, 32, 64)]
    + [(size, 64, work) for size in (64, 1024) for work in (1, 4, 16, 64)]), 2)
QUICK = Plan(3, 0.05, 0.01, tuple(
    [(64, outstanding, 0) for outstanding in (1, 8, 32, 64)]
    + [(1024, 64, work) for work in (0, 1, 4, 16, 64)]), 0)


def name_of(case, setup):
    return f"{words_of(case)}, {setup.client}, {setup.mode}"


def add_best(rows, plan):
    """A case without a mode is the mode with the highest throughput."""
    groups = {(setup.system, setup.wire, setup.client) for setup in SETUPS}
    for system, wire, client in groups:
        modes = [s for s in SETUPS if (s.system, s.wire, s.client) == (system, wire, client)]
        for case in plan.cases:
            best = max(modes, key=lambda setup, case=case: rows.median(
                system, wire, name_of(case, setup), "throughput") or 0)
            rows.copy(system, wire, name_of(case, best), f"{words_of(case)}, {client}")


def add_added(rows, plan):
    """What the stack adds to the bare device: the difference of the two in each round."""
    for wire in ("veth", "memif"):
        for case in plan.cases:
            name = f"{words_of(case)}, our client, spinning"
            pairs = zip(rows.runs("arrakis-n", wire, name, "cpu"),
                        rows.runs("driver", wire, name, "cpu"))
            for ours, bare in list(pairs):
                rows.add("arrakis-n", wire, name, {"added": (ours - bare) * 1000})


def measure_all(plan, setups):
    rows = Rows("udp_echo")
    starved = lost = total = 0
    with Lab() as lab:
        bench = Bench(lab)
        for turn in range(plan.rounds):
            for i, setup in enumerate(setups):
                done = (turn * len(setups) + i) / (plan.rounds * len(setups))
                show(f"{done:4.0%}  round {turn + 1} of {plan.rounds}: {setup}")
                answers, still_disturbed = measure(lab, bench, setup, plan)
                starved += still_disturbed
                for case, answer in answers.items():
                    rows.add(setup.system, setup.wire, name_of(case, setup),
                             values_of(setup, answer))
                    lost += answer["lost"]
                    total += answer["sent"]
    show("")
    print(f"{total:,} requests, {lost:,} lost; {starved} measurements had less than "
          f"{STARVED:.0%} of a core")
    return rows


def main(arguments):
    options = parse(__doc__, arguments)
    plan = QUICK if options.quick else FULL
    try:
        rows = measure_all(plan, [setup for setup in SETUPS if (options.only or "") in str(setup)])
    except LabError as error:
        sys.exit(f"error: {error}")
    add_added(rows, plan)
    add_best(rows, plan)
    if options.json:
        rows.write(options.json)
    if options.only:
        return
    for line in bounds.udp_echo(rows, plan.cases):
        print(line)


if __name__ == "__main__":
    main(sys.argv[1:])
