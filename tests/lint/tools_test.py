#!/usr/bin/env python3
"""The lints that call a tool: each tells a good file from a bad one."""

import pathlib
import shutil
import subprocess
import tempfile
import unittest

import headers_alone
import shell
from sample import SampleTest

ROOT = pathlib.Path(__file__).resolve().parents[2]


class HeadersAlone(SampleTest):
    def compile(self, text):
        tree = self.sample({"x.h": text})
        _, status, _ = headers_alone.compile_alone("x.h", ["-std=c++23"], tree.root, tree.root)
        return status

    def test_one_that_includes_what_it_uses(self):
        self.assertEqual(self.compile("#include <cstdint>\nstd::uint8_t x();\n"), 0)

    def test_one_that_does_not(self):
        self.assertNotEqual(self.compile("std::uint8_t x();\n"), 0)

    def test_flags_are_those_that_say_what_an_include_finds(self):
        command = "ccache c++ -Isub -I/usr/a -isystem /usr/b -DX -O2 -Werror -c ../x.cc -o x.o"
        flags = headers_alone.flags_of([{"command": command}], pathlib.Path("/b"))
        self.assertEqual(flags, ["-I/b/sub", "-I/usr/a", "-isystem", "/usr/b"])


class Tools(unittest.TestCase):
    """Status of a tool over one file in a folder that has our configuration."""

    def status(self, tool, name, text, *configuration):
        with tempfile.TemporaryDirectory() as folder:
            for file in configuration:
                shutil.copy(ROOT / file, folder)
            (pathlib.Path(folder) / name).write_text(text, encoding="utf-8")
            return subprocess.run([*tool, name], cwd=folder, capture_output=True,
                                  check=False).returncode

    def test_clang_format(self):
        tool = ["clang-format-19", "--dry-run", "-Werror"]
        self.assertEqual(self.status(tool, "x.cc", "int f();\n", ".clang-format"), 0)
        self.assertNotEqual(self.status(tool, "x.cc", "int  f( );\n", ".clang-format"), 0)

    def test_shellcheck(self):
        self.assertEqual(self.status(["shellcheck"], "x.sh", '#!/bin/bash\nls "$1"\n'), 0)
        self.assertNotEqual(self.status(["shellcheck"], "x.sh", "#!/bin/bash\nls $1\n"), 0)

    def test_clang_tidy(self):
        def status(text):
            return self.status(["clang-tidy-19", "--quiet"], "x.cc", text, ".clang-tidy")
        self.assertEqual(status("int f(int a) {\n  return a;\n}\n"), 0)
        self.assertNotEqual(status("int f(int a) {\n  if (a = 1) return 2;\n  return 3;\n}\n"), 0)


class ShellScripts(SampleTest):
    def test_are_known_by_name_or_first_line(self):
        tree = self.sample({"a.sh": "", ".ci/run": "#!/bin/bash\n", "b.py": "#!/usr/bin/python3\n"})
        self.assertEqual(shell.scripts(tree), [".ci/run", "a.sh"])


if __name__ == "__main__":
    unittest.main()
