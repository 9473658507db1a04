"""The page of figure packet_cost: table 1 of OSDI '14, today."""

import re

from report_tables import cell, table

CASE = re.compile(r"(?P<what>\w+) (?P<bytes>[\d,]+) B, (?P<burst>\d+) at a time, (?P<mode>\w+)")
COLUMNS = [("receive", "receiving"), ("send", "sending"), ("echo", "echo")]
LINES = [("linux", "spinning", "Linux, receiver running (recvfrom without waiting)"),
         ("linux", "blocking", "Linux, receiver idle (woken up)"),
         ("arrakis-n", "spinning", "arrakis-n"),
         ("driver", "spinning", "of it: driver (DPDK's, frames turned round)")]
# What each adds to the one before it.
PARTS = [("stack", "driver", "of it: stack and sockets"),
         ("arrakis-n", "stack", "of it: libos (queue, clock)")]
ABOUT = """Instructions a UDP datagram of 64 B costs on one core, all that is executed for it:
interrupts, softirqs, system calls, driver, stack, server. The same virtual function of an
emulated 82576: driven by Linux's igbvf (sockets; `iommu=pt`, `mitigations=off`), and by libos
(DPDK's driver in a process without privilege, granted by arrakisd through VFIO and the IOMMU).
Counted by the clock of the emulated machine, whose nanosecond is an instruction (`-icount
shift=0`); the datagrams come from outside of it. Sending is echo less receiving. How:
`bench/README.md`."""


def section(name, rows, _folder):
    found = {}
    for row in rows:
        if match := CASE.fullmatch(row["case"]):
            key = row["system"], match["mode"], match["what"], int(match["burst"])
            found[key] = row
    parts = [f"## {name}", ABOUT]
    for burst in sorted({key[3] for key in found}):
        parts.append(f"**{burst} at a time: instructions a packet**")
        parts.append(page(found, burst))
    return parts


def page(found, burst):
    lines = []
    for system, mode, words in LINES:
        cells = [found.get((system, mode, what, burst)) for what, _ in COLUMNS]
        lines.append([words, *map(cell, cells), ratio(found, system, mode, burst)])
    for system, below, words in PARTS:
        parts = (added(found, system, below, what, burst) for what, _ in COLUMNS)
        lines.append([words, *parts, ""])
    return table(["", *(words for _, words in COLUMNS), "Linux's echo over it"], lines)


def added(found, system, below, what, burst):
    """A difference of medians."""
    pair = [found.get((which, "spinning", what, burst)) for which in (system, below)]
    return f"{pair[0]['median'] - pair[1]['median']:,.0f}" if all(pair) else "-"


def ratio(found, system, mode, burst):
    """How many times as much Linux executes for an echo: receiver running, receiver idle."""
    own = found.get((system, mode, "echo", burst))
    linux = [found.get(("linux", other, "echo", burst)) for other in ("spinning", "blocking")]
    if system == "linux" or not own or not all(linux):
        return ""
    return ", ".join(f"{row['median'] / own['median']:.1f}" for row in linux)
