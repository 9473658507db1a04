#!/usr/bin/env python3
"""A generator on kernel sockets against a server on them over loopback: every answer came, and the
JSON is well-formed.

smoke_test.py udp|tcp SERVER LOAD. Says nothing about time.
"""

import json
import socket
import subprocess
import sys

CASES = {"udp": ["64x1", "64x8", "1024x64", "64x8+4", "1024@2000"],
         "tcp": ["64x1", "64x8", "64x100", "64x8/200", "64x8+4"]}
RUNS = {"udp": (("blocking", "127.0.0.1"), ("spinning", "[::1]"), ("batched", "127.0.0.1")),
        "tcp": (("blocking", "127.0.0.1"), ("spinning", "[::1]"))}


def free_port():
    with socket.socket(socket.AF_INET6, socket.SOCK_DGRAM) as probe:
        probe.bind(("::1", 0))
        return probe.getsockname()[1]


def check(condition, what):
    if not condition:
        sys.exit(f"smoke test: {what}")


def check_line(line, case):
    row = json.loads(line)
    check(row["answered"] > 0, f"{case}: no answer: {line}")
    check(row["answered"] <= row["sent"], f"{case}: more answers than requests: {line}")
    check(row["lost"] == 0, f"{case}: lost on loopback: {line}")
    check(row["unasked"] == 0, f"{case}: answers to nothing: {line}")
    check(0 < row["p50_us"] <= row["p99_us"] <= row["p999_us"] <= row["max_us"],
          f"{case}: quantiles out of order: {line}")
    check(row["server"]["requests"] == row["sent"], f"{case}: the server saw others: {line}")


def run(server, load, cases, mode, address):
    port = free_port()
    echo = subprocess.Popen([server, "--mode", mode, "--port", str(port)], stdout=subprocess.PIPE,
                            text=True)
    try:
        arguments = [load, "--server", f"{address}:{port}", "--seconds", "0.05", "--warm-up",
                     "0.01", "--timeout-ms", "10000"]
        done = subprocess.run(arguments + ["--case"] + cases, stdout=subprocess.PIPE, text=True,
                              timeout=30, check=False)
        check(done.returncode == 0, f"{mode}: exit status {done.returncode}")
        lines = done.stdout.splitlines()
        check(len(lines) == len(cases), f"{mode}: {len(lines)} lines for {len(cases)} cases")
        for line, case in zip(lines, cases):
            check_line(line, f"{mode} {case}")
    finally:
        echo.terminate()
        said, _ = echo.communicate(timeout=10)
    last = json.loads(said)
    check(last["requests"] > 0, f"{mode}: the server's last words: {said}")
    check(echo.returncode == 0, f"{mode}: the server's exit status {echo.returncode}")


def main():
    protocol, server, load = sys.argv[1:4]
    for mode, address in RUNS[protocol]:
        run(server, load, CASES[protocol], mode, address)


main()
