"""Asks an echo service: each datagram comes back as it was sent.

usage: ask.py ADDRESS [COUNT [PORTS]]    from so many ports, in turn
"""

import contextlib
import socket
import sys

ATTEMPTS = 5  # UDP may lose; a path that works does not lose five in a row
SECONDS = 1
REPEATS = 240  # of a text of 11 to 13 bytes: up to two fragments


def main():
    address, count = sys.argv[1], int(sys.argv[2]) if len(sys.argv) > 2 else 20
    ports = int(sys.argv[3]) if len(sys.argv) > 3 else 1
    family = socket.AF_INET6 if ":" in address else socket.AF_INET
    with contextlib.ExitStack() as stack:
        askers = [stack.enter_context(socket.socket(family, socket.SOCK_DGRAM))
                  for _ in range(ports)]
        for asker in askers:
            asker.settimeout(SECONDS)
            asker.connect((address, 7))
        for number in range(count):
            text = f"question {number} ".encode() * (1 + number * 37 % REPEATS)
            asker = askers[number % ports]
            if not any(answered(asker, text) for _ in range(ATTEMPTS)):
                sys.exit(f"{address} did not answer question {number} of {len(text)} bytes")
    print(f"{address} answered {count} questions")


def answered(asker, text):
    try:
        asker.send(text)
        while asker.recv(65535) != text:
            pass
        return True
    except OSError:
        return False


if __name__ == "__main__":
    main()
