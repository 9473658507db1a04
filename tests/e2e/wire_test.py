#!/usr/bin/env python3
"""Two applications on a wire: they meet, and not one system call is made a packet."""

import re
import signal

import harness
from harness import MachineTest, eventually

ECHOES = 10_000
FEW = ECHOES // 4  # on an idle machine it is some 50
# % time, seconds, usecs/call, calls, errors, name
CALLS_LINE = r"^ *\d+\.\d+ +\S+ +\S+ +(\d+) +(?:\d+ +)?(?!total)\w+$"


class Wire(MachineTest):
    def setUp(self):
        super().setUp()
        self.machine.start_daemon()
        self.server = self.machine.assign("echo", "--provider", "wire", "--wire", "w0")
        self.machine.assign("client", "--provider", "wire", "--wire", "w0")

    def test_they_meet(self):
        self.machine.start_echo()
        self.assertEqual(self.ping(100), 100)

    def test_one_dies_and_comes_back(self):
        echo = self.machine.start_echo()
        self.assertEqual(self.ping(100), 100)
        echo.end(signal.SIGKILL)
        self.assertTrue(eventually(lambda: self.machine.vf("echo")["pid"] is None))
        self.machine.start_echo()
        self.assertEqual(self.ping(100), 100)

    def test_no_system_call_a_packet(self):
        """A server that waits for a client that does not get a core goes to sleep, and that takes
        calls: on a busy machine the best of a few runs counts. One a packet would be in each."""
        echo = self.machine.start_echo()
        self.assertEqual(self.ping(100), 100)
        runs = []
        while len(runs) < 5 and min(runs, default=ECHOES) > FEW:
            runs.append(self.calls_during_echoes(echo))
        print(f"system calls over {ECHOES} echoes: {runs}")
        self.assertLessEqual(min(runs), FEW)

    def calls_during_echoes(self, echo):
        strace = self.machine.start("strace", "-c", "-f", "-p", echo.pid)
        self.assertTrue(eventually(lambda: "attached" in strace.output()), strace.output())
        self.assertEqual(self.ping(ECHOES), ECHOES)
        strace.end(signal.SIGINT)
        self.assertIn("calls", strace.output(), "strace said nothing: no test at all")
        lines = re.finditer(CALLS_LINE, strace.output(), re.MULTILINE)
        return sum(int(line[1]) for line in lines)

    def ping(self, count):
        probe = self.machine.start_probe("client", "ping", count, f"{self.server.ip4}:7")
        probe.process.wait(60)
        return int(re.search(r"(\d+) answered", probe.output() + "0 answered")[1])


if __name__ == "__main__":
    harness.main()
