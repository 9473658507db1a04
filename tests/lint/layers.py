#!/usr/bin/env python3
"""Which folder may include what. The tables below are the architecture; the rest enforces them.

usage: layers.py [ROOT]
"""

import dataclasses
import pathlib
import posixpath
import re
import sys

import tree as tree_module
from tree import Finding

# folder -> what it may include of this project, besides itself: folders, or single headers.
# The longest folder that a path lies in decides.
FOLDERS = {
    "base": [],
    "vfio": ["base"],
    "caladan": ["base"],
    "extaris/packet": ["base"],
    "extaris/netdev": ["base", "extaris/packet"],
    "extaris/wire": ["base", "extaris/stack/counters.h"],
    "extaris": ["base", "extaris"],
    "control-plane": ["base", "control-plane", "vfio", "caladan"],
    "libos/include": ["base", "libos/include", "extaris/tcp", "extaris/udp", "extaris/stack"],
    "libos": ["base", "libos", "extaris", "control-plane/protocol", "caladan", "vfio"],
    "examples": ["libos/include"],
    "bench": ["base", "bench", "extaris", "libos", "control-plane/protocol", "caladan", "vfio"],
    "tests": ["base", "tests", "extaris", "libos", "control-plane", "caladan", "vfio"],
}

# Headers of others that only some folders may see: pattern, folders, why.
FENCES = [
    (r"rte_\w+\.h", ["extaris/packet", "extaris/netdev", "libos/runtime"],
     "DPDK is the packet type's and the devices' secret"),
    (r"linux/if_xdp\.h|xdp/xsk\.h", ["extaris/netdev", "control-plane/providers"],
     "AF_XDP rings belong to the device and to the provider"),
    # The test bed stands for arrakisd in the tests of the device.
    (r"(bpf|xdp)/.*|linux/bpf\.h|.*\.skel\.h",
     ["control-plane/providers", "extaris/netdev/xdp_test_bed.cc"],
     "eBPF is where the application cannot reach"),
    (r"linux/vfio\.h", ["vfio"], "VFIO has one user"),
    (r"sqlite3\.h", ["control-plane/state"], "the database has one user"),
    (r"toml\+\+/.*|toml\.hpp?", ["control-plane/policy"], "the policy is what is written in TOML"),
    (r"(netlink|libnl3)/.*", ["control-plane/providers", "tests"],
     "the kernel's network configuration is the providers' matter"),
    (r"(capnp|kj)/.*", ["control-plane", "libos/client", "libos/runtime", "tests"],
     "Cap'n Proto ends where the data path begins"),
    (r"spdlog/.*|fmt/.*", ["control-plane", "bench"], "the data path has counters, not logs"),
]

# Examples show what a stranger's program looks like: <arrakis/...> and the standard library.
STANDARD = re.compile(r"[a-z_]+")
PUBLIC = "libos/include"
RTE = re.compile(r"rte_\w+\.h")
INCLUDE = re.compile(r'^[ \t]*#[ \t]*include[ \t]*([<"])([^>"\n]+)[>"]', re.MULTILINE)


@dataclasses.dataclass(frozen=True)
class Include:
    line: int
    name: str  # as written
    target: str | None  # the file of this project it means, or would mean once generated


class Layers:
    def __init__(self, tree):
        self.tree = tree
        self._includes = {}

    def check(self):
        for path in self.tree.ending_in(".h", ".cc", ".c"):
            if layer_of(path) is None:
                continue
            for include in self.includes(path):
                if finding := self._wrong(path, include):
                    yield finding
        yield from self._public_headers_that_reach_dpdk()

    def includes(self, path):
        if path not in self._includes:
            text = self.tree.text(path)
            self._includes[path] = [
                Include(text.count("\n", 0, match.start()) + 1, match[2],
                        self._target(path, match[2]))
                for match in INCLUDE.finditer(text)]
        return self._includes[path]

    def _target(self, path, name):
        beside = posixpath.normpath(posixpath.join(posixpath.dirname(path), name))
        for candidate in (name, beside, f"{PUBLIC}/{name}", f"control-plane/{name}"):
            if self.tree.has(candidate):
                return candidate
        if name.endswith(".capnp.h"):  # generated from a schema
            return "control-plane/protocol/" + posixpath.basename(name)
        if name.startswith("arrakis/"):
            return f"{PUBLIC}/{name}"
        return name if layer_of(name) else None

    def _wrong(self, path, include):
        layer = layer_of(path)
        if include.target is None:
            return wrong_foreign(path, layer, include)
        allowed = [layer, *FOLDERS[layer]]
        if path.startswith("bench/") or path.startswith("tests/"):
            allowed.append("examples")
        if any(lies_in(include.target, folder) for folder in allowed):
            return None
        return Finding(path, include.line,
                       f'"{include.name}" is not for {layer}/: allowed are {", ".join(allowed)}')

    def _public_headers_that_reach_dpdk(self):
        for path in self.tree.ending_in(".h"):
            if lies_in(path, PUBLIC) and (chain := self._chain_to_dpdk(path, ())):
                yield Finding(path, 1, "a public header must not need DPDK's: "
                              + " -> ".join(chain) + "; declare the type ahead instead")

    def _chain_to_dpdk(self, path, seen):
        for include in self.includes(path):
            if RTE.fullmatch(include.name):
                return [path, f"<{include.name}>"]
            if include.target and self.tree.has(include.target) and include.target not in seen:
                if chain := self._chain_to_dpdk(include.target, (*seen, path)):
                    return [path, *chain]
        return None


def wrong_foreign(path, layer, include):
    if layer == "examples" and not STANDARD.fullmatch(include.name):
        return Finding(path, include.line, f"<{include.name}> is not for examples/: allowed are "
                       "<arrakis/...> and the standard library")
    for pattern, folders, why in FENCES:
        if re.fullmatch(pattern, include.name):
            if any(lies_in(path, folder) for folder in folders):
                return None
            return Finding(path, include.line, f"<{include.name}> is for "
                           f"{', '.join(folders)} alone: {why}")
    return None


def lies_in(path, folder):
    return path == folder or path.startswith(folder + "/")


def layer_of(path):
    """The key of FOLDERS that decides for a path; None: lies outside the layers."""
    return max((f for f in FOLDERS if lies_in(path, f)), key=len, default=None)


if __name__ == "__main__":
    ROOT = sys.argv[1] if len(sys.argv) > 1 else pathlib.Path(__file__).parents[2]
    sys.exit(tree_module.report(Layers(tree_module.Tree(ROOT)).check()))
