#!/usr/bin/env python3
"""An application dies: nothing of it is left, and the next one finds nothing of it."""

import errno
import re
import signal
import socket
import time

import harness
from harness import MachineTest, eventually

WORD = "Kwisatz Haderach was here"
DATAGRAMS = 500
GONE_WITHIN_S = 1.0


class Death(MachineTest):
    def setUp(self):
        super().setUp()
        self.machine.start_daemon()
        self.vf = self.machine.assign("echo")

    def test_what_it_held_is_back_within_a_second(self):
        before = self.machine.footprint()
        echo = self.machine.start_echo()
        self.assertTrue(harness.echoes(self.vf.ip4))
        bpf = harness.bpf_of_netdevs()
        self.assertNotEqual(self.machine.footprint(), before, "it held nothing: no test at all")
        self.assertTrue(bpf, "it had no BPF: no test at all")
        killed = time.monotonic()
        echo.end(signal.SIGKILL)
        eventually(lambda: self.machine.footprint() == before and not harness.bpf_alive(bpf),
                   GONE_WITHIN_S)
        took = time.monotonic() - killed
        self.assertEqual(self.machine.footprint(), before)
        self.assertEqual(harness.bpf_alive(bpf), set())
        self.assertLess(took, GONE_WITHIN_S + 0.5)  # half a second for our own looking
        self.assertIsNone(self.machine.vf("echo")["pid"])

    def test_the_next_application_gets_clean_memory(self):
        found, _ = self.search(WORD.encode())
        self.assertGreaterEqual(found, DATAGRAMS, "the search finds nothing at all")
        found, searched = self.search(b"x")
        self.assertEqual(found, 0)
        self.assertGreater(searched, DATAGRAMS)

    def test_the_next_one_works(self):
        for _ in range(3):
            echo = self.machine.start_echo()
            self.assertTrue(harness.echoes(self.vf.ip4))
            echo.end(signal.SIGKILL)
            self.assertTrue(eventually(lambda: self.machine.vf("echo")["pid"] is None))

    def test_one_that_ends_by_itself_leaves_nothing_either(self):
        before = self.machine.footprint()
        echo = self.machine.start_echo()
        self.assertTrue(harness.echoes(self.vf.ip4))
        echo.end(signal.SIGTERM)
        self.assertTrue(eventually(lambda: self.machine.footprint() == before),
                        self.machine.footprint())

    def test_two_cannot_be_the_same(self):
        self.machine.start_echo()
        self.assertTrue(harness.echoes(self.vf.ip4))
        second = self.machine.start_application(harness.UDP_ECHO)
        self.assertNotEqual(second.process.wait(5), 0)
        self.assertIn("fix:", second.output())
        self.assertTrue(harness.echoes(self.vf.ip4))

    def search(self, payload):
        """A new application gets datagrams of `payload`: (buffers with WORD, buffers)."""
        probe = self.machine.start_probe("echo", "search", DATAGRAMS, WORD)
        self.assertTrue(eventually(lambda: "ready" in probe.output()), probe.output())
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            while probe.running():
                try:
                    client.sendto(payload, (self.vf.ip4, 7))
                except OSError as error:  # it has just ended, and its netdev with it
                    self.assertEqual(error.errno, errno.ENETUNREACH)
                time.sleep(0.0002)
        self.assertEqual(probe.process.wait(10), 0, probe.output())
        self.assertTrue(eventually(lambda: self.machine.vf("echo")["pid"] is None))
        found, searched = re.search(r"(\d+) of (\d+) buffers", probe.output()).groups()
        return int(found), int(searched)


if __name__ == "__main__":
    harness.main()
