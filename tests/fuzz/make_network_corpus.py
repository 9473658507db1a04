#!/usr/bin/env python3
"""Writes seeds for the targets `wire_parsers` and `stack_input`, in the formats of their sources.

usage: make_network_corpus.py CORPUS_FOLDER
"""

import pathlib
import struct
import sys

PARSERS = ["ethernet", "arp", "ipv4", "ipv6", "udp", "icmp", "quote"]
OURS, PEER = bytes([10, 0, 0, 1]), bytes([10, 0, 0, 2])
MAC = bytes([2, 0, 0, 0, 0, 2])
OURS6 = bytes([0xfd]) + bytes(14) + b"\x01"


def ipv4(protocol, payload, options=b""):
    words = 5 + len(options) // 4
    return struct.pack(">BBHHHBBH4s4s", 0x40 + words, 0, 4 * words + len(payload), 0, 0, 64,
                       protocol, 0, PEER, OURS) + options + payload


def ipv6(following, payload):
    return struct.pack(">IHBB", 6 << 28, len(payload), following, 64) + bytes(32) + payload


def udp(payload):
    return struct.pack(">HHHH", 1000, 7, 8 + len(payload), 0) + payload


def wire_seeds():
    arp = struct.pack(">HHBBH6s4s6s4s", 1, 0x0800, 6, 4, 1, MAC, PEER, bytes(6), OURS)
    solicitation = struct.pack(">BBHI", 135, 0, 0, 0) + bytes([0xfe, 0x80]) + bytes(14)
    chain = bytes([60, 0, 1, 4, 0, 0, 0, 0]) + bytes([43, 0, 1, 4, 0, 0, 0, 0])
    routing = bytes([44, 0, 0, 0, 0, 0, 0, 0])
    fragment = bytes([17, 0, 0, 1, 0, 0, 0, 9])
    return {
        "ethernet": MAC + MAC + b"\x08\x00" + ipv4(17, udp(b"payload")),
        "arp": arp,
        "ipv4": ipv4(17, udp(b"payload"), bytes([0x94, 4, 0, 0, 1, 1, 7, 3, 4, 0, 0, 0])),
        "ipv6": ipv6(0, chain + routing + fragment + udp(b"payload")),
        "udp": udp(b"payload"),
        "icmp": solicitation + bytes([1, 1]) + MAC,
        "quote": ipv6(44, fragment + udp(b"payload")),
    }


def counted(data):
    return struct.pack(">H", len(data)) + data


ACT, FRAME, TIME = 1, 2, 0
RAW, ARP, FRAGMENT6, UDP4, UDP6, ICMP4, ICMP6, ANY4, ANY6 = range(9)


def frame(kind, rest):
    return bytes([FRAME, kind]) + rest


ENDS = bytes([0, 0])


def icmp(kind, code, parameter, body):
    return bytes([kind, code]) + struct.pack(">H", parameter) + counted(body)


def part(offset, more, data):
    field = struct.pack(">H", offset // 8 | more << 13)
    return frame(ANY4, ENDS + b"\x11" + field + counted(data) + b"\x01")


def part6(offset, more, data):
    field = struct.pack(">H", offset | more)
    return frame(FRAGMENT6, ENDS + b"\x11" + field + b"\x01" + counted(data))


def stack_seeds():
    echo = frame(UDP4, ENDS + b"\x00" + counted(b"hello")) + bytes([ACT, 1])
    echo += frame(UDP6, ENDS + b"\x00" + counted(b"hello")) + bytes([ACT, 1])
    whole = udp(bytes(1000))
    first, last = part(0, 1, whole[:504]), part(504, 0, whole[504:])
    first6, last6 = part6(0, 1, whole[:504]), part6(504, 0, whole[504:])
    later = bytes([TIME, 255, TIME, 255])
    send = bytes([ACT, 0]) + struct.pack(">HBH", 100, 0, 9)
    large = bytes([ACT, 0]) + struct.pack(">HBH", 60000, 0, 9)
    unknown = bytes([ACT, 0]) + struct.pack(">HBH", 100, 2, 9)
    sent = ipv4(17, struct.pack(">HHHH", 7, 9, 108, 0))
    sent = sent[:12] + OURS + PEER + sent[20:]
    return {
        "echo": echo,
        "fragments": first + last + bytes([ACT, 1]),
        "fragments6": first6 + last6 + bytes([ACT, 1]),
        "overlap": first + part(496, 0, whole[496:]) + later,
        "timeout": first + later,
        "ping": frame(ICMP4, ENDS + icmp(8, 0, 1, b"ping")),
        "ping6": frame(ICMP6, ENDS + icmp(128, 0, 1, b"ping")),
        "neighbor": unknown + frame(ARP, bytes([2, 0, 1, 9])) + later,
        "silence": unknown + bytes([TIME, 11] * 4 + [ACT, 3]),
        "solicited": frame(ICMP6, bytes([0, 7]) + icmp(135, 0, 0, OURS6 + bytes([1, 1]) + MAC)),
        "errors": send + frame(ICMP4, ENDS + icmp(3, 3, 0, sent)) + bytes([ACT, 3]),
        "narrow": send + frame(ICMP4, ENDS + icmp(3, 4, 700, sent)) + large,
        "closed": frame(UDP4, ENDS + b"\x01\x00\x09" + counted(b"x")),
        "options6": frame(ANY6, ENDS + b"\x3c" + counted(bytes([17, 0, 0x9e, 2, 0, 0, 0, 0]))),
        "bytes": frame(RAW, counted(bytes(60))),
    }


def main():
    corpus = pathlib.Path(sys.argv[1])
    for folder in ("wire_parsers", "stack_input"):
        (corpus / folder).mkdir(parents=True, exist_ok=True)
    for name, data in wire_seeds().items():
        (corpus / "wire_parsers" / name).write_bytes(bytes([PARSERS.index(name)]) + data)
    for name, data in stack_seeds().items():
        for checksum in (0, 1):
            (corpus / "stack_input" / f"{name}-{checksum}").write_bytes(bytes([checksum]) + data)


if __name__ == "__main__":
    main()
