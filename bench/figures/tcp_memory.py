#!/usr/bin/env python3
"""Figure tcp_memory: what an idle TCP connection costs its server: bytes of memory, and what
keepalive takes of a core. Called by bench/run.sh."""

import pathlib
import re
import resource
import sys
import time

import bounds
from echo_runs import parse, show
from echo_setups import CLIENT_CORE, PORT, TCP_KEPT, Bench, Setup
from lab import Lab, LabError, eventually
from rows import Rows

COUNT = 10_000
# Linux's both ends are on this machine and cost alike: what it uses more is halved.
SETUPS = (Setup("arrakis-n", "adaptive", "memif", "our client", ((64, 64, 0, COUNT),)),
          Setup("arrakis-n", "adaptive", "memif", "our client", ((64, 64, 0, 100_000),)),
          Setup("linux", "blocking", "veth", "kernel client", ((64, 64, 0, COUNT),)))
WORK_S, SETTLE_S = 0.2, 1.0


def resident(pid):
    """Bytes of a process."""
    pages = pathlib.Path(f"/proc/{pid}/statm").read_text(encoding="utf-8").split()[1]
    return int(pages) * resource.getpagesize()


def kernel_memory():
    """Bytes that the kernel has for its objects and for what lies in sockets."""
    slab = re.search(r"Slab:\s+(\d+)", pathlib.Path("/proc/meminfo").read_text(encoding="utf-8"))
    sockets = re.search(r"TCP:.* mem (\d+)",
                        pathlib.Path("/proc/net/sockstat").read_text(encoding="utf-8"))
    return int(slab[1]) * 1024 + int(sockets[1]) * resource.getpagesize()


def processor_ns(pid):
    tasks = pathlib.Path(f"/proc/{pid}/task").iterdir()
    return sum(int((task / "schedstat").read_text(encoding="utf-8").split()[0]) for task in tasks)


def measure(lab, bench, setup, window_s):
    """(bytes a connection, share of a core while idle)"""
    count = setup.connections()
    with bench.serve(setup) as service:
        server = service.server.pid
        memory = kernel_memory if setup.system == "linux" else lambda: resident(server)
        time.sleep(SETTLE_S)  # attached, it still makes its pool of packets
        before = memory()
        client = lab.start(*service.client, "--server", f"{service.address}:{PORT}", "--core",
                           CLIENT_CORE, "--seconds", WORK_S, "--case", f"64x64/{count}", "--hold",
                           window_s + 60, **service.environment)
        if not eventually(lambda: client.output().strip() or not client.running(), 60):
            raise LabError(f"{setup}: no answers within 60 s")
        if not client.running():
            raise LabError(f"{setup}: {client.complaint()}")
        time.sleep(SETTLE_S)
        used = memory() - before
        start_ns, start = processor_ns(server), time.monotonic()
        time.sleep(window_s)
        busy = (processor_ns(server) - start_ns) / 1e9 / (time.monotonic() - start)
        client.end()
    return used / count / (2 if setup.system == "linux" else 1), busy * 100


def main(arguments):
    options = parse(__doc__, arguments)
    most = resource.getrlimit(resource.RLIMIT_NOFILE)[1]
    if most != resource.RLIM_INFINITY and most < COUNT + 100:
        sys.exit(f"error: Linux's ends need {COUNT + 100:,} descriptors each, and {most:,} are "
                 f"allowed\n  fix: ulimit -n {COUNT + 100}")
    resource.setrlimit(resource.RLIMIT_NOFILE, (most, most))
    rounds, window_s = (1, 5) if options.quick else (3, 20)
    rows = Rows("tcp_memory")
    try:
        with Lab() as lab:
            bench = Bench(lab, TCP_KEPT)
            for turn in range(rounds):
                for setup in SETUPS:
                    show(f"round {turn + 1} of {rounds}: {setup}")
                    used, busy = measure(lab, bench, setup, window_s)
                    rows.add(setup.system, setup.wire, f"{setup.connections():,} idle connections",
                             {"bytes": used, "share": busy})
    except LabError as error:
        sys.exit(f"error: {error}")
    show("")
    if options.json:
        rows.write(options.json)
    for line in bounds.tcp_memory(rows, COUNT):
        print(line)


if __name__ == "__main__":
    main(sys.argv[1:])
