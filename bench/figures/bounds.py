"""Bounds that a figure is meant to keep. Printed, never a failure: timings are no tests."""

from rows import words_of, words_of_tcp


def line(name, kept, figure):
    return f"bound {name}: {'reached' if kept else 'missed'} ({figure})"


class Lookup:
    """Medians of one figure by what a bound speaks of; a bound on what was not measured is an
    error of the bound."""

    def __init__(self, rows, words=words_of):
        self._rows = rows
        self._words = words

    def __call__(self, system, wire, case, client, metric, mode=None):
        name = f"{self._words(case)}, {client}" + (f", {mode}" if mode else "")
        value = self._rows.median(system, wire, name, metric)
        if value is None:
            raise KeyError(f"{system}, {wire}, {name}, {metric} was not measured")
        return value


MICRO_NS = {"UDP echo 64 B": 30, "TCP request/response 64 B, 1 connection": 100,
            "TCP request/response 64 B, 10,000 connections": 250}


def micro(rows):
    for row in rows:
        most = next((ns for case, ns in MICRO_NS.items() if row["case"].startswith(case)), None)
        if row["case"] == "TCP forged SYN":
            share = 1 - row["median"] * 1e-9 * 1e6
            yield line("TCP: a million forged SYNs a second leave half of a core, and real clients "
                       "get in", share >= 0.5, f"{share:.0%}; {row['median']:.0f} ns each")
        if row["system"] == "arrakis-n" and row["case"].endswith("no checksums") and most:
            yield line(f"{row['case']}: at most {most} ns", row["median"] <= most,
                       f"{row['median']:.1f} ns")


def udp_echo(rows, cases):
    at = Lookup(rows)
    saturated = [case for case in cases if case[1] == 64 and case[2] == 0]
    yield from _stack_alone(at, saturated)
    yield from _veth_our_client(at, saturated)
    yield from _veth_kernel_client(at, cases)


def _stack_alone(at, saturated):
    for case in saturated:
        name = f"{case[0]:,} B, 64 outstanding"
        added = at("arrakis-n", "memif", case, "our client", "added", "spinning")
        yield line(f"memif, {name}: at most 35 ns an echo over the driver", added <= 35,
                   f"{added:.1f} ns")
        ours = at("arrakis-n", "memif", case, "our client", "throughput")
        linux = max(at("linux", "veth", case, client, "throughput")
                    for client in ("kernel client", "our client"))
        bare = at("driver", "memif", case, "our client", "throughput")
        yield line(f"memif, {name}: at least 10 times Linux's best", ours >= 10 * linux,
                   f"{ours / linux:.1f} times: {ours:,.0f} and {linux:,.0f} a second; the driver "
                   f"alone {bare:,.0f}")


def _veth_our_client(at, saturated):
    for case in saturated:
        name = f"{case[0]:,} B, 64 outstanding"
        ours = at("arrakis-n", "veth", case, "our client", "throughput")
        linux = at("linux", "veth", case, "our client", "throughput")
        bare = at("driver", "veth", case, "our client", "throughput")
        yield line(f"veth, our client, {name}: at least 1.3 times Linux's best",
                   ours >= 1.3 * linux,
                   f"{ours / linux:.2f} times; the driver alone {bare / linux:.2f}")
        yield line(f"veth, our client, {name}: within 10 % of the driver", ours >= 0.9 * bare,
                   f"{ours / bare:.1%} of it")


def _veth_kernel_client(at, cases):
    for ours_mode, linux_mode in (("sleeping", "blocking"), ("adaptive", "blocking"),
                                  ("spinning", "spinning")):
        def ratio(case, metric, modes=(ours_mode, linux_mode)):
            return (at("arrakis-n", "veth", case, "kernel client", metric, modes[0])
                    / at("linux", "veth", case, "kernel client", metric, modes[1]))

        def driver(case, linux_mode=linux_mode):
            return (at("driver", "veth", case, "kernel client", "cpu")
                    / at("linux", "veth", case, "kernel client", "cpu", linux_mode))

        slowest = min(cases, key=lambda case: ratio(case, "throughput"))
        yield line(f"veth, kernel client, {ours_mode}: never below Linux {linux_mode}",
                   ratio(slowest, "throughput") >= 1,
                   f"worst {ratio(slowest, 'throughput'):.2f} times, at {words_of(slowest)}")
        bare = [case for case in cases if case[2] == 0]  # work is the same on both sides
        dearest = max(bare, key=lambda case: ratio(case, "cpu"))
        yield line(f"veth, kernel client, {ours_mode}: at most 0.65 times Linux's processor time",
                   ratio(dearest, "cpu") <= 0.65,
                   f"worst {ratio(dearest, 'cpu'):.2f} times, at {words_of(dearest)}; the driver "
                   f"alone {driver(dearest):.2f}")


def tcp_rr(rows, cases, many):
    at = Lookup(rows, words_of_tcp)
    for case in cases:
        name = words_of_tcp(case)
        if case[1] == 64:
            ours = at("arrakis-n", "memif", case, "our client", "throughput", "spinning")
            busy_us = at("arrakis-n", "memif", case, "our client", "cpu", "spinning")
            yield line(f"memif, {name}: at least 3,000,000 requests a second", ours >= 3e6,
                       f"{ours:,.0f}; the server alone could {1e6 / busy_us:,.0f}")
            yield from _many_connections(at, many, ours)
        yield from _tcp_veth(at, case, name)


def _many_connections(at, many, at_64):
    for case in many:
        name = words_of_tcp(case)
        ours = at("arrakis-n", "memif", case, "our client", "throughput", "spinning")
        yield line(f"memif, {name}: at least 60 % of 64 connections", ours >= 0.6 * at_64,
                   f"{ours / at_64:.0%}: {ours:,.0f}")
        both = at("arrakis-n", "memif", case, "our client", "memory", "spinning")
        yield line(f"memif, {name}: at most 4 GiB, server and client together", both <= 4096,
                   f"{both:,.0f} MiB")


def _tcp_veth(at, case, name):
    for ours_mode, linux_mode in (("adaptive", "blocking"), ("spinning", "spinning")):
        def ratio(metric, modes=(ours_mode, linux_mode)):
            return (at("arrakis-n", "veth", case, "kernel client", metric, modes[0])
                    / at("linux", "veth", case, "kernel client", metric, modes[1]))
        where = f"veth, kernel client, {ours_mode}, {name}"
        yield line(f"{where}: never below Linux {linux_mode}", ratio("throughput") >= 1,
                   f"{ratio('throughput'):.2f} times")
        yield line(f"{where}: at most 0.6 times Linux's processor time", ratio("cpu") <= 0.6,
                   f"{ratio('cpu'):.2f} times")
    if case[1] == 16:
        ours = at("arrakis-n", "veth", case, "our client", "throughput", "spinning")
        linux = max(at("linux", "veth", case, "our client", "throughput", mode)
                    for mode in ("blocking", "spinning"))
        yield line(f"veth, our client, {name}: at least 1.5 times Linux's best",
                   ours >= 1.5 * linux, f"{ours / linux:.2f} times")


def tcp_connect(rows, cases):
    at = Lookup(rows)
    best = max(at("arrakis-n", "memif", case, "our client", "throughput", "spinning")
               for case in cases)
    cheapest_us = min(at("arrakis-n", "memif", case, "our client", "cpu", "spinning")
                      for case in cases)
    yield line("memif: at least 400,000 connections a second", best >= 4e5,
               f"{best:,.0f}; the server alone could {1e6 / cheapest_us:,.0f}")
    for case in cases:
        ours = at("arrakis-n", "veth", case, "kernel client", "throughput", "spinning")
        linux = at("linux", "veth", case, "kernel client", "throughput", "spinning")
        yield line(f"veth, kernel client, {words_of(case)}: never below Linux", ours >= linux,
                   f"{ours / linux:.2f} times")


def tcp_memory(rows, count):
    case = f"{count:,} idle connections"
    share = rows.median("arrakis-n", "memif", case, "share")
    yield line(f"memif, {case} with keepalive: less than 1 % of a core", share < 1,
               f"{share:.2f} %")
    ours = rows.median("arrakis-n", "memif", case, "bytes")
    linux = rows.median("linux", "veth", case, "bytes")
    yield line(f"{case}: less memory than Linux's", ours < linux, f"{ours:,.0f} and {linux:,.0f} B")


STREAM_GBIT_S = {1500: 8, 9000: 20}


def tcp_stream(rows, cases):
    """`cases`: (MTU, name)"""
    for mtu, name in cases:
        ours = rows.median("arrakis-n", "memif", name, "rate")
        least = STREAM_GBIT_S[mtu]
        yield line(f"memif, {name}: at least {least} Gb/s", ours >= least, f"{ours:.1f} Gb/s")


def packet_cost(rows):
    """Table 1 of OSDI '14, today. An echo is a datagram received and one sent."""
    def echo(system, burst, mode):
        return rows.median(system, "vf", f"echo 64 B, {burst} at a time, {mode}", "instructions")

    for burst in (1, 32):
        ours = echo("arrakis-n", burst, "spinning")
        for mode in ("spinning", "blocking"):
            linux = echo("linux", burst, mode)
            if ours is None or linux is None:
                raise KeyError(f"{burst} at a time, {mode} was not measured")
            yield line(f"vf, {burst} at a time, Linux {mode}: at most 1/8 of its instructions",
                       ours <= linux / 8, f"1/{linux / ours:.1f}: {ours:,.0f} and {linux:,.0f}")
    planted = [row["median"] for row in rows.rows()
               if "1,000 planted" in row["case"] and row["system"] != "linux"]
    yield line("vf: 1,000 planted instructions are told as 950 to 1,050 where nothing interrupts",
               bool(planted) and all(950 <= found <= 1050 for found in planted),
               ", ".join(f"{found:,.0f}" for found in planted))
