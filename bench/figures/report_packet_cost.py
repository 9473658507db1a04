"""The page of figure packet_cost: table 1 of OSDI '14, today."""

import re

from report_tables import cell, table

CASE = re.compile(r"(?P<what>echo|receive|send) [\d,]+ B, (?P<burst>\d+) at a time, "
                  r"(?P<mode>\w+(, \w+)?)")
PLANTED = re.compile(r"1,000 planted instructions, (?P<mode>\w+)")
LINES = [("linux", "spinning", "Linux, receiver running (recvfrom without waiting)"),
         ("linux", "blocking", "Linux, receiver idle (woken up)"),
         ("arrakis-n", "spinning", "arrakis-n"),
         ("arrakis-n", "layers, driver", "of it the driver"),
         ("arrakis-n", "layers, stack", "of it the stack"),
         ("arrakis-n", "layers, API", "of it receiving and sending by the API, and the server"),
         ("driver", "spinning", "DPDK's driver alone, frames turned round")]
ABOUT = """Instructions a UDP datagram of 64 B costs on one core, all that is executed for it:
interrupts, softirqs, system calls, driver, stack, server. The same virtual function of an
emulated 82576: driven by Linux's igbvf (sockets; `iommu=pt`, `mitigations=off`), and by libos
(DPDK's driver in a process without privilege, granted by arrakisd through VFIO and the IOMMU).
Counted by the time stamp counter of the emulated machine, which counts instructions (`-icount
shift=0`); the datagrams come from outside of it. *Receive* only takes datagrams, *send* only sends
them, *echo* does both and turns the buffer round. How: `bench/README.md`. The last column is the
check: what a loop of 1,000 instructions that was planted into the server is told as. The parts
were counted in runs of their own.

That card does not enforce what only real hardware can show: the check of a sender's MAC and VLAN
tags, and rates. The scenarios of `tests/vm` read both back as they were programmed."""


def section(name, rows, _folder):
    found, planted = {}, {}
    for row in rows:
        if match := CASE.fullmatch(row["case"]):
            found[row["system"], match["mode"], match["what"], int(match["burst"])] = row
        elif match := PLANTED.fullmatch(row["case"]):
            planted[row["system"], match["mode"]] = row
    parts = [f"## {name}", ABOUT]
    for burst in sorted({key[3] for key in found}):
        parts.append(f"**{burst} at a time: instructions a datagram**")
        parts.append(page(found, planted, burst))
    return parts


def page(found, planted, burst):
    lines = [[words, *(cell(found.get((system, mode, what, burst)))
                       for what in ("receive", "send", "echo")),
              ratio(found, system, mode, burst), cell(planted.get((system, mode)))]
             for system, mode, words in LINES]
    return table(["", "receive", "send", "echo", "Linux's echo over it", "1,000 planted"], lines)


def ratio(found, system, mode, burst):
    """How many times as much Linux executes for an echo: receiver running, receiver idle."""
    own = found.get((system, mode, "echo", burst))
    linux = [found.get(("linux", other, "echo", burst)) for other in ("spinning", "blocking")]
    if system == "linux" or "," in mode or not own or not all(linux):
        return ""
    return ", ".join(f"{row['median'] / own['median']:.1f}" for row in linux)
