#!/usr/bin/env python3
"""Looking into running applications: ss, stats, capture, with kernel clients at the other end."""

import json
import os
import signal
import subprocess
import time

import harness
from harness import MachineTest, eventually, run

SOMEBODY = 4711  # a uid that owns nothing here


def read_capture(path):
    """The lines of tcpdump, which knows the format from elsewhere."""
    return run("tcpdump", "-nn", "-S", "-r", path).stdout.splitlines()


class Sight(MachineTest):
    def setUp(self):
        super().setUp()
        self.machine.start_daemon()
        self.address = self.machine.assign("echo").ip4
        self.echo = self.machine.start_server(harness.TCP_ECHO)

    def ctl_as(self, user, *words):
        return run(self.machine.copy_of(harness.ARRAKISCTL), *words, check=False, user=user,
                   group=user, extra_groups=[],
                   env={**os.environ, "ARRAKIS_SOCKET": str(self.machine.socket)})

    def sockets(self, *words):
        return self.machine.ctl_json("ss", *words)["items"]

    def counters(self):
        return self.machine.ctl_json("stats")["items"][0]

    def exchange(self, client, payload=b"melange"):
        client.sendall(payload)
        self.assertEqual(client.recv(65_536), payload)

    def test_ss_shows_listeners_and_connections(self):
        with harness.tcp_socket(self.address) as client:
            self.exchange(client)
            port = client.getsockname()[1]
            listener, = self.sockets("--state", "listen")
            self.assertEqual((listener["local"], listener["peer"]),
                             ({"address": None, "port": 7}, None))
            connection, = self.sockets("--state", "established")
            self.assertEqual(connection["local"], {"address": self.address, "port": 7})
            self.assertEqual(connection["peer"], {"address": harness.HOST4, "port": port})
            self.assertEqual(connection["tcp"]["receivedBytes"], 7)
            self.assertGreater(connection["tcp"]["rttUs"], 0)
            text = self.machine.ctl("ss", "-i", "--app", "echo").stdout
            self.assertRegex(text, rf"tcp +ESTAB +0 +0 +{self.address}:7 +\S+:{port} +echo ")
            self.assertRegex(text, r"cubic wscale:\d+,\d+ rto:\d+ rtt:.* bytes_received:7")
            self.assertEqual(self.sockets("--udp"), [])
        self.assertTrue(eventually(lambda: not self.sockets("--state", "established")))

    def test_many_connections_are_many_pages(self):
        clients = [harness.tcp_socket(self.address) for _ in range(700)]
        for client in clients:
            self.addCleanup(client.close)
        found = self.sockets("--state", "established")
        ports = {connection["peer"]["port"] for connection in found}
        self.assertEqual(ports, {client.getsockname()[1] for client in clients})
        self.assertEqual(len(found), len(clients), "none twice")

    def test_stats_move(self):
        before = self.counters()
        with harness.tcp_socket(self.address) as client:
            self.exchange(client)
        after = self.counters()
        self.assertEqual((after["app"], after["queue"]), ("echo", 0))
        for name in ("tcp.accepts", "tcp.bytes_received", "received_packets"):
            self.assertGreater(after["counters"][name], before["counters"][name], name)
        self.assertEqual(after["linux"]["TcpPassiveOpens"], after["counters"]["tcp.accepts"])
        shown = self.machine.ctl("stats", "--app", "echo").stdout
        self.assertRegex(shown, r"tcp.accepts +\d+ +TcpPassiveOpens")
        self.assertNotIn("fragment_overlap", shown)
        self.assertIn("fragment_overlap", self.machine.ctl("stats", "--all").stdout)

    def start_capture(self, path, *words):
        capture = self.machine.start(harness.ARRAKISCTL, "capture", "--app", "echo", "--write",
                                     path, *words, name="capture")
        self.assertTrue(eventually(lambda: "capturing" in capture.output()), capture.output())
        return capture

    def test_a_capture_shows_both_directions(self):
        path = self.machine.folder / "echo.pcapng"
        capture = self.start_capture(path)
        with harness.tcp_socket(self.address) as client:
            port = client.getsockname()[1]
            self.exchange(client)
        eventually(lambda: not self.sockets("--state", "established"))
        self.assertEqual(capture.end(signal.SIGINT), 0, capture.output())
        self.assertRegex(capture.output(), r"\d+ frames captured, 0 lost")
        lines = [line for line in read_capture(path) if f".{port}" in line]
        to_us = f".{port} > {self.address}.7:"
        to_peer = f"{self.address}.7 > {harness.HOST4}.{port}:"
        for direction, flags, length in ((to_us, "[S]", 0), (to_peer, "[S.]", 0),
                                         (to_us, "[P.]", 7), (to_peer, "[P.]", 7),
                                         (to_us, "[F.]", 0), (to_peer, "[F.]", 0)):
            self.assertTrue(any(direction in line and flags in line and f"length {length}" in line
                                for line in lines), (direction, flags, lines))
        self.assertEqual(path.stat().st_mode & 0o777, 0o600)

    def test_count_and_snaplen_and_stdout(self):
        with harness.tcp_socket(self.address) as client:
            with subprocess.Popen(
                    [harness.ARRAKISCTL, "--socket", self.machine.socket, "capture", "--app",
                     "echo", "--count", "4", "--snaplen", "60"],
                    stdout=subprocess.PIPE, stderr=subprocess.DEVNULL) as capture:
                while capture.poll() is None:
                    self.exchange(client, b"x" * 1000)
                path = self.machine.folder / "piped.pcapng"
                path.write_bytes(capture.stdout.read())
        self.assertEqual(capture.returncode, 0)
        self.assertEqual(len(read_capture(path)), 4)
        self.assertLess(path.stat().st_size, 1000)

    def test_the_file_is_whole_when_the_application_ends(self):
        path = self.machine.folder / "echo.pcapng"
        capture = self.start_capture(path)
        with harness.tcp_socket(self.address) as client:
            self.exchange(client)
            self.echo.end(signal.SIGKILL)
        self.assertEqual(capture.process.wait(10), 0, capture.output())
        self.assertTrue(any("length 7" in line for line in read_capture(path)))

    def test_a_second_capture_waits_for_the_end_of_the_first(self):
        capture = self.start_capture(self.machine.folder / "one.pcapng")
        second = self.machine.ctl("capture", "--app", "echo", "--write", "/dev/null", check=False)
        self.assertEqual((second.returncode, second.stderr.splitlines()[0]),
                         (5, "error: somebody captures vf0/0 already"))
        capture.end(signal.SIGKILL)
        def third():
            done = self.machine.ctl("capture", "--app", "echo", "--write", "/dev/null",
                                    "--duration", "0.1", check=False)
            return done.returncode == 0
        self.assertTrue(eventually(third))

    def test_only_its_user_and_root_may_look(self):
        for words in (("ss", "--app", "echo"), ("stats", "--app", "echo"),
                      ("capture", "--app", "echo", "--write", "-")):
            refused = self.ctl_as(SOMEBODY, *words)
            self.assertEqual(refused.returncode, 4, refused.stderr)
            self.assertIn(f"uid {harness.NOBODY}", refused.stderr)
        self.assertEqual(json.loads(self.ctl_as(SOMEBODY, "ss", "--json").stdout)["items"], [])
        own = json.loads(self.ctl_as(harness.NOBODY, "ss", "--json").stdout)["items"]
        self.assertEqual(own[0]["app"], "echo")

    def test_who_is_stopped_is_named_in_time(self):
        self.echo.send(signal.SIGSTOP)
        begun = time.monotonic()
        failed = self.machine.ctl("ss", check=False)
        self.assertLess(time.monotonic() - begun, 8)
        self.assertEqual(failed.returncode, 1)
        self.assertEqual(failed.stderr.splitlines()[0],
                         f'error: the application "echo" (pid {self.echo.pid}) does not answer')
        self.echo.send(signal.SIGCONT)
        self.assertEqual(len(self.sockets()), 1)

    def test_after_a_restart_of_the_daemon(self):
        self.machine.daemon.end(signal.SIGKILL)
        self.machine.start_daemon()
        self.assertTrue(eventually(lambda: self.machine.ctl("ss", check=False).returncode == 0))
        self.assertEqual(self.sockets()[0]["state"], "listen")


if __name__ == "__main__":
    harness.main()
