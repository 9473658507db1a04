#!/usr/bin/env python3
"""Adds up what tests have said.

usage: test_results.py [--skips-fail] [--broken N] LOG...

LOG: meson's testlog, as --logbase names it, one result a line. A log that is not
there counts as one failure: what should have run did not. A skip is named, and with --skips-fail it
is a failure. --broken: steps that failed before any test ran. The last line printed is
`N passed, N failed`; the exit status is other than 0 if any failed.
"""

import argparse
import json
import pathlib
import sys

GOOD = ("OK", "EXPECTEDFAIL")


def results(path):
    """(name, verdict) of each test in a log."""
    if not path.is_file():
        yield f"{path} (never written)", "FAIL"
        return
    for line in path.read_text(encoding="utf-8").splitlines():
        entry = json.loads(line)
        yield f"{entry['name']} ({path.parts[0]})", entry["result"]


def verdict_of(result, skips_fail):
    if result in GOOD:
        return "passed"
    if result == "SKIP" and not skips_fail:
        return "skipped"
    return "failed"


def main():
    parser = argparse.ArgumentParser()
    parser.add_argument("--skips-fail", action="store_true")
    parser.add_argument("--broken", type=int, default=0)
    parser.add_argument("logs", nargs="*", type=pathlib.Path)
    options = parser.parse_args()
    counts = {"passed": 0, "skipped": 0, "failed": options.broken}
    for log in options.logs:
        for name, result in results(log):
            verdict = verdict_of(result, options.skips_fail)
            counts[verdict] += 1
            if verdict != "passed":
                print(f"{verdict}: {name}: {result}")
    if counts["skipped"]:
        print(f"{counts['skipped']} could not run here and are not counted")
    print(f"{counts['passed']} passed, {counts['failed']} failed")
    return 1 if counts["failed"] or not counts["passed"] else 0


if __name__ == "__main__":
    sys.exit(main())
