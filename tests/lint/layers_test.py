#!/usr/bin/env python3
"""Each arrow of layers.py with an include that follows it and one that goes against it."""

import unittest

from layers import FOLDERS, Layers
from sample import SampleTest

FILES = {path: "#pragma once\n" for path in (
    "base/address.h", "caladan/log.h", "vfio/bar.h", "extaris/packet/packet.h",
    "extaris/netdev/net_device.h", "extaris/wire/udp.h", "extaris/udp/udp_socket.h",
    "extaris/stack/counters.h", "extaris/stack/stack.h", "control-plane/model/rate.h",
    "control-plane/protocol/convert.h", "libos/runtime/loop.h", "bench/histogram.h",
    "libos/include/arrakis/app.h")}

# who includes, what is right, what is wrong
ARROWS = [
    ("base/x.cc", '"base/address.h"', '"extaris/packet/packet.h"'),
    ("base/x.cc", "<arpa/inet.h>", "<rte_mbuf.h>"),
    ("vfio/x.cc", "<linux/vfio.h>", '"extaris/packet/packet.h"'),
    ("caladan/x.cc", '"base/address.h"', '"vfio/bar.h"'),
    ("caladan/x.cc", "<vector>", "<linux/vfio.h>"),
    ("extaris/packet/x.cc", "<rte_mbuf.h>", '"extaris/netdev/net_device.h"'),
    ("extaris/netdev/x.cc", "<rte_ethdev.h>", '"extaris/wire/udp.h"'),
    ("extaris/netdev/x.cc", "<linux/if_xdp.h>", "<bpf/libbpf.h>"),
    ("extaris/netdev/x.cc", "<xdp/xsk.h>", "<xdp/libxdp.h>"),
    ("extaris/wire/x.cc", '"extaris/stack/counters.h"', '"extaris/stack/stack.h"'),
    ("extaris/wire/x.cc", '"base/address.h"', "<rte_ip.h>"),
    ("extaris/ip/x.cc", '"extaris/wire/udp.h"', "<rte_ip.h>"),
    ("extaris/udp/x.cc", '"extaris/packet/packet.h"', '"libos/runtime/loop.h"'),
    ("extaris/stack/x.cc", '"extaris/netdev/net_device.h"', '"control-plane/model/rate.h"'),
    ("control-plane/arrakisd/x.cc", "<capnp/rpc.h>", '"extaris/packet/packet.h"'),
    ("control-plane/arrakisd/x.cc", '"protocol/arrakis.capnp.h"', '"libos/runtime/loop.h"'),
    ("control-plane/arrakisd/x.cc", '"caladan/log.h"', "<bpf/bpf.h>"),
    ("control-plane/providers/x.cc", '"vnic.skel.h"', "<sqlite3.h>"),
    ("control-plane/policy/x.cc", "<toml++/toml.h>", "<netlink/route/link.h>"),
    ("control-plane/state/x.cc", "<sqlite3.h>", "<toml++/toml.h>"),
    ("libos/client/x.cc", '"control-plane/protocol/convert.h"', '"control-plane/model/rate.h"'),
    ("libos/runtime/x.cc", "<rte_eal.h>", "<spdlog/spdlog.h>"),
    ("libos/client/x.cc", '"arrakis/app.h"', "<rte_eal.h>"),
    ("libos/include/arrakis/x.h", '"extaris/udp/udp_socket.h"', '"extaris/wire/udp.h"'),
    ("libos/include/arrakis/x.h", '"base/address.h"', '"libos/runtime/loop.h"'),
    ("examples/x.cc", "<arrakis/app.h>", '"base/address.h"'),
    ("examples/x.cc", "<string>", "<sys/epoll.h>"),
    ("bench/x.cc", '"extaris/netdev/net_device.h"', '"control-plane/model/rate.h"'),
    ("bench/x.cc", '"bench/histogram.h"', "<rte_mbuf.h>"),
    ("tests/sim/x.cc", '"extaris/stack/stack.h"', '"bench/histogram.h"'),
]


class Arrows(SampleTest):
    def test_every_layer_has_a_sample(self):
        self.assertEqual({folder for folder in FOLDERS
                          if not any(who.startswith(folder) for who, _, _ in ARROWS)}, set())

    def test_what_follows_the_arrows_is_clean(self):
        for who, right, _ in ARROWS:
            with self.subTest(who=who, include=right):
                self.assert_found(self.check(who, right))

    def test_what_goes_against_them_is_found(self):
        for who, _, wrong in ARROWS:
            with self.subTest(who=who, include=wrong):
                self.assert_found(self.check(who, wrong), (who, 2, wrong.strip('"')))

    def check(self, who, include):
        return Layers(self.sample({**FILES, who: f"// x\n#include {include}\n"})).check()


class PublicHeaders(SampleTest):
    def test_one_that_reaches_dpdk_through_others_is_found(self):
        tree = self.sample({
            "libos/include/arrakis/udp.h": '#include "extaris/udp/datagram.h"\n',
            "extaris/udp/datagram.h": '#include "extaris/packet/bytes.h"\n',
            "extaris/packet/bytes.h": "#include <rte_mbuf.h>\n"})
        self.assert_found(Layers(tree).check(),
                          ("libos/include/arrakis/udp.h", 1, "bytes.h -> <rte_mbuf.h>"))

    def test_one_that_does_not_is_clean_even_in_a_circle(self):
        tree = self.sample({
            "libos/include/arrakis/udp.h": '#include "extaris/udp/datagram.h"\n',
            "extaris/udp/datagram.h": '#include "extaris/udp/datagram.h"\n'})
        self.assert_found(Layers(tree).check())


if __name__ == "__main__":
    unittest.main()
