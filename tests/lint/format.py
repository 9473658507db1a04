#!/usr/bin/env python3
"""clang-format-19 has nothing to change. usage: format.py [--mend]"""

import pathlib
import subprocess
import sys

from tree import Tree

ROOT = pathlib.Path(__file__).resolve().parents[2]


def main(arguments):
    mode = ["-i"] if "--mend" in arguments else ["--dry-run", "-Werror"]
    files = Tree(ROOT).ending_in(".h", ".cc", ".c")
    return subprocess.run(["clang-format-19", *mode, *files], cwd=ROOT, check=False).returncode


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
