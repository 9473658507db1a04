#!/usr/bin/env python3
"""What cannot be done: a line that says why, one that mends it, a status, nothing half made."""

import os
import re
import socket

import harness
from harness import ARRAKISCTL, ARRAKISD, MachineTest, eventually, run

# A policy's mistake, and what the message must hold besides file, line and column.
POLICIES = {
    "no TOML": ("x = ", "toml"),
    "unknown key": ("[pool.lab]\nadresses = []\n", "adresses"),
    "wrong type": ("[pool.lab]\naddresses = 7\n", "addresses"),
    "no address": ('[pool.lab]\naddresses = ["10.0.0/24"]\n', "10.0.0/24"),
    "no users": ('[[app]]\nname = "a"\n', "users"),
    "unknown provider": ('[[app]]\nname = "a"\nusers = ["nobody"]\nproviders = ["dxp"]\n', "dxp"),
}

# What arrakisctl is asked, and a word of the answer.
REQUESTS = {
    "unknown application": (["assign-vf", "--app", "fremen"], "fremen"),
    "name of 10,000 bytes": (["assign-vf", "--app", "a" * 10_000], "name"),
    "name of control characters": (["assign-vf", "--app", "a\x1b[2J\n"], "name"),
    "unknown provider": (["assign-vf", "--app", "echo", "--provider", "sandworm"], "sandworm"),
    "provider of another day": (["assign-vf", "--app", "echo", "--provider", "sriov"], "sriov"),
    "no address": (["assign-vf", "--app", "echo", "--address", "10.20.0.300"], "10.20.0.300"),
    "address outside": (["assign-vf", "--app", "echo", "--address", "192.0.2.1/24"], "192.0.2.1"),
    "no rate": (["assign-vf", "--app", "echo", "--rate", "fast"], "fast"),
    "no filter": (["assign-vf", "--app", "echo", "--filter", "rx udp prot 7"], "prot"),
    "overlapping filters": (["assign-vf", "--app", "echo", "--filter", "rx udp port 1-10",
                             "--filter", "rx udp port 10-20"], "overlap"),
    "unknown device": (["assign-vf", "--app", "echo", "--device", "eth99"], "eth99"),
    "unknown VF to release": (["release-vf", "vf99"], "vf99"),
    "unknown VF to limit": (["set-rate", "vf99", "1G"], "vf99"),
    "unknown command": (["assing-vf"], "assing-vf"),
}

GARBAGE = [b"", b"\0", b"GET / HTTP/1.0\r\n\r\n", os.urandom(4096), b"\xff" * 64,
           b"\0\0\0\0\2\0\0\0",  # the head of a message whose body never comes
           b"\xff\xff\xff\x7f" + b"\xff" * 4096]  # two thousand million segments


class BadInput(MachineTest):
    def assert_says(self, done, word):
        """`error: ...` in one line that holds `word`, perhaps `fix: ...`, and a status."""
        self.assertNotEqual(done.returncode, 0)
        lines = [line for line in done.stderr.splitlines() if line.strip()]
        self.assertTrue(lines, "it failed and said nothing")
        self.assertLessEqual(len(lines), 2, done.stderr)
        self.assertIn("error: ", lines[0])
        self.assertIn(word, done.stderr)
        self.assertLess(len(done.stderr), 1000)
        self.assertTrue(done.stderr.isprintable() or "\x1b" not in done.stderr)

    def daemon_fails(self, *words, **options):
        done = run(ARRAKISD, "--policy", self.machine.policy, *words, check=False, **options)
        self.assertFalse(self.machine.socket.exists() and self.machine.daemon is None)
        return done

    def test_policies(self):
        for name, (text, word) in POLICIES.items():
            with self.subTest(name):
                self.machine.policy.write_text(text, encoding="utf-8")
                done = self.daemon_fails()
                self.assert_says(done, word)
                self.assertRegex(done.stderr, re.escape(str(self.machine.policy)) + r":\d+:\d+")

    def test_no_policy(self):
        self.machine.policy.unlink()
        self.assert_says(self.daemon_fails(), str(self.machine.policy))

    def test_requests_leave_nothing_half_made(self):
        self.machine.start_daemon()
        before = self.machine.footprint()
        for name, (words, answer) in REQUESTS.items():
            with self.subTest(name):
                self.assert_says(self.machine.ctl(*words, check=False), answer)
                self.assertEqual(self.machine.vfs(), [])
        self.assertTrue(eventually(lambda: self.machine.footprint() == before))

    def test_address_in_use(self):
        self.machine.start_daemon()
        vf = self.machine.assign("echo")
        done = self.machine.ctl("assign-vf", "--app", "client", "--address", vf.ip4, check=False)
        self.assert_says(done, vf.ip4)
        self.assertEqual([record["app"] for record in self.machine.vfs()], ["echo"])

    def test_dry_run_changes_nothing(self):
        self.machine.start_daemon()
        before = self.machine.footprint()
        self.machine.ctl("assign-vf", "--app", "echo", "--dry-run")
        self.assertEqual(self.machine.vfs(), [])
        self.assertTrue(eventually(lambda: self.machine.footprint() == before))

    def test_a_second_daemon(self):
        self.machine.start_daemon()
        self.assert_says(self.daemon_fails(), str(self.machine.socket))
        self.assertEqual(self.machine.ctl("status").returncode, 0, "the first one still serves")

    def test_no_daemon(self):
        self.assert_says(self.machine.ctl("list-vfs", check=False), str(self.machine.socket))
        echo = self.machine.start_application(harness.UDP_ECHO)
        self.assertNotEqual(echo.process.wait(10), 0)
        self.assertIn(str(self.machine.socket), echo.output())

    def test_no_root(self):
        done = self.daemon_fails(user=harness.NOBODY, group=harness.NOBODY, extra_groups=[])
        self.assert_says(done, "root")

    def test_users_that_the_policy_does_not_name(self):
        self.machine.start_daemon()
        self.machine.assign("echo")
        done = run(self.machine.copy_of(harness.UDP_ECHO), check=False, user=1, group=1,
                   extra_groups=[],
                   env={"ARRAKIS_SOCKET": str(self.machine.socket), "ARRAKIS_APP": "echo"})
        self.assert_says(done, "echo")
        done = run(self.machine.copy_of(ARRAKISCTL), "assign-vf", "--app", "client", check=False,
                   user=1, group=1, extra_groups=[],
                   env={"ARRAKIS_SOCKET": str(self.machine.socket)})
        self.assert_says(done, "admin")

    def test_an_application_without_a_card(self):
        self.machine.start_daemon()
        echo = self.machine.start_application(harness.UDP_ECHO)
        self.assertNotEqual(echo.process.wait(10), 0)
        self.assertIn("assign-vf", echo.output())

    def test_clients_that_send_garbage_or_half_a_message(self):
        self.machine.start_daemon()
        vf = self.machine.assign("echo")
        self.machine.start_echo()
        self.assertTrue(harness.echoes(vf.ip4))
        before = self.machine.footprint()
        for garbage in GARBAGE * 5:
            with socket.socket(socket.AF_UNIX) as client:
                client.connect(str(self.machine.socket))
                try:
                    client.sendall(garbage)
                except BrokenPipeError:
                    pass  # it had seen enough
        silent = [socket.socket(socket.AF_UNIX) for _ in range(50)]
        for client in silent:
            client.connect(str(self.machine.socket))
            client.send(b"\0\0\0\0\2")
        self.assertEqual([record["app"] for record in self.machine.vfs()], ["echo"])
        for client in silent:
            client.close()
        self.assertTrue(self.machine.daemon.running())
        self.assertTrue(harness.echoes(vf.ip4))
        self.assertTrue(eventually(lambda: self.machine.footprint() == before))

    def test_no_bpf_file_system_and_no_hugepages_are_needed(self):
        self.assertFalse(os.path.ismount("/sys/fs/bpf"), "the harness took it away")
        self.machine.start_daemon()
        vf = self.machine.assign("echo")
        self.machine.start_echo()
        self.assertTrue(harness.echoes(vf.ip4))


if __name__ == "__main__":
    harness.main()
