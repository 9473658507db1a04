#!/usr/bin/env python3
"""Frames, windows and the report's page of figure packet_cost, with no machine."""

import re
import socket
import struct
import threading
import unittest

import bounds
import packet_cost
import packet_wire
import report_packet_cost
from packet_wire import Client, Wire, WireError
from rows import Rows

SERVER_MAC, SERVER = "52:54:00:0a:0b:0c", "10.9.0.2"


def filled(ours):
    rows = Rows("packet_cost")
    for system, mode, factor in (("linux", "spinning", 8), ("linux", "blocking", 10),
                                 ("driver", "spinning", 0.5), ("arrakis-n", "layers", ours),
                                 ("arrakis-n", "spinning", ours)):
        for burst in packet_cost.BURSTS:
            for what, share in (("echo", 1), ("receive", 0.6), ("send", 0.4)):
                rows.add(system, "vf", packet_cost.name_of(what, burst, mode),
                         {"instructions": 1000 * factor * share})
        rows.add(system, "vf", f"{packet_cost.PLANTED_NAME}, {mode}", {"instructions": 1010})
    return rows


class FakeServer(threading.Thread):
    """Echoes on the other end of a wire, and counts as a server in the machine does."""

    def __init__(self, stream, loses=False):
        super().__init__(daemon=True)
        self._stream, self._loses = stream, loses
        self.requests = 0

    def run(self):
        while len(head := self._stream.recv(4, socket.MSG_WAITALL)) == 4:
            frame = self._stream.recv(struct.unpack("!I", head)[0], socket.MSG_WAITALL)
            payload = frame[packet_wire.PAYLOAD_AT:]
            kind, *rest = packet_wire.REQUEST.unpack_from(payload)
            if kind == packet_wire.ASK:
                counters = packet_wire.COUNTERS.pack(self.requests, 700 * self.requests, 0, 7, 9, 0)
                payload = packet_wire.REQUEST.pack(kind, *rest) + counters
            else:
                self.requests += 1
            if kind == packet_wire.QUIET or self._loses:
                continue
            answer = bytearray(packet_wire.datagram(packet_wire.MAC, SERVER, payload))
            answer[34:38] = answer[36:38] + answer[34:36]  # the ports, exchanged
            count = rest[0] if kind == packet_wire.ORDER else 1
            self._stream.sendall((struct.pack("!I", len(answer)) + answer) * count)


class WireTest(unittest.TestCase):
    def setUp(self):
        ours, self.theirs = socket.socketpair()
        self.addCleanup(ours.close)
        self.addCleanup(self.theirs.close)
        self.client = Client(Wire(ours), SERVER_MAC, SERVER, 64)

    def test_sums_are_right(self):
        frame = packet_wire.datagram(bytes(6), SERVER, b"odd")
        self.assertEqual(packet_wire.checksum(frame[14:34]), 0)
        pseudo = frame[26:34] + struct.pack("!HH", 17, len(frame) - 34)
        self.assertEqual(packet_wire.checksum(pseudo + frame[34:]), 0)

    def test_other_frames_carry_nothing(self):
        frame = packet_wire.datagram(bytes(6), SERVER, b"x" * 30)
        for broken in (b"", frame[:40], frame[:12] + b"\x86\xdd" + frame[14:],
                       frame[:36] + b"\0\1" + frame[38:]):
            self.assertIsNone(packet_wire.payload_of(broken))

    def test_answers_who_asks_for_its_address(self):
        question = packet_wire.ARP.pack(1, 0x800, 6, 4, 1, b"\2" * 6, b"\1" * 4, bytes(6),
                                        socket.inet_aton(packet_wire.ADDRESS))
        frame = packet_wire.ETHERNET.pack(b"\xff" * 6, b"\2" * 6, 0x806) + question
        answer = packet_wire.arp_answer(frame)
        self.assertEqual(answer[:6], b"\2" * 6)
        self.assertEqual(packet_wire.ARP.unpack_from(answer, 14)[4:6], (2, packet_wire.MAC))
        self.assertIsNone(packet_wire.arp_answer(frame[:-1] + b"\x63"))  # somebody else's

    def test_a_window_counts_what_was_sent_in_it(self):
        FakeServer(self.theirs).start()
        for work, packets in ((packet_cost.echo, 64), (packet_cost.quiet, 64),
                              (packet_cost.order, 1)):
            measured = packet_cost.window(self.client, lambda work=work: work(self.client, 32, 64))
            self.assertEqual((measured["requests"], measured["busy_ns"]), (packets, 700 * packets))

    def test_a_lost_answer_is_an_error(self):
        silence, packet_wire.SILENCE_S = packet_wire.SILENCE_S, 0.01
        self.addCleanup(setattr, packet_wire, "SILENCE_S", silence)
        FakeServer(self.theirs, loses=True).start()
        with self.assertRaises(WireError):
            self.client.echo(1)


class CostsTest(unittest.TestCase):
    @staticmethod
    def made(packets, ticks=0):
        return {"requests": packets, "busy_ns": packets * 700 + 3000 + ticks * 8600,
                "driver": packets * 200 + 500, "stack": packets * 100 + 60}

    def test_finds_what_the_windows_were_made_of(self):
        windows = [self.made(10), self.made(10, ticks=1), self.made(10)]
        whole, layers = packet_cost.costs(windows, [self.made(0)] * 3, 10)
        self.assertAlmostEqual(whole, 700)
        self.assertEqual(layers, {"driver": 200, "stack": 100, "API": 400})

    def test_a_lost_datagram_is_an_error(self):
        with self.assertRaises(WireError):
            packet_cost.costs([self.made(9)], [self.made(0)], 10)


class ReportTest(unittest.TestCase):
    def verdicts(self, ours):
        return [re.search(r": (reached|missed) \(", line)[1]
                for line in bounds.packet_cost(filled(ours))]

    def test_bounds(self):
        self.assertEqual(self.verdicts(1.0), ["reached"] * 5)
        self.assertEqual(self.verdicts(1.1), ["missed", "reached"] * 2 + ["reached"])
        with self.assertRaises(KeyError):
            list(bounds.packet_cost(Rows("packet_cost")))

    def test_the_check_stands_beside_what_it_checks(self):
        page = "\n".join(report_packet_cost.section("packet_cost", filled(1.0).rows(), None))
        self.assertRegex(page, r"\| arrakis-n \| [^|]+ \| [^|]+ \| [^|]+ \| 8.0, 10.0 \| 1.01 k \|")


if __name__ == "__main__":
    unittest.main()
