#!/usr/bin/env python3
"""Every header compiles on its own, with what the build's sources are compiled with.

usage: headers_alone.py BUILD [HEADER...]

BUILD has been built: some headers are generated. The objects land in it and go through ccache, so
that only what changed costs time.
"""

import concurrent.futures
import json
import os
import pathlib
import re
import shlex
import subprocess
import sys

from tree import Tree

# Of all the flags in the build, those that say what an include finds.
FLAG = re.compile(r"-I(?P<path>.+)|-D.+|-march=.+|-m[a-z0-9.]+|-std=.+|-f(no-)?pic", re.IGNORECASE)
PAIRS = ("-isystem", "-include")


def flags_of(database, build):
    """The union over all commands, in their order, paths made absolute."""
    flags = {}
    for entry in database:
        words = iter(shlex.split(entry["command"]))
        for word in words:
            if word in PAIRS:
                value = next(words)
                flags[(word, value if word == "-include" else str(build / value))] = None
            elif word.startswith("-isystem"):
                flags[("-isystem", str(build / word.removeprefix("-isystem")))] = None
            elif match := FLAG.fullmatch(word):
                path = match["path"]
                flags[("-I" + str(build / path) if path else word,)] = None
    return [word for pair in flags if not skipped(pair[0]) for word in pair]


def skipped(flag):
    """A test's own definitions are no header's business."""
    return flag.startswith("-D") and not flag.startswith(("-D_FILE", "-DALLOW"))


def compile_alone(header, flags, build, root):
    folder = build / "headers_alone"
    source = folder / (header.replace("/", "__") + ".cc")
    source.parent.mkdir(exist_ok=True)
    text = f'#include "{root / header}"\n'
    if not source.exists() or source.read_text() != text:
        source.write_text(text)
    compiler = [*shlex.split(os.environ.get("CXX", "c++"))]
    command = [*compiler, *flags, "-O0", "-w", "-c", source.name, "-o", source.name + ".o"]
    done = subprocess.run(["ccache", *command] if has_ccache() else command, cwd=folder,
                          capture_output=True, text=True, check=False)
    return header, done.returncode, done.stderr


def has_ccache():
    return any(os.access(os.path.join(folder, "ccache"), os.X_OK)
               for folder in os.environ.get("PATH", "").split(os.pathsep))


def main(arguments):
    build = pathlib.Path(arguments[0]).resolve()
    root = pathlib.Path(__file__).resolve().parents[2]
    database = json.loads((build / "compile_commands.json").read_text())
    flags = [*flags_of(database, build), "-I" + str(root / "libos/include")]
    # What runs in the kernel is C for clang's BPF target: compiling the program compiles it.
    headers = arguments[1:] or [path for path in Tree(root).ending_in(".h")
                                if not path.endswith(".bpf.h")]
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        results = list(pool.map(lambda h: compile_alone(h, flags, build, root), headers))
    broken = [result for result in results if result[1] != 0]
    for header, _, errors in broken:
        print(f"{header}:1: does not compile alone; include what it uses\n{errors}")
    print(f"{len(results) - len(broken)} headers stand alone, {len(broken)} do not")
    return 1 if broken or not results else 0


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
