// test_namespace.h: for tests only, a network namespace of the test's own, VNICs in it, and the
// kernel's side of their traffic. Root.
#pragma once

#include <arpa/inet.h>
#include <gtest/gtest.h>
#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/socket.h>
#include <unistd.h>

#include <chrono>
#include <memory>
#include <optional>
#include <string>
#include <utility>

#include "control-plane/providers/xdp/links.h"
#include "control-plane/providers/xdp/test_frames.h"
#include "control-plane/providers/xdp/test_socket.h"
#include "control-plane/providers/xdp/xdp_provider.h"

namespace arrakis::control::xdp {

inline constexpr int patience_ms = 5000;  // for what must come; no test waits for it in vain
inline constexpr int silence_ms = 50;     // for what must not

inline const IpAddress gateway_v4 = ip("10.20.0.1"), gateway_v6 = ip("fd00::1");

inline VnicSpec test_vnic(const std::string& name, std::uint8_t number) {
  VnicSpec spec;
  spec.name = name;
  spec.provider = "xdp";
  spec.mac = {{0x02, 0xca, 0xfe, 0, 0, number}};
  spec.addresses = {{Ipv4Address{{10, 20, 0, number}}, 32},
                    {ip("fd00::" + std::to_string(number)), 128}};
  spec.gateways = {gateway_v4, gateway_v6};
  return spec;
}
inline IpAddress v4_of(const VnicSpec& spec) { return spec.addresses[0].address; }
inline IpAddress v6_of(const VnicSpec& spec) { return spec.addresses[1].address; }

// A UDP socket of the kernel's, on the port of any address.
class KernelUdp {
 public:
  explicit KernelUdp(std::uint16_t port) : socket_{::socket(AF_INET6, SOCK_DGRAM, 0)} {
    sockaddr_in6 any{};
    any.sin6_family = AF_INET6;
    any.sin6_port = htons(port);
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&any), sizeof(any)), 0);
  }
  void send(const IpAddress& to, std::uint16_t port, const std::string& text) {
    sockaddr_in6 target{};
    target.sin6_family = AF_INET6;
    target.sin6_port = htons(port);
    std::memcpy(&target.sin6_addr, to.v6().bytes.data(), 16);  // IPv4 in its mapped form
    EXPECT_EQ(sendto(socket_, text.data(), text.size(), 0, reinterpret_cast<sockaddr*>(&target),
                     sizeof(target)),
              static_cast<ssize_t>(text.size()));
  }
  std::optional<std::string> receive(int timeout_ms) {
    pollfd wait{.fd = socket_, .events = POLLIN, .revents = 0};
    if (poll(&wait, 1, timeout_ms) <= 0) return std::nullopt;
    char text[2048];
    const ssize_t size = recv(socket_, text, sizeof(text), 0);
    return std::string(text, static_cast<std::size_t>(size < 0 ? 0 : size));
  }

 private:
  kj::AutoCloseFd socket_;
};

// All that the kernel sees come in on a netdev, whoever it is for.
class Sniffer {
 public:
  explicit Sniffer(const std::string& netdev)
      : socket_{::socket(AF_PACKET, SOCK_RAW, htons(ETH_P_ALL))} {
    sockaddr_ll address{};
    address.sll_family = AF_PACKET;
    address.sll_protocol = htons(ETH_P_ALL);
    address.sll_ifindex = static_cast<int>(if_nametoindex(netdev.c_str()));
    EXPECT_EQ(bind(socket_, reinterpret_cast<sockaddr*>(&address), sizeof(address)), 0);
  }
  int count_incoming(int timeout_ms) {
    int count = 0;
    pollfd wait{.fd = socket_, .events = POLLIN, .revents = 0};
    while (poll(&wait, 1, timeout_ms) > 0) {
      sockaddr_ll from{};
      socklen_t size = sizeof(from);
      char frame[64];
      recvfrom(socket_, frame, sizeof(frame), 0, reinterpret_cast<sockaddr*>(&from), &size);
      if (from.sll_pkttype != PACKET_OUTGOING) ++count;
    }
    return count;
  }

 private:
  kj::AutoCloseFd socket_;
};

// An application: its rings, and just enough of ARP and NDP to be found.
class TestApp {
 public:
  TestApp(VnicSpec spec, QueueGrant grant)
      : spec_{std::move(spec)},
        grant_{std::make_unique<XdpQueueGrant>(std::get<XdpQueueGrant>(std::move(grant)))},
        socket_{*grant_} {}

  TestSocket& socket() { return socket_; }
  const VnicSpec& spec() const { return spec_; }

  void send_udp(const MacAddress& to_mac, const IpAddress& to, Ports ports,
                const std::string& text) {
    const IpAddress from = to.is_v4() ? v4_of(spec_) : v6_of(spec_);
    socket_.send(ethernet(to_mac, spec_.mac, to.is_v4() ? 0x0800 : 0x86dd,
                          udp(from, to, ports, Bytes(text.begin(), text.end()))));
  }

  // The payload of the next UDP datagram; answers those who ask for the VNIC's MAC meanwhile.
  std::optional<std::string> receive_udp(int timeout_ms) {
    const auto until = std::chrono::steady_clock::now() + std::chrono::milliseconds(timeout_ms);
    while (std::chrono::steady_clock::now() < until) {
      const auto frame = socket_.receive(timeout_ms);
      if (!frame) return std::nullopt;
      if (answer(*frame)) continue;
      const std::size_t headers = (*frame)[12] == 0x08 ? 14 + 20 : 14 + 40;
      if ((*frame)[headers == 34 ? 23 : 20] != 17) continue;
      return std::string(frame->begin() + static_cast<std::ptrdiff_t>(headers) + 8, frame->end());
    }
    return std::nullopt;
  }

 private:
  bool answer(const Bytes& frame) {
    MacAddress asker;
    std::copy_n(frame.begin() + 6, 6, asker.bytes.begin());
    if (frame[12] == 0x08 && frame[13] == 0x06) {
      Ipv4Address address;
      std::copy_n(frame.begin() + 28, 4, address.bytes.begin());
      socket_.send(ethernet(asker, spec_.mac, 0x0806,
                            arp({2, spec_.mac, v4_of(spec_), asker, IpAddress{address}})));
      return true;
    }
    if (frame[12] == 0x86 && frame[20] == 58 && frame[54] == 135) {
      Ipv6Address address;
      std::copy_n(frame.begin() + 22, 16, address.bytes.begin());
      socket_.send(ethernet(asker, spec_.mac, 0x86dd,
                            icmpv6(v6_of(spec_), IpAddress{address},
                                   neighbor_message(136, 0x60000000, v6_of(spec_), 2, spec_.mac))));
      return true;
    }
    return false;
  }

  VnicSpec spec_;
  std::unique_ptr<XdpQueueGrant> grant_;
  TestSocket socket_;
};

class NamespaceTest : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "needs root";
    // The test's thread leaves the machine's namespace for good; its own dies with the process.
    ASSERT_EQ(unshare(CLONE_NEWNET), 0) << std::strerror(errno);
  }

  TestApp start(XdpProvider& provider, VnicSpec spec) {
    auto created = provider.create(spec);
    EXPECT_TRUE(created) << created.error().message;
    auto grant = provider.open(spec, 0);
    EXPECT_TRUE(grant) << grant.error().message;
    return {spec, std::move(*grant)};
  }
  TestApp start(VnicSpec spec) { return start(provider_, std::move(spec)); }

  VnicCounters counters(const TestApp& app) {
    auto counters = provider_.counters(app.spec());
    EXPECT_TRUE(counters) << counters.error().message;
    return *counters;
  }
  static MacAddress mac_of(const std::string& netdev) {
    auto links = Links::open();
    auto link = links->find(netdev);
    EXPECT_TRUE(link) << link.error().message;
    return link->mac;
  }
  static std::size_t netdevs() { return Links::open()->list()->size(); }

  XdpProvider provider_;
};

}  // namespace arrakis::control::xdp
