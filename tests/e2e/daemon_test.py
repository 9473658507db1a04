#!/usr/bin/env python3
"""The daemon stops, dies and comes back; the application does not notice."""

import signal

import harness
from harness import MachineTest, eventually


class Daemon(MachineTest):
    def setUp(self):
        super().setUp()
        self.daemon = self.machine.start_daemon()
        self.empty = harness.netdevs()
        self.address = self.machine.assign("echo").ip4
        self.echo = self.machine.start_echo()
        self.assertTrue(harness.echoes(self.address), "no echo at all")

    def test_traffic_goes_on_while_it_is_stopped(self):
        self.daemon.send(signal.SIGSTOP)
        self.assertTrue(eventually(
            lambda: harness.status_field(self.daemon.pid, "State").startswith("T")))
        self.assertEqual(harness.echo_count(self.address, 2000), 2000)
        self.daemon.send(signal.SIGCONT)
        self.assertEqual(self.machine.vf("echo")["pid"], self.echo.pid)

    def test_traffic_and_lease_outlive_its_death(self):
        lease = self.lease()
        self.daemon.end(signal.SIGKILL)
        self.assertEqual(harness.echo_count(self.address, 2000), 2000, "without a daemon")
        self.machine.start_daemon()
        self.assertEqual(self.lease(), lease)
        self.assertEqual(harness.echo_count(self.address, 2000), 2000, "after its restart")
        self.assertTrue(eventually(lambda: self.machine.vf("echo")["state"] == "attached"))

    def test_a_restarted_daemon_still_rules(self):
        self.daemon.end(signal.SIGKILL)
        self.machine.start_daemon()
        self.echo.end(signal.SIGKILL)
        self.assertTrue(eventually(lambda: self.machine.vf("echo")["pid"] is None))
        self.assertTrue(eventually(lambda: harness.netdevs() == self.empty))
        self.machine.ctl("release-vf", "echo")
        self.assertEqual(self.machine.vfs(), [])

    def test_an_application_that_died_meanwhile_leaves_nothing(self):
        self.daemon.end(signal.SIGKILL)
        self.echo.end(signal.SIGKILL)
        self.machine.start_daemon()
        self.assertTrue(eventually(lambda: harness.netdevs() == self.empty))
        self.assertIsNone(self.machine.vf("echo")["pid"])

    def test_it_says_good_bye_to_nobody(self):
        """An orderly end is no different: the application owns its card until it ends."""
        self.assertEqual(self.daemon.end(signal.SIGTERM), 0)
        self.assertEqual(harness.echo_count(self.address, 500), 500)
        self.machine.start_daemon()
        self.assertEqual(self.machine.vf("echo")["pid"], self.echo.pid)

    def lease(self):
        return [{key: vf[key] for key in ("name", "app", "pid", "addresses", "mac", "provider")}
                for vf in self.machine.vfs()]


if __name__ == "__main__":
    harness.main()
