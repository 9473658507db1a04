"""Runs of measurements become rows: {"bench", "system", "wire", "case", "metric", "unit", "median",
"min", "max", "runs"}."""

import collections
import json
import statistics

UNITS = {"throughput": "req/s", "p50": "us", "p99": "us", "p999": "us", "cpu": "us/request",
         "added": "ns", "instructions": "instructions"}


def words_of_tcp(case):
    """The same of TCP, where each connection has one request outstanding."""
    size, connections, _ = case
    return f"{size:,} B, {connections:,} connection{'s' if connections > 1 else ''}"


def words_of(case):
    """(bytes, outstanding, us of work) as text."""
    size, outstanding, work = case
    text = f"{size:,} B, {outstanding} outstanding"
    return f"{text}, {work} us of work" if work else text


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
