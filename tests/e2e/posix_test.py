#!/usr/bin/env python3
"""Debian's own servers under the library that is preloaded, asked by the kernel's clients."""

import pathlib
import shutil
import socket
import sys
import time

import harness
from harness import MachineTest, eventually, run

LIBRARY = harness.BUILD / "libos/posix/preload/libarrakis-posix.so"
ASYNC_ECHO = """
import asyncio, sys
async def echo(reader, writer):
    while data := await reader.read(65536):
        writer.write(data)
        await writer.drain()
    writer.close()
async def main():
    server = await asyncio.start_server(echo, sys.argv[1], 7)
    await server.serve_forever()
asyncio.run(main())
"""


class PosixTest(MachineTest):
    def setUp(self):
        super().setUp()
        self.machine.start_daemon()
        self.address = self.machine.assign("echo").ip4

    def start(self, *command):
        """Unmodified, as nobody."""
        library = self.machine.copy_of(LIBRARY)
        return self.machine.start(*command, user=harness.NOBODY, ARRAKIS_APP="echo",
                                  LD_PRELOAD=str(library))

    def serve(self, *command, port):
        """The same; returns when it answers."""
        server = self.start(*command)
        if not eventually(lambda: self.answers(port) or not server.running(), 20):
            raise AssertionError(f"{command[0]} does not answer")
        self.assertTrue(server.running(), server.output())
        return server

    def answers(self, port):
        try:
            harness.tcp_socket(self.address, port, timeout_s=1).close()
            return True
        except OSError:
            return False


class Redis(PosixTest):
    def setUp(self):
        super().setUp()
        folder = self.machine.folder / "redis"
        folder.mkdir()
        shutil.chown(folder, harness.NOBODY)
        self.server = self.serve("/usr/bin/redis-server", "--bind", self.address, "--port", 6379,
                                 "--protected-mode", "no", "--dir", folder, "--save", "",
                                 port=6379)

    def cli(self, *words, **options):
        return run("redis-cli", "-h", self.address, *words, **options).stdout.strip()

    def test_it_serves(self):
        self.assertEqual(self.cli("PING"), "PONG")
        self.assertEqual(self.cli("SET", "spice", "melange"), "OK")
        self.assertEqual(self.cli("GET", "spice"), "melange")
        value = "0123456789" * 50_000
        self.assertEqual(self.cli("-x", "SET", "long", input=value), "OK")
        self.assertEqual(self.cli("GET", "long"), value)

    def test_redis_benchmark(self):
        done = run("redis-benchmark", "-h", self.address, "-t", "set,get", "-n", 20_000, "-c", 50,
                   "-q", timeout=60)
        for verb in ("SET", "GET"):
            self.assertRegex(done.stdout, verb + r": \d+\.\d+ requests per second", done.stderr)

    def test_a_child_saves(self):
        self.cli("SET", "spice", "melange")
        self.assertIn("started", self.cli("BGSAVE"))
        saved = self.machine.folder / "redis/dump.rdb"
        self.assertTrue(eventually(saved.exists), self.server.output())
        self.assertEqual(self.cli("GET", "spice"), "melange")


class Memcached(PosixTest):
    def ask(self, client, text, end):
        client.sendall(text)
        answer = b""
        while not answer.endswith(end):
            more = client.recv(65536)
            self.assertTrue(more)
            answer += more
        return answer

    def serve_and_ask(self, *options):
        self.serve("/usr/bin/memcached", "-l", self.address, "-U", 0, *options, port=11211)
        clients = [harness.tcp_socket(self.address, 11211) for _ in range(8)]
        for number, client in enumerate(clients):
            text = b"set k%d 0 0 5\r\nspice\r\n" % number
            self.assertEqual(self.ask(client, text, b"\r\n"), b"STORED\r\n")
        for number, client in enumerate(clients):
            key = b"k%d" % ((number + 3) % len(clients))
            self.assertEqual(self.ask(client, b"get " + key + b"\r\n", b"END\r\n"),
                             b"VALUE " + key + b" 0 5\r\nspice\r\nEND\r\n")
            client.close()

    def test_one_thread(self):
        self.serve_and_ask("-t", "1")

    def test_four_threads(self):
        self.serve_and_ask("-t", "4")


class Python(PosixTest):
    def test_http_server(self):
        content = bytes(i * 7 & 0xFF for i in range(1_000_000))
        (self.machine.folder / "page.bin").write_bytes(content)
        self.serve("/usr/bin/python3", "-m", "http.server", "--bind", self.address, 8000,
                   port=8000)
        got = self.machine.folder / "got"
        run("curl", "-sS", "--max-time", 20, "-o", got, f"http://{self.address}:8000/page.bin")
        self.assertEqual(got.read_bytes(), content)

    def test_asyncio_echo(self):
        self.serve("/usr/bin/python3", "-c", ASYNC_ECHO, self.address, port=7)
        with harness.tcp_socket(self.address) as client:
            for size in (1, 1000, 200_000):
                sent = b"x" * size
                client.sendall(sent)
                got = b""
                while len(got) < size:
                    got += client.recv(65536)
                self.assertEqual(got, sent)

    def test_a_client(self):
        """The other direction. The address that it connects to is there once its VNIC is."""
        with socket.create_server(("", 9000)) as listener:
            program = "import socket, sys; s = socket.create_connection((sys.argv[1], 9000)); " \
                "s.sendall(b'melange'); print(s.recv(100))"
            client = self.start("/usr/bin/python3", "-c", program, harness.HOST4)
            listener.settimeout(20)
            connection, peer = listener.accept()
            with connection:
                self.assertEqual(peer[0], self.address)
                self.assertEqual(connection.recv(100), b"melange")
                connection.sendall(b"spice")
            self.assertEqual(client.process.wait(20), 0)
            self.assertIn("b'spice'", client.output())


class Rules(PosixTest):
    def test_idle_costs_nothing(self):
        server = self.serve("/usr/bin/redis-server", "--bind", self.address, "--save", "",
                            "--dir", "/tmp", port=6379)

        def used_ticks():
            fields = pathlib.Path(f"/proc/{server.pid}/stat").read_text().rsplit(")", 1)[1].split()
            return int(fields[11]) + int(fields[12])
        before = used_ticks()
        time.sleep(3)
        self.assertLess(used_ticks() - before, 10, "more than 3 % of a core")

    def test_loopback_stays_with_linux(self):
        program = "import socket; l = socket.create_server(('127.0.0.1', 0)); " \
            "c = socket.create_connection(l.getsockname()); c.send(b'x'); " \
            "print(l.accept()[0].recv(1))"
        client = self.start("/usr/bin/python3", "-c", program)
        self.assertEqual(client.process.wait(20), 0)
        self.assertEqual(client.output().strip(), "b'x'")


if __name__ == "__main__":
    if not LIBRARY.exists():
        print("the library was not built")
        sys.exit(77)
    harness.main()
