#!/usr/bin/env python3
"""Plants a bug: copies a source file with one piece of text replaced by another.

usage: mutate.py IN OUT TEXT REPLACEMENT

The text must be there exactly once, so that a bug that can no longer be planted stops the build.
"""

import pathlib
import sys


def main():
    source, target, text, replacement = sys.argv[1:]
    code = pathlib.Path(source).read_text(encoding="utf-8")
    if code.count(text) != 1:
        sys.exit(f"{source}: {text!r} is there {code.count(text)} times, not once")
    pathlib.Path(target).write_text(code.replace(text, replacement), encoding="utf-8")


if __name__ == "__main__":
    main()
