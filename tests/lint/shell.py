#!/usr/bin/env python3
"""shellcheck has nothing to say about any shell script."""

import pathlib
import subprocess
import sys

from tree import Tree

ROOT = pathlib.Path(__file__).resolve().parents[2]
# SC2317 takes a function that is called by its name in a variable for unreachable.
OPTIONS = ["--severity=style", "--exclude=SC2317"]


def scripts(tree):
    """By their name, or by their first line."""
    return [path for path in tree.files
            if path.endswith(".sh") or tree.text(path).startswith(("#!/bin/bash", "#!/bin/sh"))]


if __name__ == "__main__":
    sys.exit(subprocess.run(["shellcheck", *OPTIONS, *scripts(Tree(ROOT))], cwd=ROOT,
                            check=False).returncode)
