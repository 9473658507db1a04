"""usage: deaths.py ROUNDS ADDRESS COMMAND...: a server is killed under traffic, ROUNDS times over, and
started again by COMMAND; each successor has to answer. Prints how long that took, from the kill to
the first answer."""

import socket
import statistics
import subprocess
import sys
import time

PATIENCE_SECONDS = 30
BURST = 50  # datagrams in flight when it is killed


def main():
    rounds, address, command = int(sys.argv[1]), sys.argv[2], sys.argv[3:]
    asker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    asker.settimeout(0.05)
    asker.connect((address, 7))
    server = subprocess.Popen(command)
    wait_for_answer(asker, b"first")
    seconds = []
    for number in range(rounds):
        for _ in range(BURST):
            send(asker, b"on its way")
        server.kill()
        began = time.monotonic()
        server.wait()
        server = subprocess.Popen(command)
        wait_for_answer(asker, f"round {number}".encode())
        seconds.append(time.monotonic() - began)
    server.kill()
    server.wait()
    print(f"{rounds} times killed; back after {statistics.median(seconds):.2f} s, "
          f"at most {max(seconds):.2f} s")


def wait_for_answer(asker, text):
    deadline = time.monotonic() + PATIENCE_SECONDS
    while time.monotonic() < deadline:
        send(asker, text)
        try:
            while asker.recv(65535) != text:
                pass
            return
        except OSError:
            continue
    sys.exit(f"nobody answered {text.decode()!r} in {PATIENCE_SECONDS} s")


def send(asker, text):
    try:
        asker.send(text)
    except OSError:  # what the last one provoked
        pass


if __name__ == "__main__":
    main()
