#!/usr/bin/env python3
"""Figure tcp_rr: 64-byte requests and responses on TCP connections, one outstanding on each, and on
memif on very many. Called by bench/run.sh."""

import sys

import bounds
from echo_runs import Figure, Plan, run
from echo_setups import TCP, TCP_SETUPS, Setup
from rows import words_of_tcp

# A million with one outstanding on each would be a test of how many buffers fit the memory.
MANY = ((64, 100_000, 0), (64, 65_536, 0, 1_000_000))
SETUPS = [*TCP_SETUPS, *(Setup("arrakis-n", "spinning", "memif", "our client", (case,))
                         for case in MANY)]
FULL = Plan(5, 0.5, 0.05, tuple((64, n, 0) for n in (1, 16, 64, 1000)), 2)
QUICK = Plan(2, 0.05, 0.01, tuple((64, n, 0) for n in (1, 16, 64)), 0)


def bounds_of(rows, cases):
    return bounds.tcp_rr(rows, cases, MANY)


FIGURE = Figure("tcp_rr", __doc__, TCP, SETUPS, FULL, QUICK, words_of_tcp, bounds_of)

if __name__ == "__main__":
    run(FIGURE, sys.argv[1:])
