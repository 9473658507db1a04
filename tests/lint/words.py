"""Words that have no place here, each with what to write instead."""

import dataclasses
import re

from tree import Finding, without_comments_and_strings

CPP = (".h", ".cc", ".c")
TEXT = (*CPP, ".py", ".sh", ".md", ".build", ".toml", ".capnp", ".txt", ".gp")
DATA_PATH = ("base/", "extaris/", "caladan/", "vfio/", "libos/runtime/")
TYPED_BYTES = ("base/byte_reader.h", "extaris/wire/", "extaris/packet/", "extaris/netdev/",
               "vfio/", "control-plane/providers/", "control-plane/protocol/capture_ring.h")


@dataclasses.dataclass(frozen=True)
class Word:
    pattern: str
    instead: str
    within: tuple[str, ...] = ("",)  # prefixes of paths where it is banned
    allowed: tuple[str, ...] = ()  # prefixes of paths where it is not
    files: tuple[str, ...] = CPP
    everywhere: bool = False  # in comments and strings too
    tests_too: bool = True


WORDS = [
    Word(r"\bshared_ptr\b", "one owner: std::unique_ptr or a move-only value"),
    Word(r"\b(ntohs|ntohl|htons|htonl)\b", "be16_t or be32_t of base/big_endian.h",
         allowed=("bench/",), tests_too=False),  # those speak to sockets of the kernel
    Word(r"\bvolatile\b", "std::atomic_ref", allowed=("vfio/mmio.h",)),
    Word(r"\bthread_local\b", "a member: a stack and its state are an argument",
         within=DATA_PATH),
    Word(r"\b(this_thread::sleep_\w+|nanosleep|usleep)\b",
         "an Instant or a doorbell: the data path does not sleep", within=DATA_PATH,
         tests_too=False),
    Word(r"\b(printf|fprintf|puts|cout|cerr|clog)\b", "a counter: the data path does not log",
         within=("extaris/",), tests_too=False),
    # POSIX itself wants the casts between kinds of sockaddr.
    Word(r"\breinterpret_cast\b(?!<(const )?sockaddr(_\w+)?\s?[*&]>)",
         "ByteReader, std::as_bytes or std::bit_cast", allowed=TYPED_BYTES),
    Word(r"\busing namespace\b(?! std::(\w+::)?\w*literals\b)",
         "the names you need, one by one"),
    Word(r"\bassert\s*\([^;]*(\+\+|--|[^=!<>]=[^=])", "an effect outside of the assert"),
    Word(r"\b(FIXME|XXX|HACK)\b", "mend it, or say it under 'Not done' in the folder's README",
         files=TEXT, everywhere=True),
    Word(r"\bTODO\b(?!: \w+ \w+)", "'TODO: why it waits', or 'Not done' in the README",
         files=TEXT, everywhere=True),
    Word(r"(?<![\w.$}])/(work|root|home/\w+)/", "a path relative to the project, or a variable",
         files=TEXT, everywhere=True),
]
OWN = ("tests/lint/words.py", "tests/lint/words_test.py")  # they hold the words as data


def banned_words(tree, path):
    if path in OWN or ".bpf." in path:  # the verifier's dialect of C has its own idioms
        return
    text = tree.text(path)
    code = without_comments_and_strings(text) if path.endswith(CPP) else text
    for word in WORDS:
        if not applies(word, path):
            continue
        searched = text if word.everywhere else code
        for match in re.finditer(word.pattern, asm_removed(searched)):
            line = searched.count("\n", 0, match.start()) + 1
            yield Finding(path, line, f"'{match.group()}' is banned; use {word.instead}")


def applies(word, path):
    if not path.endswith(word.files) or path.startswith(word.allowed or ("\0",)):
        return False
    if not word.tests_too and re.search(r"(\b|_)test(_\w+)?\.\w+$", path):
        return False
    return path.startswith(word.within)


def asm_removed(text):
    """`asm volatile` is one word: it says that a barrier is meant."""
    return re.sub(r"(asm\w*\s+)volatile", lambda m: m[1] + " " * len("volatile"), text)
