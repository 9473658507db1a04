#!/usr/bin/env python3
"""An unprivileged echo on a virtual card of its own, with Linux's own tools at the other end."""

import harness
from harness import MachineTest, eventually, run

# Around every edge: one byte, a DNS answer (RFC 9715), the last whole frame and the first that is
# fragmented at an MTU of 1500, and the largest datagram that UDP can carry.
SIZES = {4: [1, 512, 1232, 1472, 1473, 9000, 65507], 6: [1, 512, 1232, 1452, 1453, 9000, 65487]}


class Echo(MachineTest):
    def setUp(self):
        super().setUp()
        self.machine.start_daemon()
        record = self.machine.assign("echo")
        self.address = {4: record.ip4, 6: record.ip6}
        self.echo = self.machine.start_echo()
        self.assertTrue(harness.echoes(self.address[4]), "no echo at all")

    def test_the_program_has_no_capability(self):
        self.assertEqual(int(harness.status_field(self.echo.pid, "CapEff"), 16), 0)
        self.assertEqual(int(harness.status_field(self.echo.pid, "CapPrm"), 16), 0)
        self.assertEqual(harness.status_field(self.echo.pid, "Uid").split(), ["65534"] * 4)

    def test_datagrams_of_every_size_come_back_whole(self):
        for family, sizes in SIZES.items():
            for size in sizes:
                with self.subTest(family=family, size=size):
                    payload = bytes(i * 7 & 0xFF for i in range(size))
                    self.assertTrue(harness.echoes(self.address[family], payload))

    def test_ping(self):
        for family, address in self.address.items():
            for size in (56, 1472, 20000):
                with self.subTest(family=family, size=size):
                    done = run("ping", "-n", "-c", 5, "-i", 0.05, "-W", 2, "-s", size, address,
                               check=False)
                    self.assertIn(" 0% packet loss", done.stdout)

    def test_traceroute_ends_at_the_application(self):
        for family, address in self.address.items():
            for method in ("-I", "-U"):  # ICMP echo; UDP, answered by port unreachable
                with self.subTest(family=family, method=method):
                    done = run("traceroute", f"-{family}", "-n", "-q", 1, "-w", 2, "-m", 3, method,
                               address)
                    hops = done.stdout.splitlines()[1:]
                    self.assertEqual(len(hops), 1, done.stdout)
                    self.assertIn(f" {address} ", hops[0])

    def test_a_port_where_nobody_listens_refuses(self):
        for address in self.address.values():
            with self.subTest(address=address), harness.udp_socket(address, 9) as client:

                def refused():
                    try:
                        client.send(b"x")
                        client.recv(16)
                    except ConnectionRefusedError:
                        return True
                    except TimeoutError:
                        return False
                    return False
                self.assertTrue(eventually(refused))

    def test_the_books_agree(self):
        before = self.machine.vf("echo")["counters"]
        self.assertEqual(harness.echo_count(self.address[4], 500), 500)
        after = self.machine.vf("echo")["counters"]
        for direction in ("receivedPackets", "transmittedPackets"):
            self.assertGreaterEqual(after[direction] - before[direction], 500)


class BareDevice(MachineTest):
    """The yardstick of the figures, driver_echo, which has no stack once it runs."""

    def test_it_is_found_again_by_who_forgot_it(self):
        self.machine.start_daemon()
        address = self.machine.assign("echo").ip4
        self.machine.start_application(harness.DRIVER_ECHO)
        eventually(lambda: self.machine.vf("echo")["state"] == "attached", 20)
        self.assertTrue(harness.echoes(address), "no echo at all")
        run("ip", "neighbor", "flush", "all")
        self.assertTrue(harness.echoes(address))


if __name__ == "__main__":
    harness.main()
