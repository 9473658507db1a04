"""Runs of measurements become rows: {"bench", "system", "wire", "case", "metric", "unit", "median",
"min", "max", "runs"}."""

import collections
import json
import statistics

UNITS = {"throughput": "req/s", "p50": "us", "p99": "us", "p999": "us", "cpu": "us/request",
         "added": "ns", "instructions": "instructions", "memory": "MiB",
         "bytes": "B/connection", "share": "% of a core", "rate": "Gb/s"}


def words_of_tcp(case):
    """(bytes, outstanding, us of work[, connections]) as text; each connection has one request
    outstanding unless there are more of them."""
    size, outstanding = case[:2]
    connections = case[3] if len(case) > 3 else outstanding
    text = f"{size:,} B, {connections:,} connection{'s' if connections > 1 else ''}"
    return f"{text}, {outstanding:,} outstanding" if connections > outstanding else text


def words_of(case):
    """(bytes, outstanding, us of work) as text."""
    size, outstanding, work = case
    text = f"{size:,} B, {outstanding} outstanding"
    return f"{text}, {work} us of work" if work else text


def option_of(case):
    """The same as the generators' --case."""
    size, outstanding, work = case[:3]
    idle = f"/{case[3]}" if len(case) > 3 else ""
    return f"{size}x{outstanding}{idle}+{work}"


class Rows:
    def __init__(self, bench):
        self._bench = bench
        self._runs = collections.defaultdict(list)  # (system, wire, case, metric) -> values

    def add(self, system, wire, case, values):
        """One run: metric -> value."""
        for metric, value in values.items():
            self._runs[(system, wire, case, metric)].append(value)

    def runs(self, system, wire, case, metric):
        return self._runs.get((system, wire, case, metric), [])

    def copy(self, system, wire, case, as_case):
        """The same measurements under a second name."""
        for key in [key for key in self._runs if key[:3] == (system, wire, case)]:
            self._runs[(system, wire, as_case, key[3])] = list(self._runs[key])

    def median(self, system, wire, case, metric):
        """None: never measured."""
        values = self.runs(system, wire, case, metric)
        return statistics.median(values) if values else None

    def keys(self):
        return list(self._runs)

    def rows(self):
        return [{"bench": self._bench, "system": system, "wire": wire, "case": case,
                 "metric": metric, "unit": UNITS[metric], "median": statistics.median(values),
                 "min": min(values), "max": max(values), "runs": len(values)}
                for (system, wire, case, metric), values in self._runs.items()]

    def write(self, path):
        with open(path, "w", encoding="utf-8") as file:
            file.write("[\n" + ",\n".join(json.dumps(row) for row in self.rows()) + "\n]\n")
