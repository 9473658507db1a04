#!/usr/bin/env python3
"""The rows of figure udp_echo as a table for a terminal. usage: echo_table.py FILE"""

import json
import sys

METRICS = [("throughput", "requests/s", "{:,.0f}"), ("p50", "p50 us", "{:.1f}"),
           ("p99", "p99 us", "{:.1f}"), ("cpu", "server CPU us", "{:.2f}")]
SCENES = [("veth", "kernel client"), ("veth", "our client"), ("memif", "our client")]
LOADS = (1, 64)
WIDTHS = (12, 22, 10, 8, 8, 13)


def line(cells):
    first, *rest = zip(cells, WIDTHS)
    return first[0].ljust(first[1]) + "".join(text.rjust(width + 2) for text, width in rest)


def main(path):
    with open(path, encoding="utf-8") as file:
        rows = json.load(file)
    medians = {(row["wire"], row["case"], row["system"], row["metric"]): row["median"]
               for row in rows}
    for wire, client in SCENES:
        print(f"\n{wire}, {client}, 64 B")
        print(line(["system", "mode, outstanding", *(title for _, title, _ in METRICS)]))
        for outstanding in LOADS:
            case = f"64 B, {outstanding} outstanding, {client}, "
            measured = dict.fromkeys((row["system"], row["case"].removeprefix(case))
                                     for row in rows
                                     if row["wire"] == wire and row["case"].startswith(case))
            for system, mode in measured:
                values = [medians.get((wire, case + mode, system, metric))
                          for metric, *_ in METRICS]
                texts = ["-" if value is None else form.format(value)
                         for value, (_, _, form) in zip(values, METRICS)]
                print(line([system, f"{mode}, {outstanding}", *texts]))


if __name__ == "__main__":
    main(sys.argv[1])
