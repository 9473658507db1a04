"""A small tree in a temporary folder, for the tests of the lints."""

import pathlib
import tempfile
import unittest

from tree import Tree


class SampleTest(unittest.TestCase):
    def sample(self, files):
        """A Tree that holds `files`: path -> text."""
        folder = tempfile.TemporaryDirectory()
        self.addCleanup(folder.cleanup)
        for path, text in files.items():
            target = pathlib.Path(folder.name) / path
            target.parent.mkdir(parents=True, exist_ok=True)
            target.write_text(text, encoding="utf-8")
        return Tree(folder.name)

    def assert_found(self, findings, *expected):
        """Each of `expected`, (path, line, a piece of the message), and nothing else."""
        findings = sorted(findings)
        self.assertEqual([(f.path, f.line) for f in findings], [e[:2] for e in expected],
                         [str(f) for f in findings])
        for finding, (_, _, piece) in zip(findings, expected):
            self.assertIn(piece, finding.message)
