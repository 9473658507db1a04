"""The other end of an emulated machine's wire: an IPv4 host that sends UDP datagrams to an echo
server in it and takes what comes back.

QEMU's backend `stream` carries frames behind their length (32 bits, network order). What is
written at once is delivered at once, and where QEMU has a single core nothing of the guest runs
meanwhile: a burst lies in the card's ring before the guest executes its next instruction.
"""

import socket
import struct
import time

MAC = bytes.fromhex("525400000099")
ADDRESS = "10.9.0.1"
PORT, SERVER_PORT = 4000, 7

# bench/lib/echo_protocol.h
ECHO, QUIET, ORDER, ASK = 0x41524B45, 0x41524B2E, 0x41524B2A, 0x41524B3F
REQUEST = struct.Struct("=IIQq")
COUNTERS = struct.Struct("=QQQ16xQQQ")
COUNTER_NAMES = ("requests", "busy_ns", "processor_ns", "driver", "stack", "ticks")
ETHERNET, IPV4 = struct.Struct("!6s6sH"), struct.Struct("!BBHHHBBH4s4s")
UDP = struct.Struct("!HHHH")
ARP = struct.Struct("!HHBBH6s4s6s4s")
PAYLOAD_AT = ETHERNET.size + IPV4.size + UDP.size
LENGTH = struct.Struct("!I")
ETHERTYPE_IPV4, ETHERTYPE_ARP, PROTOCOL_UDP = 0x0800, 0x0806, 17
SILENCE_S = 10.0  # an answer that takes longer never comes


class WireError(Exception):
    """The server did not do what was expected of it; the text says what."""


def checksum(data):
    """RFC 1071."""
    total = sum(struct.unpack(f"!{(len(data) + 1) // 2}H", data + b"\0" * (len(data) % 2)))
    while total >> 16:
        total = (total & 0xFFFF) + (total >> 16)
    return total ^ 0xFFFF


def datagram(target_mac, target, payload):
    """A frame with a UDP datagram from this host."""
    source, target = socket.inet_aton(ADDRESS), socket.inet_aton(target)
    length = UDP.size + len(payload)
    ip = IPV4.pack(0x45, 0, IPV4.size + length, 0, 0x4000, 64, PROTOCOL_UDP, 0, source, target)
    ip = ip[:10] + struct.pack("!H", checksum(ip)) + ip[12:]
    pseudo = source + target + struct.pack("!HH", PROTOCOL_UDP, length)
    udp = UDP.pack(PORT, SERVER_PORT, length, 0)
    udp = UDP.pack(PORT, SERVER_PORT, length, checksum(pseudo + udp + payload) or 0xFFFF)
    return ETHERNET.pack(target_mac, MAC, ETHERTYPE_IPV4) + ip + udp + payload


def payload_of(frame):
    """What a datagram to this host carries; None for any other frame."""
    if len(frame) < PAYLOAD_AT or ETHERNET.unpack_from(frame)[2] != ETHERTYPE_IPV4:
        return None
    ip = IPV4.unpack_from(frame, ETHERNET.size)
    _, port, length, _ = UDP.unpack_from(frame, ETHERNET.size + IPV4.size)
    if ip[0] != 0x45 or ip[6] != PROTOCOL_UDP or port != PORT or length < UDP.size:
        return None
    return frame[PAYLOAD_AT:PAYLOAD_AT + length - UDP.size]


def arp_answer(frame):
    """The answer to a question for this host's address; None for any other frame."""
    if (len(frame) < ETHERNET.size + ARP.size
            or ETHERNET.unpack_from(frame)[2] != ETHERTYPE_ARP):
        return None
    *_, operation, mac, address, _, wanted = ARP.unpack_from(frame, ETHERNET.size)
    if operation != 1 or wanted != socket.inet_aton(ADDRESS):
        return None
    arp = ARP.pack(1, ETHERTYPE_IPV4, 6, 4, 2, MAC, wanted, mac, address)
    return (ETHERNET.pack(mac, MAC, ETHERTYPE_ARP) + arp).ljust(60, b"\0")


class Wire:
    """Frames in and out over the socket that QEMU has the other end of."""

    def __init__(self, stream):
        self._stream = stream
        self._rest = bytearray()

    def send(self, frames):
        self._stream.sendall(b"".join(LENGTH.pack(len(frame)) + frame for frame in frames))

    def receive(self, seconds):
        """The payload of the next datagram to this host. None: none came in time."""
        deadline = time.monotonic() + seconds
        while True:
            frame = self._next_frame(deadline)
            if frame is None:
                return None
            if answer := arp_answer(frame):
                self.send([answer])
            if (payload := payload_of(frame)) is not None:
                return payload

    def _next_frame(self, deadline):
        while True:
            if len(self._rest) >= LENGTH.size:
                end = LENGTH.size + LENGTH.unpack_from(self._rest)[0]
                if len(self._rest) >= end:
                    frame = bytes(self._rest[LENGTH.size:end])
                    del self._rest[:end]
                    return frame
            self._stream.settimeout(max(deadline - time.monotonic(), 0.0001))
            try:
                more = self._stream.recv(65536)
            except TimeoutError:
                return None
            if not more:
                raise WireError("the emulated machine has stopped")
            self._rest += more


class Client:
    """Of the echo server at an address."""

    def __init__(self, wire, mac, address, payload_bytes, rest_s=0.0):
        self._rest_s = rest_s
        self._wire, self._address, self._size = wire, address, payload_bytes
        self._mac = bytes.fromhex(mac.replace(":", ""))
        self._sequence = 0

    def _request(self, kind, work_ns=0, at_a_time=0):
        self._sequence += 1
        payload = REQUEST.pack(kind, work_ns, self._sequence, at_a_time)
        room = self._size if kind != ASK else REQUEST.size + COUNTERS.size
        payload = payload.ljust(room, b"\0")
        return datagram(self._mac, self._address, payload)

    def rest(self):
        """Long enough for the server to have nothing left to do."""
        time.sleep(self._rest_s)

    def echo(self, count, work_ns=0):
        """Sends a burst, each to cause that much work, and returns when all were answered."""
        first = self._sequence + 1
        self._wire.send([self._request(ECHO, work_ns) for _ in range(count)])
        waiting = set(range(first, first + count))
        while waiting:
            waiting.discard(REQUEST.unpack_from(self._answer())[2])

    def quiet(self, count):
        """Sends a burst that is not answered."""
        self._wire.send([self._request(QUIET) for _ in range(count)])

    def order(self, count, at_a_time):
        """Lets the server send that many, and returns when all have come."""
        self._wire.send([self._request(ORDER, count, at_a_time)])
        while count:
            count -= REQUEST.unpack_from(self._answer())[0] == ORDER

    def counters(self):
        """The server's, at the moment that it answers."""
        self._wire.send([self._request(ASK)])
        while REQUEST.unpack_from(answer := self._answer())[2] != self._sequence:
            pass
        return dict(zip(COUNTER_NAMES, COUNTERS.unpack_from(answer, REQUEST.size)))

    def introduce(self, seconds):
        """Asks until the server answers: it may still be starting, or ask for our MAC address."""
        deadline = time.monotonic() + seconds
        while time.monotonic() < deadline:
            self._wire.send([self._request(ECHO)])
            if self._wire.receive(0.5):
                while self._wire.receive(0.5):  # late ones
                    pass
                return
        raise WireError(f"{self._address} answered nothing")

    def _answer(self):
        answer = self._wire.receive(SILENCE_S)
        if answer is None or len(answer) < REQUEST.size:
            raise WireError(f"{self._address} lost a request, or its answer")
        return answer
