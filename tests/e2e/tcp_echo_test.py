#!/usr/bin/env python3
"""TCP echoes on a virtual card, with Linux's TCP and its tools at the other end, and with ours."""

import signal
import socket
import struct
import threading

import harness
from harness import MachineTest, eventually, run

# Around every edge: one byte, a whole segment, one more, many windows.
SIZES = [1, 1448, 1449, 65_536, 3_000_000]


def pattern(size):
    return bytes(i * 7 + i // 251 & 0xFF for i in range(min(size, 100_000))) * (size // 100_000 + 1)


def exchange(address, payload):
    """What comes back of the payload, read to the end after our side is closed."""
    with harness.tcp_socket(address) as client:
        def send():
            client.sendall(payload)
            client.shutdown(socket.SHUT_WR)
        sender = threading.Thread(target=send)
        sender.start()
        received = bytearray()
        while chunk := client.recv(1 << 20):
            received += chunk
        sender.join()
        return bytes(received)


def reset(client):
    """Closes with RST: SO_LINGER of no time at all."""
    client.setsockopt(socket.SOL_SOCKET, socket.SO_LINGER, struct.pack("ii", 1, 0))
    client.close()


class TcpEcho(MachineTest):
    program = harness.TCP_ECHO

    def setUp(self):
        super().setUp()
        self.machine.start_daemon()
        record = self.machine.assign("echo")
        self.address = {4: record.ip4, 6: record.ip6}
        self.echo = self.machine.start_server(self.program)

    def assert_serves(self):
        self.assertTrue(self.echo.running(), self.echo.output())
        self.assertEqual(exchange(self.address[4], b"melange"), b"melange")

    def test_streams_of_every_size_come_back_whole(self):
        self.assertEqual(int(harness.status_field(self.echo.pid, "CapEff"), 16), 0)
        for family, address in self.address.items():
            for size in SIZES:
                with self.subTest(family=family, size=size):
                    payload = pattern(size)[:size]
                    self.assertEqual(exchange(address, payload), payload)

    def test_nc(self):
        done = run("nc", "-N", "-w", 5, self.address[4], 7, input="melange\n")
        self.assertEqual(done.stdout, "melange\n")

    def test_a_port_where_nobody_listens_refuses(self):
        for address in self.address.values():
            with self.assertRaises(ConnectionRefusedError):
                harness.tcp_socket(address, 9)

    def test_many_at_once(self):
        clients = [harness.tcp_socket(self.address[4]) for _ in range(300)]
        for number, client in enumerate(clients):
            client.sendall(b"%d" % number)
        for number, client in enumerate(clients):
            self.assertEqual(client.recv(16), b"%d" % number)
            client.close()
        self.assert_serves()

    def test_who_never_reads_hurts_only_itself(self):
        deaf = harness.tcp_socket(self.address[4], timeout_s=0.5)
        with self.assertRaises(TimeoutError):  # both windows close, ours and the echo's
            while True:
                deaf.sendall(b"x" * 65_536)
        self.assert_serves()
        reset(deaf)
        self.assert_serves()

    def test_resets_in_the_middle(self):
        for _ in range(50):
            client = harness.tcp_socket(self.address[4])
            client.sendall(b"x" * 100_000)
            reset(client)
        self.assert_serves()

    def test_a_client_that_is_killed(self):
        flood = (f"import socket; s = socket.create_connection(('{self.address[4]}', 7))\n"
                 "while s.send(bytes(1000)): s.recv(1000)")
        client = self.machine.start("python3", "-c", flood)
        self.assertTrue(eventually(lambda: self.packets() > 1_000))
        client.end(signal.SIGKILL)
        self.assert_serves()

    def packets(self):
        return self.machine.vf("echo")["counters"]["transmittedPackets"]


class TcpEchoOfEvents(TcpEcho):
    """The same of callbacks in place of coroutines."""

    program = harness.TCP_ECHO_EVENTS


class TcpWire(MachineTest):
    """Two applications, nothing of Linux between them."""

    def test_a_stream_comes_back_whole(self):
        self.machine.start_daemon()
        server = self.machine.assign("echo", "--provider", "wire", "--wire", "w0")
        self.machine.assign("client", "--provider", "wire", "--wire", "w0")
        self.machine.start_server(harness.TCP_ECHO)
        for size in SIZES:
            with self.subTest(size=size):
                client = self.machine.start_application(
                    harness.TCP_PROBE, f"{server.ip4}:7", size, app="client")
                client.process.wait(60)
                self.assertEqual(client.output(), f"{size} right\nclosed\n")


if __name__ == "__main__":
    harness.main()
