#!/usr/bin/env python3
"""The count at the end of test.sh is of results that were really written."""

import pathlib
import subprocess
import tempfile
import unittest

TOOL = pathlib.Path(__file__).with_name("test_results.py")


class TestResults(unittest.TestCase):
    def setUp(self):
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        self.folder = pathlib.Path(folder.name)

    def count(self, results, *options, logs=("log.json",)):
        lines = [f'{{"name": "t{i}", "result": "{result}"}}' for i, result in enumerate(results)]
        (self.folder / "log.json").write_text("".join(line + "\n" for line in lines))
        done = subprocess.run([str(TOOL), *options, *logs], cwd=self.folder, capture_output=True,
                              text=True, check=False)
        return done.stdout.splitlines()[-1], done.returncode

    def test_all_passed(self):
        self.assertEqual(self.count(["OK", "EXPECTEDFAIL"]), ("2 passed, 0 failed", 0))

    def test_whatever_did_not_pass_failed(self):
        self.assertEqual(self.count(["OK", "FAIL", "TIMEOUT", "ERROR", "UNEXPECTEDPASS"]),
                         ("1 passed, 4 failed", 1))

    def test_a_skip_is_neither_unless_it_must_not_be(self):
        self.assertEqual(self.count(["OK", "SKIP"]), ("1 passed, 0 failed", 0))
        self.assertEqual(self.count(["OK", "SKIP"], "--skips-fail"), ("1 passed, 1 failed", 1))

    def test_a_log_that_was_never_written_is_a_failure(self):
        self.assertEqual(self.count(["OK"], logs=("log.json", "gone.json")),
                         ("1 passed, 1 failed", 1))

    def test_a_step_that_broke_is_a_failure(self):
        self.assertEqual(self.count(["OK"], "--broken", "2"), ("1 passed, 2 failed", 1))

    def test_nothing_at_all_is_no_success(self):
        self.assertEqual(self.count([]), ("0 passed, 0 failed", 1))


if __name__ == "__main__":
    unittest.main()
