#!/usr/bin/env python3
"""A rate specifier holds, whatever the application tries, and is changed under it."""

import socket
import threading
import time

import harness
from harness import MachineTest

WITHIN = 0.05
WINDOW_S = 3.0
WINDOWS = 5  # a busy machine may keep the sender from offering enough; then the next window counts


class Rate(MachineTest):
    def setUp(self):
        super().setUp()
        self.machine.start_daemon()
        self.vf = self.machine.assign("echo", "--rate", "100M")
        self.machine.start_echo()
        self.assertTrue(harness.echoes(self.vf.ip4))
        self.done = threading.Event()
        flood = threading.Thread(target=self.flood)
        flood.start()
        self.addCleanup(flood.join)
        self.addCleanup(self.done.set)

    def flood(self):
        """More than any of the rates, for the application to send back."""
        with socket.socket(socket.AF_INET, socket.SOCK_DGRAM) as client:
            while not self.done.is_set():
                for _ in range(16):
                    client.sendto(b"x" * 1400, (self.vf.ip4, 7))
                time.sleep(0.0003)

    def test_it_holds_and_changes_live(self):
        self.assert_holds(100e6)
        for text, bits_per_second in (("50M", 50e6), ("100M", 100e6)):
            self.machine.ctl("set-rate", self.vf.name, text)
            self.assert_holds(bits_per_second)

    def test_without_one_there_is_more(self):
        self.machine.ctl("set-rate", self.vf.name, "none")
        self.assertTrue(any(self.measured() > 120e6 for _ in range(WINDOWS)))

    def assert_holds(self, bits_per_second):
        seen = []
        for _ in range(WINDOWS):
            seen.append(self.measured())
            self.assertLess(seen[-1], bits_per_second * (1 + WITHIN))
            if seen[-1] > bits_per_second * (1 - WITHIN):
                return
        self.fail(f"never near {bits_per_second:,.0f}: {[f'{rate:,.0f}' for rate in seen]}")

    def measured(self):
        """Bits a second that passed the specifier, frames without preamble and FCS."""
        start, before = self.sample()
        time.sleep(WINDOW_S)
        end, after = self.sample()
        return (after["transmittedBytes"] - before["transmittedBytes"]) * 8 / (end - start)

    def sample(self):
        """Counters, and the middle of the time that asking for them took."""
        asked = time.monotonic()
        counters = self.machine.vf("echo")["counters"]
        return (asked + time.monotonic()) / 2, counters


if __name__ == "__main__":
    harness.main()
