#!/usr/bin/env python3
"""The tree as the lints see it: its files, the text of one, and what is wrong at a line.

As a program: prints the files that end in one of its arguments, for the shell scripts beside it.
"""

import dataclasses
import functools
import os
import pathlib
import re
import subprocess
import sys


@dataclasses.dataclass(frozen=True, order=True)
class Finding:
    path: str
    line: int
    message: str  # what is wrong, and what is right instead

    def __str__(self):
        return f"{self.path}:{self.line}: {self.message}"


class Tree:
    """A project at `root`: paths are relative to it and use '/'."""

    def __init__(self, root):
        self.root = pathlib.Path(root).resolve()

    @functools.cached_property
    def files(self):
        listed = self._git_files()
        found = listed if listed is not None else self._walked_files()
        return sorted(path for path in found if (self.root / path).is_file())

    def ending_in(self, *suffixes):
        return [path for path in self.files if path.endswith(suffixes)]

    @functools.cache
    def text(self, path):
        return (self.root / path).read_text(encoding="utf-8", errors="replace")

    def size(self, path):
        return (self.root / path).stat().st_size

    def has(self, path):
        return path in self._file_set

    @functools.cached_property
    def _file_set(self):
        return frozenset(self.files)

    def _git_files(self):
        """Tracked files and new ones that nobody ignores; None where there is no repository."""
        if not (self.root / ".git").exists():
            return None
        listing = subprocess.run(
            ["git", "-c", f"safe.directory={self.root}", "ls-files", "-z", "-co",
             "--exclude-standard"], cwd=self.root, capture_output=True, check=False)
        return listing.stdout.decode().split("\0")[:-1] if listing.returncode == 0 else None

    def _walked_files(self):
        for folder, names, files in os.walk(self.root):
            names[:] = [n for n in names
                        if not n.startswith("build") and n not in (".git", "__pycache__")]
            for name in files:
                yield (pathlib.Path(folder) / name).relative_to(self.root).as_posix()


_STRING_OR_COMMENT = re.compile(
    r'R"(?P<mark>[^(\s]{0,16})\(.*?\)(?P=mark)"'  # raw string
    r'|"(?:\\.|[^"\\\n])*"'
    r"|(?<![0-9A-Fa-f])'(?:\\.|[^'\\\n])+'"  # not the ' of 1'000
    r"|//[^\n]*|/\*.*?\*/", re.DOTALL)


def without_comments_and_strings(text):
    """The same C++ with the same lines, and blanks in place of comments and of what is quoted."""
    def blank(match):
        found = match.group()
        inner = re.sub(r"[^\n]", " ", found)
        return inner if found.startswith("/") else '"' + inner[1:-1] + '"'
    return _STRING_OR_COMMENT.sub(blank, text)


def report(findings):
    """Prints all findings; the exit status of a lint."""
    findings = sorted(set(findings))
    for finding in findings:
        print(finding)
    if findings:
        print(f"{len(findings)} found", file=sys.stderr)
    return 1 if findings else 0


if __name__ == "__main__":
    for name in Tree(pathlib.Path(__file__).parents[2]).ending_in(*sys.argv[1:]):
        print(name)
