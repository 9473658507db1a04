#!/usr/bin/env python3
"""Figure tcp_rr: 64-byte requests and responses on TCP connections, one outstanding on each.
Called by bench/run.sh."""

import sys

import bounds
from echo_runs import Plan, measure, parse, show, values_of
from echo_setups import TCP, TCP_SETUPS, Bench
from lab import Lab, LabError
from rows import Rows, words_of_tcp

FULL = Plan(5, 0.5, 0.05, tuple((64, n, 0) for n in (1, 16, 64, 1000)), 2)
QUICK = Plan(3, 0.05, 0.01, tuple((64, n, 0) for n in (1, 16, 64)), 0)


def measure_all(plan, setups):
    rows = Rows("tcp_rr")
    with Lab() as lab:
        bench = Bench(lab, TCP)
        for turn in range(plan.rounds):
            for i, setup in enumerate(setups):
                done = (turn * len(setups) + i) / (plan.rounds * len(setups))
                show(f"{done:4.0%}  round {turn + 1} of {plan.rounds}: {setup}")
                answers, _ = measure(lab, bench, setup, plan)
                for case, answer in answers.items():
                    name = f"{words_of_tcp(case)}, {setup.client}, {setup.mode}"
                    rows.add(setup.system, setup.wire, name, values_of(setup, answer))
    show("")
    return rows


def main(arguments):
    options = parse(__doc__, arguments)
    plan = QUICK if options.quick else FULL
    try:
        rows = measure_all(plan,
                           [setup for setup in TCP_SETUPS if (options.only or "") in str(setup)])
    except LabError as error:
        sys.exit(f"error: {error}")
    if options.json:
        rows.write(options.json)
    if options.only:
        return
    for line in bounds.tcp_rr(rows, plan.cases):
        print(line)


if __name__ == "__main__":
    main(sys.argv[1:])
