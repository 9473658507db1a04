#!/usr/bin/env python3
"""A byte stream over sockets of the kernel's, as server or client, as tcp_stream_bench is over a
VNIC (stream.h). A call moves a megabyte, so what Python costs does not show."""

import argparse
import json
import os
import socket
import threading
import time

DISCARD, CHARGEN = 9, 19
CHUNK = 1 << 20


def serve_one(client, sends):
    chunk = bytearray(CHUNK)
    try:
        while client.send(chunk) if sends else client.recv_into(chunk):
            pass
    except OSError:
        pass
    client.close()


def serve():
    def accept(port):
        with socket.create_server(("", port)) as listener:
            while True:
                serve_one(listener.accept()[0], port == CHARGEN)

    threading.Thread(target=accept, args=(DISCARD,), daemon=True).start()
    accept(CHARGEN)


def connect(address):
    deadline = time.monotonic() + 10
    while True:
        try:
            return socket.create_connection(address)
        except OSError:
            if time.monotonic() > deadline:
                raise


def measure(options):
    client = connect((options.server, DISCARD if options.send else CHARGEN))
    chunk = bytearray(CHUNK)
    total = 0
    start = began = time.monotonic()
    first = 0
    while (at := time.monotonic()) < start + options.warm_up + options.seconds:
        if at < start + options.warm_up:
            first, began = total, at
        total += client.send(chunk) if options.send else client.recv_into(chunk)
    print(json.dumps({"gbit_s": (total - first) * 8 / 1e9 / (time.monotonic() - began)}))


def main():
    parser = argparse.ArgumentParser(description=__doc__)
    parser.add_argument("--server", help="address of the server; without: be one")
    parser.add_argument("--send", action="store_true", help="send to it; without: receive")
    parser.add_argument("--seconds", type=float, default=1)
    parser.add_argument("--warm-up", type=float, default=0.2)
    parser.add_argument("--core", type=int)
    options = parser.parse_args()
    if options.core is not None:
        os.sched_setaffinity(0, {options.core})
    if options.server:
        measure(options)
    else:
        serve()


if __name__ == "__main__":
    main()
