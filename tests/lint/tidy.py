#!/usr/bin/env python3
"""What every file looks like: size, blanks, headers, READMEs, banned words, nothing dead.

usage: tidy.py [ROOT]
"""

import pathlib
import posixpath
import re
import sys

import tree as tree_module
from function_size import cpp_functions, python_functions
from layers import Layers
from tree import Finding
from words import CPP, TEXT, banned_words

FILE_LINES_MAX = 400
FUNCTION_LINES_MAX = 70
LINE_COLUMNS_MAX = 100
FILE_BYTES_MAX = 200_000
README_HEADINGS = ("Start with", "Lives here", "Not here", "May include", "Not done")
CODE = (*CPP, ".py", ".sh", ".capnp", ".build")


def check(tree):
    for path in tree.files:
        for rule in FILE_RULES:
            yield from rule(tree, path)
    for rule in TREE_RULES:
        yield from rule(tree)


def small_file(tree, path):
    if path.endswith(CODE):
        lines = tree.text(path).count("\n")
        if lines > FILE_LINES_MAX:
            yield Finding(path, lines, f"{lines} lines; at most {FILE_LINES_MAX}: split by purpose")
    if tree.size(path) > FILE_BYTES_MAX:
        yield Finding(path, 1, f"{tree.size(path):,} bytes; at most {FILE_BYTES_MAX:,}: "
                      "make it when it is needed")


def small_functions(tree, path):
    if path.endswith(CPP):
        functions = cpp_functions(tree.text(path))
    elif path.endswith(".py"):
        functions = python_functions(tree.text(path))
    else:
        return
    for line, lines in functions:
        if lines > FUNCTION_LINES_MAX:
            yield Finding(path, line, f"a function of {lines} lines; at most {FUNCTION_LINES_MAX}: "
                          "name its steps")


def clean_lines(tree, path):
    if not path.endswith(TEXT):
        return
    text = tree.text(path)
    for number, line in enumerate(text.split("\n"), 1):
        if path.endswith(CODE) and len(line) > LINE_COLUMNS_MAX:
            yield Finding(path, number, f"{len(line)} columns; at most {LINE_COLUMNS_MAX}")
        if "\t" in line:
            yield Finding(path, number, "a tab; indent with spaces")
        if line != line.rstrip():
            yield Finding(path, number, "blanks at the end of the line; remove them")
    if text and not text.endswith("\n"):
        yield Finding(path, text.count("\n") + 1, "the last line has no end; add one")


def header_opening(tree, path):
    if not path.endswith(".h"):
        return
    text = tree.text(path)
    name = posixpath.basename(path)
    if not text.startswith(f"// {name}: "):
        yield Finding(path, 1, f"line 1 says what the header is for: '// {name}: ...'")
    if not re.search(r"^#pragma once$", text, re.MULTILINE):
        yield Finding(path, 1, "no '#pragma once'; add it after the opening comment")


def one_title(tree, path):
    if not path.endswith(".md"):
        return
    outside_code = re.sub(r"^```.*?^```", lambda m: "\n" * m.group().count("\n"), tree.text(path),
                          flags=re.DOTALL | re.MULTILINE)
    titles = [number for number, line in enumerate(outside_code.split("\n"), 1)
              if line.startswith("# ")]
    if titles[:1] != [1]:
        yield Finding(path, 1, "line 1 is the title: '# ...'")
    for number in titles[1:]:
        yield Finding(path, number, "a second title; use '## '")


def folder_readme(tree):
    """A folder that has code explains itself; one of interfaces alone is explained above it."""
    for folder in sorted({posixpath.dirname(path) for path in tree.ending_in(".cc", ".c", ".py")}):
        readme = f"{folder}/README.md"
        if not folder:
            continue
        if not tree.has(readme):
            yield Finding(readme, 1, "this folder has no README.md; write one like base/README.md")
            continue
        lines = tree.text(readme).split("\n")
        if not lines[0].startswith(f"# {folder}: "):
            yield Finding(readme, 1, f"line 1 is '# {folder}: what it is'")
        missing = [heading for heading in README_HEADINGS
                   if not any(line.startswith(heading) for line in lines)]
        if missing:
            yield Finding(readme, 1, f"without {', '.join(missing)}; see base/README.md")


def nothing_dead(tree):
    """A source is named by a meson.build, a header is included; else nobody would miss it."""
    layers = Layers(tree)
    included = {include.target
                for path in tree.ending_in(*CPP) for include in layers.includes(path)}
    built = {path: set(re.findall(r"'([^'\n]*)'", tree.text(path)))
             for path in tree.ending_in("meson.build")}
    filled = {posixpath.dirname(path) for path in tree.ending_in(".cc", ".c")}
    for path in tree.ending_in(".cc", ".c"):
        if path not in included and not is_built(path, built):
            yield Finding(path, 1, "no meson.build names it; build it or remove it")
    for path in tree.ending_in(".h"):
        if posixpath.dirname(path) in filled and path not in included and not is_built(path, built):
            yield Finding(path, 1, "nobody includes it; use it or remove it")


def is_built(path, built):
    """Named whole, or put together from two parts as in `name + '_test.cc'`, seen from the folder
    of the meson.build or from one above it as in `'..' / name`."""
    for meson_file, words in built.items():
        for folder in (posixpath.dirname(meson_file), posixpath.dirname(meson_file) + "/.."):
            name = posixpath.relpath(path, folder.lstrip("/") or ".")
            if name in words:
                return True
            if any(name[:cut] in words and name[cut:] in words for cut in range(1, len(name))):
                return True
    return False


FILE_RULES = [small_file, small_functions, clean_lines, header_opening, one_title, banned_words]
TREE_RULES = [folder_readme, nothing_dead]


if __name__ == "__main__":
    ROOT = sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]
    sys.exit(tree_module.report(check(tree_module.Tree(ROOT))))
