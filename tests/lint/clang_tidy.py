#!/usr/bin/env python3
"""clang-tidy-19 over the sources of a build, one a core.

usage: clang_tidy.py BUILD [--all | --changed [REVISION] | FILE...]

BUILD has been built, because some headers are generated. Without files: all that BUILD compiles of
the project but tests, which with GoogleTest's macros cost as much as all else; --all: those too;
--changed: what differs from REVISION (main when it is left out), and what is new.
What passed is remembered in BUILD by the hash of its preprocessed text: a second run costs seconds.
"""

import concurrent.futures
import hashlib
import json
import os
import pathlib
import shlex
import subprocess
import sys

from tree import Tree

ROOT = pathlib.Path(__file__).resolve().parents[2]
# What clang says of libbpf's and the standard library's own text, expanded in ours.
NOT_OURS = ["unknown-warning-option", "c99-extensions", "gnu-statement-expression",
            "gnu-statement-expression-from-macro-expansion", "deprecated-declarations"]
TIDY = ["clang-tidy-19", "--quiet", *(f"--extra-arg=-Wno-{name}" for name in NOT_OURS)]
# The analyzer walks every branch of other people's templates: worth its time on the data path only.
ANALYZED = ("base/", "extaris/", "caladan/", "vfio/", "libos/runtime/")
NOT_ANALYZED = ["--checks=-clang-analyzer-*"]


def main(arguments):
    build = pathlib.Path(arguments[0]).resolve()
    commands = commands_of(build)
    wanted = wanted_of(arguments[1:], commands)
    with concurrent.futures.ThreadPoolExecutor(len(os.sched_getaffinity(0))) as pool:
        results = list(pool.map(lambda path: check(path, commands[path], build), wanted))
    for _, output in results:
        print(output, end="")
    failed = sum(1 for passed, _ in results if not passed)
    print(f"{len(results) - failed} sources pass clang-tidy, {failed} do not")
    return 1 if failed else 0


def commands_of(build):
    """path in the project -> how it is compiled; what is generated is nobody's style."""
    commands = {}
    tracked = set(Tree(ROOT).ending_in(".cc"))
    for entry in json.loads((build / "compile_commands.json").read_text()):
        path = os.path.relpath(os.path.join(entry["directory"], entry["file"]), ROOT)
        if path in tracked:
            commands.setdefault(path, entry)
    return commands


def wanted_of(arguments, commands):
    if not arguments:
        return sorted(path for path in commands if not path.endswith("_test.cc"))
    if arguments == ["--all"]:
        return sorted(commands)
    if arguments[0] == "--changed":
        revision = arguments[1] if len(arguments) > 1 else "main"
        changed = git("diff", "--name-only", revision) + git("ls-files", "-o", "--exclude-standard")
        return sorted(set(changed) & set(commands))
    unknown = [path for path in arguments if path not in commands]
    if unknown:
        sys.exit(f"not in the build: {', '.join(unknown)}; name sources as git does")
    return arguments


def git(*words):
    return subprocess.run(["git", *words], cwd=ROOT, check=True, capture_output=True,
                          text=True).stdout.splitlines()


def check(path, entry, build):
    seen = build / "clang_tidy" / fingerprint(entry)
    if seen.exists():
        return True, ""
    analyzed = path.startswith(ANALYZED) and not path.endswith("_test.cc")
    extra = [] if analyzed else NOT_ANALYZED
    done = subprocess.run([*TIDY, *extra, "-p", str(build), str(ROOT / path)], cwd=ROOT,
                          capture_output=True, text=True, check=False)
    if done.returncode == 0:
        seen.parent.mkdir(exist_ok=True)
        seen.touch()
        return True, ""
    return False, done.stdout.replace(f"{ROOT}/", "") or done.stderr


def fingerprint(entry):
    words = shlex.split(entry["command"])
    output = words.index("-o")
    del words[output:output + 2]
    text = subprocess.run([*words, "-E", "-w"], cwd=entry["directory"], capture_output=True,
                          check=False).stdout
    rules = (ROOT / ".clang-tidy").read_bytes()
    return hashlib.sha256(text + rules + pathlib.Path(__file__).read_bytes()).hexdigest()


if __name__ == "__main__":
    sys.exit(main(sys.argv[1:]))
