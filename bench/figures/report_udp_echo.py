"""The page of figure udp_echo: tables, plots, and where we lose."""

import math
import re

from report_tables import cell, number, plot, table
from rows import words_of

CASE = re.compile(r"(?P<bytes>[\d,]+) B, (?P<outstanding>\d+) outstanding"
                  r"(, (?P<work>\d+) us of work)?, (?P<client>\w+ client)(, (?P<mode>\w+))?")
SCENES = [("veth", "kernel client"), ("veth", "our client"), ("memif", "our client")]
METRICS = [("throughput", "requests a second"), ("p50", "median latency, us"),
           ("p99", "99th percentile, us"), ("p999", "99.9th percentile, us"),
           ("cpu", "server processor time, us a request"), ("added", "ns an echo over the driver")]
# Like with like: what sleeps with what sleeps, what spins with what spins.
RIVALS = {"sleeping": "blocking", "adaptive": "blocking", "spinning": "spinning"}
ABOUT = """A UDP echo server on core 0, a load generator that never sleeps on core 1. Modes: Linux
`blocking` (recvfrom), `spinning` (recvfrom without waiting), `batched` (recvmmsg); arrakis-n
`sleeping` (on the doorbell, at once), `adaptive` (what an application gets unless it asks for
something else: 50 us of spinning before it sleeps) and `spinning`; `driver` turns frames round with
no stack. The work of a request is time spun by the server. Processor time of what spins is that of
polls that found work; of what sleeps, all of the process. A veth costs about a microsecond of
kernel a packet whoever uses it; memif is the wire on which our own cost shows."""


class Figures:
    def __init__(self, rows):
        self._rows = {}
        for row in rows:
            if match := CASE.fullmatch(row["case"]):
                case = (int(match["bytes"].replace(",", "")), int(match["outstanding"]),
                        int(match["work"] or 0))
                key = (row["system"], row["wire"], match["client"], match["mode"], case)
                self._rows[(*key, row["metric"])] = row

    def row(self, system, wire, client, mode, case, metric):
        return self._rows.get((system, wire, client, mode, case, metric))

    def modes(self, wire, client):
        """(system, mode) measured in a scene, in their order."""
        return list(dict.fromkeys((key[0], key[3]) for key in self._rows
                                  if key[1:3] == (wire, client) and key[3]))

    def cases(self):
        return sorted({key[4] for key in self._rows})


def section(name, rows, folder):
    figures = Figures(rows)
    (folder / "plots").mkdir(exist_ok=True)
    parts = [f"## {name}", ABOUT]
    for wire, client in SCENES:
        if figures.modes(wire, client):
            parts += scene(figures, wire, client, folder)
    return parts + losses(figures)


def scene(figures, wire, client, folder):
    parts = [f"### {wire}, {client}"]
    stem = f"udp_echo_{wire}_{client.split()[0]}"
    for size in sorted({case[0] for case in figures.cases()}):
        loads = [case for case in figures.cases() if case[0] == size and case[2] == 0]
        works = [case for case in figures.cases() if case[0] == size and case[1] == 64]
        if len(loads) > 1:
            parts += tables(figures, wire, client, loads,
                            f"{size:,} B, by requests outstanding", lambda case: str(case[1]))
            parts.append(picture(figures, wire, client, loads, folder, f"{stem}_{size}_load",
                                 "outstanding", 1))
        if len(works) > 1:
            parts += tables(figures, wire, client, works,
                            f"{size:,} B, 64 outstanding, by work a request",
                            lambda case: f"{case[2]} us", ("throughput", "p99"))
            parts.append(picture(figures, wire, client, works, folder, f"{stem}_{size}_work",
                                 "us of work a request", 2))
    return parts


def tables(figures, wire, client, cases, title, column, only=None):
    parts = []
    for metric, words in METRICS:
        if only and metric not in only:
            continue
        lines = []
        for system, mode in figures.modes(wire, client):
            found = [figures.row(system, wire, client, mode, case, metric) for case in cases]
            if any(found):
                lines.append([f"{system}, {mode}", *map(cell, found)])
        if lines:
            parts.append(f"**{title}: {words}**")
            parts.append(table([""] + [column(case) for case in cases], lines))
    return parts


def picture(figures, wire, client, cases, folder, stem, axis, place):
    curves = {}
    for system, mode in figures.modes(wire, client):
        points = [(case[place], figures.row(system, wire, client, mode, case, "throughput"))
                  for case in cases]
        curves[f"{system}, {mode}"] = [(x, row) for x, row in points if row]
    title = f"UDP echo, {wire}, {client}, {cases[0][0]:,} B"
    plot(folder / "plots" / f"{stem}.svg", title, (axis, "requests a second"), curves)
    return f"![{title}](plots/{stem}.svg)"


def losses(figures):
    """Where Linux in the same mode has the better median, by scene, mode and metric."""
    lines = []
    for wire, client in SCENES:
        for mode, rival in RIVALS.items():
            for metric, words in METRICS[:5]:
                lines += loss(figures, wire, client, (mode, rival), metric, words)
    parts = ["### Where we lose",
             "Where Linux in the same mode has the better median (latencies above p99 on a shared "
             "machine are mostly its own):"]
    head = ["client, mode", "metric", "cases", "worst case", "arrakis-n", "linux"]
    parts.append(table(head, lines) if lines else "Nowhere.")
    return parts + [against_driver(figures)]


def loss(figures, wire, client, modes, metric, words):
    """One line of the table, or none."""
    pairs = []
    for case in figures.cases():
        ours = figures.row("arrakis-n", wire, client, modes[0], case, metric)
        theirs = figures.row("linux", wire, client, modes[1], case, metric)
        if ours and theirs:
            pairs.append((case, ours, theirs))
    lost = [pair for pair in pairs if worse(metric, pair[1]["median"], pair[2]["median"])]
    if not lost:
        return []
    case, ours, theirs = max(lost, key=lambda pair: abs(
        math.log(pair[1]["median"] / pair[2]["median"])))
    return [[f"{client}, {modes[0]}", words, f"{len(lost)} of {len(pairs)}", words_of(case),
             cell(ours), cell(theirs)]]


def worse(metric, ours, theirs):
    return ours < theirs if metric == "throughput" else ours > theirs


def against_driver(figures):
    """The rest of the distance to what the device alone can do."""
    lines = []
    for wire, client in SCENES[1:]:
        for case in figures.cases():
            ours = figures.row("arrakis-n", wire, client, "spinning", case, "throughput")
            bare = figures.row("driver", wire, client, "spinning", case, "throughput")
            if ours and bare:
                lines.append([f"{wire}, {ours['case']}", number(ours["median"]),
                              number(bare["median"]), f"{ours['median'] / bare['median']:.0%}"])
    if not lines:
        return "The bare device was not measured."
    return ("Against the bare device, requests a second:\n\n"
            + table(["case", "arrakis-n", "driver", "share"], lines))
