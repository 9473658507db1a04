"""How long functions are: by Python's own parser, and for C++ by a scan of braces.

The scan takes the outermost braces that do not belong to a namespace, a type or an initialiser for
a function: near enough to find one that has grown too long, and a lambda counts as its function.
"""

import ast
import re

from tree import without_comments_and_strings

_TRANSPARENT = re.compile(
    r"(\[\[[^\]]*\]\]|inline|static|constexpr|const|typedef|friend|extern|\s)*"
    r"\b(namespace|class|struct|union|enum|extern)\b")
_FUNCTION_HEAD = re.compile(r"\)\s*(const|noexcept|override|final|&|&&|->[^;{}]*|\s)*$")
_BRACKETED_PREFIX = re.compile(r"\s*(template\s*<|requires\s*\()")


def cpp_functions(text):
    """(first line, lines) of each function body, its head included."""
    code = _without_preprocessor(without_comments_and_strings(text))
    depth = 0  # of braces inside the function
    line = 1
    head = ""
    head_line = None  # of its first word
    for char in code:
        if char == "\n":
            line += 1
        if depth > 0:
            depth += (char == "{") - (char == "}")
            if depth == 0:
                yield first_line, line - first_line + 1
            continue
        if char == "{" and not _is_transparent(head):
            depth, first_line = 1, head_line or line
        if char in "{};":
            head, head_line = "", None
        elif not char.isspace() or head:
            head += char
            head_line = head_line or line


def python_functions(text):
    for node in ast.walk(ast.parse(text)):
        if isinstance(node, (ast.FunctionDef, ast.AsyncFunctionDef)):
            yield node.lineno, node.end_lineno - node.lineno + 1


def _is_transparent(head):
    while match := _BRACKETED_PREFIX.match(head):
        head = _after_bracket(head[match.end():], match.group()[-1])
    if head.rstrip().endswith("="):  # a table of data
        return True
    return bool(_TRANSPARENT.match(head)) and not _FUNCTION_HEAD.search(head)


def _after_bracket(text, opening):
    closing = {"<": ">", "(": ")"}[opening]
    depth = 1
    for i, char in enumerate(text):
        depth += (char == opening) - (char == closing)
        if depth == 0:
            return text[i + 1:]
    return ""


def _without_preprocessor(code):
    return re.sub(r"^[ \t]*#(?:[^\n]*\\\n)*[^\n]*",
                  lambda match: re.sub(r"[^\n]", " ", match.group()), code, flags=re.MULTILINE)
