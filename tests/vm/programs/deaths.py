"""usage: deaths.py ROUNDS ADDRESS LOG COMMAND...: a server is killed under traffic, ROUNDS times
over, and started again by COMMAND; each successor has to answer, and LOG, of arrakisd, to name each
dead. Prints how long both took, from the kill on."""

import datetime
import pathlib
import re
import socket
import statistics
import subprocess
import sys
import time

PATIENCE_SECONDS = 30
BURST = 50  # datagrams in flight when it is killed
RECLAIM = re.compile(r"^(\S+) arrakisd info: audit: reclaim .* pid=(\d+)$", re.MULTILINE)


def main():
    rounds, address, log, command = int(sys.argv[1]), sys.argv[2], sys.argv[3], sys.argv[4:]
    asker = socket.socket(socket.AF_INET, socket.SOCK_DGRAM)
    asker.settimeout(0.05)
    asker.connect((address, 7))
    server = subprocess.Popen(command)
    wait_for_answer(asker, b"first")
    killed, answered = {}, []  # by process; seconds
    for number in range(rounds):
        for _ in range(BURST):
            send(asker, b"on its way")
        server.kill()
        killed[server.pid] = began = time.time()
        server.wait()
        server = subprocess.Popen(command)
        wait_for_answer(asker, f"round {number}".encode())
        answered.append(time.time() - began)
    server.kill()
    server.wait()
    reclaimed = reclaims(log)
    if lost := killed.keys() - reclaimed.keys():
        sys.exit(f"arrakisd never took back what processes {sorted(lost)} held")
    free = [reclaimed[process] - began for process, began in killed.items()]
    print(f"{rounds} times killed; its function at rest after {words(free)}; "
          f"the successor's first answer after {words(answered)}")


def reclaims(log):
    """When what a process held had been taken back, by process."""
    text = pathlib.Path(log).read_text(encoding="utf-8")
    return {int(process): datetime.datetime.fromisoformat(at).timestamp()
            for at, process in RECLAIM.findall(text)}


def words(seconds):
    return f"{statistics.median(seconds):.2f} s, at most {max(seconds):.2f} s"


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
