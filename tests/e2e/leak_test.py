#!/usr/bin/env python3
"""A thousand cards come and go, and everything is as before."""

import signal

import harness
from harness import MachineTest, eventually

CYCLES = 1000
ATTACHED_CYCLES = 50
RSS_GROWTH_KB_MAX = 2048


class Leak(MachineTest):
    def setUp(self):
        super().setUp()
        self.daemon = self.machine.start_daemon()
        self.bpf = set()  # all that cards ever loaded
        for _ in range(20):  # what is made once and kept
            self.cycle()

    def cycle(self):
        self.machine.ctl("assign-vf", "--app", "echo")
        self.machine.ctl("release-vf", "echo")

    def attached_cycle(self):
        vf = self.machine.assign("echo")
        echo = self.machine.start_echo()
        self.assertTrue(harness.echoes(vf.ip4), echo.output())
        self.bpf |= harness.bpf_of_netdevs()
        echo.end(signal.SIGKILL)
        self.assertTrue(eventually(lambda: self.machine.vf("echo")["pid"] is None))
        self.machine.ctl("release-vf", "echo")
        self.machine.programs.remove(echo)

    def test_assign_and_release(self):
        self.leaks_nothing(self.cycle, CYCLES)

    def test_assign_attach_serve_die_and_release(self):
        self.attached_cycle()
        self.leaks_nothing(self.attached_cycle, ATTACHED_CYCLES)
        self.assertGreater(len(self.bpf), ATTACHED_CYCLES)

    def leaks_nothing(self, cycle, times):
        before, rss_before = self.machine.footprint(), self.rss_kb()
        for _ in range(times):
            cycle()
        eventually(lambda: self.machine.footprint() == before and not harness.bpf_alive(self.bpf))
        self.assertEqual(self.machine.footprint(), before)
        self.assertEqual(harness.bpf_alive(self.bpf), set())
        grown_kb = self.rss_kb() - rss_before
        print(f"{times} cycles: {before}, resident memory {grown_kb:+} KB")
        self.assertLess(grown_kb, RSS_GROWTH_KB_MAX)

    def rss_kb(self):
        return int(harness.status_field(self.daemon.pid, "VmRSS").split()[0])


if __name__ == "__main__":
    harness.main()
