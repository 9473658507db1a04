#!/usr/bin/env python3
"""Each rule of tidy.py with a file that keeps it and one that does not."""

import pathlib
import unittest

import tidy
from sample import SampleTest

HEADER = "// seq.h: a modular number.\n#pragma once\n"


class FileRules(SampleTest):
    """One method a rule: good first, then bad."""

    def check(self, rule, path, text):
        return rule(self.sample({path: text}), path)

    def test_small_file(self):
        self.assert_found(self.check(tidy.small_file, "x.cc", "\n" * 400))
        self.assert_found(self.check(tidy.small_file, "x.cc", "\n" * 401), ("x.cc", 401, "split"))
        self.assert_found(self.check(tidy.small_file, "x.svg", "\n" * 401))
        self.assert_found(self.check(tidy.small_file, "x.bin", "x" * 200_000))
        self.assert_found(self.check(tidy.small_file, "x.bin", "x" * 200_001),
                          ("x.bin", 1, "200,001 bytes"))

    def test_small_functions(self):
        def function(lines):
            return "// x\nint f() {\n" + "  g();\n" * (lines - 2) + "}\n"
        self.assert_found(self.check(tidy.small_functions, "x.cc", function(70)))
        self.assert_found(self.check(tidy.small_functions, "x.cc", function(71)),
                          ("x.cc", 2, "71 lines"))

    def test_small_python_functions(self):
        good = "def f():\n" + "    g()\n" * 69
        self.assert_found(self.check(tidy.small_functions, "x.py", good))
        self.assert_found(self.check(tidy.small_functions, "x.py", good + "    g()\n"),
                          ("x.py", 1, "71 lines"))

    def test_clean_lines(self):
        self.assert_found(self.check(tidy.clean_lines, "x.cc", "x" * 100 + "\n"))
        self.assert_found(self.check(tidy.clean_lines, "x.md", "x" * 101 + "\n"))
        for bad, piece in (("x" * 101 + "\n", "101 columns"), ("\tx\n", "tab"), ("x \n", "blanks"),
                           ("x", "no end")):
            self.assert_found(self.check(tidy.clean_lines, "x.cc", bad), ("x.cc", 1, piece))

    def test_header_opening(self):
        self.assert_found(self.check(tidy.header_opening, "base/seq.h", HEADER))
        self.assert_found(self.check(tidy.header_opening, "base/seq.h", "#pragma once\n"),
                          ("base/seq.h", 1, "// seq.h: "))
        self.assert_found(self.check(tidy.header_opening, "base/seq.h", HEADER.split("\n")[0]),
                          ("base/seq.h", 1, "#pragma once"))
        self.assert_found(self.check(tidy.header_opening, "base/number.h", HEADER),
                          ("base/number.h", 1, "// number.h: "))

    def test_one_title(self):
        self.assert_found(self.check(tidy.one_title, "x.md", "# A\n## B\n```\n# comment\n```\n"))
        self.assert_found(self.check(tidy.one_title, "x.md", "text\n"), ("x.md", 1, "title"))
        self.assert_found(self.check(tidy.one_title, "x.md", "# A\n# B\n"), ("x.md", 2, "second"))


class TreeRules(SampleTest):
    README = ("# base: words\n\n"
              "Start with x\nLives here x\nNot here x\nMay include x\nNot done x\n")

    def test_folder_readme(self):
        good = {"base/x.cc": "", "base/README.md": self.README, "extaris/only_interfaces.h": ""}
        self.assert_found(tidy.folder_readme(self.sample(good)))
        for text, piece in ((self.README.replace("Not done", "Done"), "without Not done"),
                            (self.README.replace("# base", "# bass"), "# base: ")):
            bad = self.sample({**good, "base/README.md": text})
            self.assert_found(tidy.folder_readme(bad), ("base/README.md", 1, piece))
        self.assert_found(tidy.folder_readme(self.sample({"base/x.cc": ""})),
                          ("base/README.md", 1, "no README.md"))

    def test_sources_are_built(self):
        good = {"a/b/x.cc": "", "a/b/y_test.cc": "", "a/z.cc": "", "a/c/meson.build": "'../z.cc'",
                "a/meson.build": "lib('b/x.cc')\nforeach n : ['b/y']\n test(n + '_test.cc')\n"}
        self.assert_found(tidy.nothing_dead(self.sample(good)))
        bad = {**good, "c/x.cc": ""}  # named, but by another folder
        self.assert_found(tidy.nothing_dead(self.sample(bad)), ("c/x.cc", 1, "meson.build"))

    def test_headers_are_included(self):
        good = {"a/x.h": "", "a/x.cc": '#include "a/x.h"\n', "meson.build": "'a/x.cc'"}
        self.assert_found(tidy.nothing_dead(self.sample(good)))
        bad = {**good, "a/y.h": ""}
        self.assert_found(tidy.nothing_dead(self.sample(bad)), ("a/y.h", 1, "nobody includes"))


class ThisTree(unittest.TestCase):
    def test_is_looked_at(self):
        tree = tidy.tree_module.Tree(pathlib.Path(__file__).parents[2])
        self.assertTrue(tree.has("base/address.h"))
        self.assertTrue(tree.has("tests/lint/tidy.py"))


if __name__ == "__main__":
    unittest.main()
