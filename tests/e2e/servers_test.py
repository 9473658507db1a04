#!/usr/bin/env python3
"""The servers among the examples, with the clients that everybody has."""

import re
import socket

import harness
from harness import MachineTest, run


class KeysAndValues(MachineTest):
    def setUp(self):
        super().setUp()
        self.machine.start_daemon()
        self.address = self.machine.assign("echo").ip4
        self.server = self.machine.start_server(harness.KV_SERVER)

    def cli(self, *words, **options):
        return run("redis-cli", "-h", self.address, *words, **options).stdout.strip()

    def test_redis_cli(self):
        self.assertEqual(self.cli("PING"), "PONG")
        self.assertEqual(self.cli("GET", "spice"), "")
        self.assertEqual(self.cli("SET", "spice", "melange"), "OK")
        self.assertEqual(self.cli("GET", "spice"), "melange")
        self.assertEqual(self.cli("DEL", "spice"), "1")
        self.assertEqual(self.cli("DEL", "spice"), "0")
        self.assertIn("ERR", self.cli("FLUSHALL"))

    def test_values_that_span_packets(self):
        value = "0123456789" * 20_000
        self.assertEqual(self.cli("-x", "SET", "long", input=value), "OK")
        self.assertEqual(self.cli("GET", "long"), value)

    def test_redis_benchmark(self):
        done = run("redis-benchmark", "-h", self.address, "-t", "set,get", "-n", 20_000, "-c", 50,
                   "-P", 8, "-q", timeout=60)
        for verb in ("SET", "GET"):
            self.assertRegex(done.stdout, verb + r": \d+\.\d+ requests per second", done.stderr)

    def test_nonsense_ends_the_connection_and_nothing_else(self):
        for text in (b"\r\n", b"*0\r\n", b"*99999\r\n", b"*1\r\n$-1\r\n", b"*1\r\n$9999999\r\n",
                     b"*1\r\n$4\r\nPINGxx", b"x" * 2_000_000):
            with self.subTest(text=text[:20]), harness.tcp_socket(self.address, 6379) as client:
                try:
                    client.sendall(text)
                    self.assertEqual(client.recv(64), b"")
                except (ConnectionResetError, BrokenPipeError):
                    pass
        self.assertEqual(self.cli("PING"), "PONG")


class Http(MachineTest):
    def setUp(self):
        super().setUp()
        self.machine.start_daemon()
        record = self.machine.assign("echo")
        self.address = record.ip4
        self.url, self.url6 = f"http://{record.ip4}", f"http://[{record.ip6}]"
        self.file = self.machine.folder / "page.html"
        self.content = bytes(i * 7 & 0xFF for i in range(1_000_000))
        self.file.write_bytes(self.content)
        self.server = self.machine.start_server(harness.HTTP_SERVER, self.file)

    def curl(self, *words):
        return run("curl", "-sS", "--max-time", 20, *words).stdout

    def status(self, *words):
        return self.curl("-o", "/dev/null", "-w", "%{http_code}", *words)

    def test_the_file_comes_whole_over_both_families(self):
        got = self.machine.folder / "got"
        for url in (self.url, self.url6):
            self.curl("-g", "-o", got, url)
            self.assertEqual(got.read_bytes(), self.content)

    def test_a_connection_is_used_again(self):
        said = self.curl(*["-o", "/dev/null"] * 3, "-w", "%{num_connects} %{http_code}\n",
                         self.url, self.url, self.url)
        self.assertEqual(said, "1 200\n0 200\n0 200\n")

    def test_statuses(self):
        self.assertEqual(self.status(self.url), "200")
        self.assertEqual(self.status(self.url + "/elsewhere"), "404")
        self.assertEqual(self.status("-X", "DELETE", self.url), "405")
        self.assertEqual(self.status("-d", "body", self.url), "400")
        self.assertEqual(self.status("-0", self.url), "200")
        head = self.curl("--head", self.url)
        self.assertIn("200 OK", head)
        self.assertIn(f"Content-Length: {len(self.content)}", head)

    def test_bad_requests(self):
        for text in (b"nonsense\r\n\r\n", b"GET / HTTP/2.0\r\n\r\n", b"GET / HTTP/1.1\r\n\r\n"):
            with self.subTest(text=text), harness.tcp_socket(self.address, 80) as client:
                client.sendall(text)
                said = b""
                while chunk := client.recv(4096):
                    said += chunk
                self.assertTrue(said.startswith(b"HTTP/1.1 400 "), said)

    def test_requests_byte_by_byte_and_in_a_row(self):
        request = b"HEAD / HTTP/1.1\r\nHost: arrakis\r\n\r\n"
        with harness.tcp_socket(self.address, 80) as client:
            client.setsockopt(socket.IPPROTO_TCP, socket.TCP_NODELAY, 1)
            for byte in request:
                client.sendall(bytes([byte]))
            client.sendall(request * 50)
            said = b""
            while said.count(b"\r\n\r\n") < 51:
                chunk = client.recv(65_536)
                self.assertTrue(chunk, said)
                said += chunk
            self.assertEqual(said.count(b"200 OK"), 51)

    def test_a_head_without_end_is_cut(self):
        with harness.tcp_socket(self.address, 80) as client:
            with self.assertRaises(OSError):
                while True:
                    client.sendall(b"GET / HTTP/1.1\r\n" + b"X: y\r\n" * 100)
        self.assertEqual(self.status(self.url), "200")

    def test_wrk(self):
        self.file.write_bytes(b"melange\n" * 128)
        self.server.end()
        self.machine.start_server(harness.HTTP_SERVER, self.file)
        said = run("wrk", "-t", 1, "-c", 50, "-d", 2, "--latency", self.url + "/").stdout
        print(said)
        self.assertGreater(int(re.search(r"(\d+) requests in", said)[1]), 1_000)
        self.assertNotIn("Socket errors", said)
        self.assertNotIn("Non-2xx", said)


if __name__ == "__main__":
    harness.main()
