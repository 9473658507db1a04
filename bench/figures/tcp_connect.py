#!/usr/bin/env python3
"""Figure tcp_connect: TCP connections a second that are opened, carry one request of 64 bytes and
its response, and are closed by the client. Called by bench/run.sh."""

import sys

import bounds
from echo_runs import Figure, Plan, run
from echo_setups import TCP_CONNECT, TCP_SETUPS
from rows import words_of

# What sleeps shows its processor time, what spins its throughput.
SETUPS = [setup for setup in TCP_SETUPS if setup.mode != "sleeping"]
FULL = Plan(5, 0.5, 0.1, tuple((64, n, 0) for n in (1, 64, 256)), 2)
QUICK = Plan(3, 0.1, 0.05, ((64, 64, 0), (64, 256, 0)), 0)

FIGURE = Figure("tcp_connect", __doc__, TCP_CONNECT, SETUPS, FULL, QUICK, words_of,
                bounds.tcp_connect)

if __name__ == "__main__":
    run(FIGURE, sys.argv[1:])
