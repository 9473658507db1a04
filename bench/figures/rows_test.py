#!/usr/bin/env python3
"""Rows, bounds and the report's page from made-up runs."""

import json
import pathlib
import re
import tempfile
import unittest

import bounds
import report_udp_echo
import udp_echo
from echo_setups import SETUPS
from rows import Rows, option_of, words_of, words_of_tcp

CASES = udp_echo.QUICK.cases


def filled(factor=lambda setup, metric: 1.0):
    """Three runs of every setup, each figure 100 times its factor, 10 % of spread."""
    rows = Rows("udp_echo")
    for spread in (1.0, 0.9, 1.1):
        for setup in SETUPS:
            for case in CASES:
                rows.add(setup.system, setup.wire, udp_echo.FIGURE.name_of(case, setup), {
                    metric: 100 * spread * factor(setup, metric)
                    for metric in ("throughput", "p50", "p99", "p999", "cpu")})
    udp_echo.complete(rows, udp_echo.QUICK)
    return rows


class RowsTest(unittest.TestCase):
    def test_names_are_words(self):
        self.assertEqual(words_of((1024, 8, 0)), "1,024 B, 8 outstanding")
        self.assertEqual(words_of((64, 64, 16)), "64 B, 64 outstanding, 16 us of work")
        self.assertEqual(words_of_tcp((64, 1, 0)), "64 B, 1 connection")
        self.assertEqual(words_of_tcp((64, 8, 0, 1000)), "64 B, 1,000 connections, 8 outstanding")

    def test_a_case_is_an_option_of_the_generators(self):
        self.assertEqual(option_of((64, 8, 16)), "64x8+16")
        self.assertEqual(option_of((64, 8, 0, 1000)), "64x8/1000+0")

    def test_a_row_has_median_and_spread(self):
        rows = Rows("b")
        for value in (3, 1, 2):
            rows.add("linux", "veth", "c", {"p50": value})
        with tempfile.TemporaryDirectory() as folder:
            path = pathlib.Path(folder) / "rows.json"
            rows.write(path)
            self.assertEqual(json.loads(path.read_text(encoding="utf-8")), [
                {"bench": "b", "system": "linux", "wire": "veth", "case": "c", "metric": "p50",
                 "unit": "us", "median": 2, "min": 1, "max": 3, "runs": 3}])

    def test_without_a_mode_is_the_fastest_mode(self):
        rows = filled(lambda setup, _: 2.0 if setup.mode == "batched" else 1.0)
        case = f"{words_of(CASES[0])}, kernel client"
        self.assertEqual(rows.median("linux", "veth", case, "throughput"), 200)

    def test_added_is_the_difference_in_nanoseconds(self):
        rows = filled(lambda setup, _: 1.5 if setup.system == "arrakis-n" else 1.0)
        case = f"{words_of(CASES[0])}, our client, spinning"
        self.assertAlmostEqual(rows.median("arrakis-n", "memif", case, "added"), 50_000)


class BoundsTest(unittest.TestCase):
    def verdicts(self, rows):
        return [re.search(r": (reached|missed) \(", line)[1]
                for line in bounds.udp_echo(rows, CASES)]

    def test_all_are_reached_by_what_is_fast_and_cheap(self):
        def factor(setup, metric):
            ours = setup.system != "linux"
            return (20.0 if metric == "throughput" else 0.00001) if ours else 1.0

        self.assertEqual(set(self.verdicts(filled(factor))), {"reached"})

    def test_all_are_missed_by_what_is_slow_and_dear(self):
        def factor(setup, metric):
            ours = setup.system == "arrakis-n"
            return (0.5 if metric == "throughput" else 2.0) if ours else 1.0

        self.assertEqual(set(self.verdicts(filled(factor))), {"missed"})

    def test_what_was_not_measured_is_no_verdict(self):
        with self.assertRaises(KeyError):
            list(bounds.udp_echo(Rows("udp_echo"), CASES))


class ReportTest(unittest.TestCase):
    def test_says_where_we_lose(self):
        def factor(setup, metric):
            return 2.0 if setup.system == "arrakis-n" and metric == "p99" else 1.0

        with tempfile.TemporaryDirectory() as folder:
            page = "\n".join(report_udp_echo.section("udp_echo", filled(factor).rows(),
                                                     pathlib.Path(folder)))
            self.assertTrue(list(pathlib.Path(folder).glob("plots/*.svg")))
        lost = page[page.index("### Where we lose"):]
        self.assertIn("99th percentile", lost)
        self.assertNotIn("requests a second | 1", lost)


if __name__ == "__main__":
    unittest.main()
