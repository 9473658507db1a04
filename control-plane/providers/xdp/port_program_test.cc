// The XDP program alone, frame by frame (BPF_PROG_TEST_RUN): no netdev is involved, but the kernel
// lets only root load it.
#include <bpf/bpf.h>
#include <gtest/gtest.h>
#include <unistd.h>

#include <string>
#include <utility>
#include <vector>

#include "control-plane/providers/xdp/port.h"
#include "control-plane/providers/xdp/port_table.h"
#include "control-plane/providers/xdp/test_frames.h"
#include "port.skel.h"

namespace arrakis::control::xdp {
namespace {

const MacAddress own_mac = mac("02:ca:fe:00:00:01"), peer_mac = mac("02:00:00:00:00:99");
const IpAddress own_v4 = ip("10.20.0.2"), own_v6 = ip("fd00::2");
const IpAddress peer_v4 = ip("10.20.0.1"), peer_v6 = ip("fd00::1");

Bytes from_app(unsigned type, const Bytes& packet) {
  return ethernet(peer_mac, own_mac, type, packet);
}
Bytes to_app(unsigned type, const Bytes& packet) {
  return ethernet(own_mac, peer_mac, type, packet);
}
// An IPv6 extension header of `units` times 8 bytes.
Bytes extension(std::uint8_t next, std::uint8_t units = 1) {
  Bytes header(8u * units);
  header[0] = next;
  header[1] = static_cast<std::uint8_t>(units - 1);
  return header;
}
Bytes fragment_header(std::uint8_t next, unsigned offset_units, bool more) {
  return Bytes{next, 0} + be16(offset_units << 3 | (more ? 1 : 0)) + Bytes{0, 0, 0, 9};
}
const Bytes udp_7_to_9 = be16(7) + be16(9) + be16(8) + be16(0);
const Bytes udp_8_to_9 = be16(8) + be16(9) + be16(8) + be16(0);

class PortProgramTest : public testing::Test {
 protected:
  void SetUp() override {
    if (geteuid() != 0) GTEST_SKIP() << "needs root";
    skeleton_ = port_bpf__open_and_load();
    ASSERT_NE(skeleton_, nullptr);
    spec_.name = "vf0";
    spec_.mac = own_mac;
    spec_.addresses = {{own_v4, 24}, {own_v6, 128}};
  }
  void TearDown() override { port_bpf__destroy(skeleton_); }

  void filters(std::initializer_list<const char*> texts) {
    spec_.filters.clear();
    for (const char* text : texts) spec_.filters.push_back(*parse_filter(text));
  }

  void stand(Place place, bool exclusive) {
    const auto index = static_cast<std::uint32_t>(place);
    const ark_vnic table = place == Place::guard ? guard_table(spec_) : recipient_table(spec_);
    ark_port_state state{.layout = ARK_LAYOUT, .exclusive = exclusive, .slot = {0, 0}};
    state.slot[index] = 1;
    const std::uint32_t zero = 0, entry = 2 * index;
    ASSERT_EQ(bpf_map_update_elem(fd(skeleton_->maps.ark_vnics), &entry, &table, 0), 0);
    ASSERT_EQ(bpf_map_update_elem(fd(skeleton_->maps.ark_state), &zero, &state, 0), 0);
  }

  unsigned run(Bytes frame) {
    LIBBPF_OPTS(bpf_test_run_opts, options, .data_in = frame.data(),
                .data_size_in = static_cast<std::uint32_t>(frame.size()));
    EXPECT_EQ(bpf_prog_test_run_opts(bpf_program__fd(skeleton_->progs.ark_port), &options), 0);
    return options.retval;
  }

  // Which counter the frame moved; the test wants exactly one, or that with its bytes.
  std::string counted(Place place, const Bytes& frame) {
    const ark_count before = count(place);
    run(frame);
    const ark_count after = count(place);
    std::string moved;
    const auto compare = [&](const char* name, std::uint64_t a, std::uint64_t b) {
      if (a != b) moved += moved.empty() ? name : std::string{" "} + name;
    };
    compare("received", before.received_packets, after.received_packets);
    compare("transmitted", before.transmitted_packets, after.transmitted_packets);
    compare("filtered_receive", before.filtered_receive, after.filtered_receive);
    compare("forged_mac", before.forged_mac, after.forged_mac);
    compare("forged_address", before.forged_address, after.forged_address);
    compare("filtered_transmit", before.filtered_transmit, after.filtered_transmit);
    compare("over_rate", before.over_rate, after.over_rate);
    compare("no_socket", before.no_socket, after.no_socket);
    return moved;
  }
  std::string sent(const Bytes& frame) { return counted(Place::guard, frame); }
  std::string received(const Bytes& frame) { return counted(Place::recipient, frame); }

  VnicSpec spec_;

 private:
  static int fd(const bpf_map* map) { return bpf_map__fd(map); }
  ark_count count(Place place) {
    const auto index = static_cast<std::uint32_t>(place);
    std::vector<ark_count> cpus(static_cast<std::size_t>(libbpf_num_possible_cpus()));
    EXPECT_EQ(bpf_map_lookup_elem(fd(skeleton_->maps.ark_counts), &index, cpus.data()), 0);
    ark_count sum{};
    auto* total = reinterpret_cast<__u64*>(&sum);
    for (ark_count& cpu : cpus)
      for (std::size_t i = 0; i < sizeof(sum) / 8; ++i)
        total[i] += reinterpret_cast<__u64*>(&cpu)[i];
    return sum;
  }
  port_bpf* skeleton_ = nullptr;
};

TEST_F(PortProgramTest, WithoutVnicsTheFrameIsTheKernels) {
  EXPECT_EQ(run(from_app(0x0800, udp(own_v4, peer_v4, {7, 9}, {}))), XDP_PASS);
  EXPECT_EQ(run(Bytes(14, 0)), XDP_PASS);
}

TEST_F(PortProgramTest, HonestFramesPassTheGuard) {
  stand(Place::guard, false);
  EXPECT_EQ(run(from_app(0x0800, udp(own_v4, peer_v4, {7, 9}, {}))), XDP_PASS);
  EXPECT_EQ(sent(from_app(0x0800, udp(own_v4, peer_v4, {7, 9}, {1, 2}))), "transmitted");
  EXPECT_EQ(sent(from_app(0x86dd, udp(own_v6, peer_v6, {7, 9}, {1, 2}))), "transmitted");
  EXPECT_EQ(sent(from_app(0x0806, arp({1, own_mac, own_v4, {}, peer_v4}))), "transmitted");
  EXPECT_EQ(sent(from_app(0x0806, arp({1, own_mac, ip("0.0.0.0"), {}, own_v4}))), "transmitted");
  EXPECT_EQ(sent(from_app(0x86dd, icmpv6(own_v6, peer_v6,
                                         neighbor_message(136, 0x60000000, own_v6, 2, own_mac)))),
            "transmitted");
  EXPECT_EQ(sent(from_app(0x86dd, icmpv6(own_v6, ip("ff02::1:ff00:1"),
                                         neighbor_message(135, 0, peer_v6, 1, own_mac)))),
            "transmitted");
  EXPECT_EQ(sent(from_app(
                0x86dd, icmpv6(ip("::"), ip("ff02::1:ff00:2"), neighbor_message(135, 0, own_v6)))),
            "transmitted");
}

TEST_F(PortProgramTest, ForgedMacsAreCounted) {
  stand(Place::guard, false);
  const Bytes packet = udp(own_v4, peer_v4, {7, 9}, {});
  EXPECT_EQ(run(ethernet(peer_mac, peer_mac, 0x0800, packet)), XDP_DROP);
  EXPECT_EQ(sent(ethernet(peer_mac, peer_mac, 0x0800, packet)), "forged_mac");
  EXPECT_EQ(sent(from_app(0x0806, arp({2, peer_mac, own_v4, peer_mac, peer_v4}))), "forged_mac");
  EXPECT_EQ(sent(from_app(0x86dd,
                          icmpv6(own_v6, peer_v6, neighbor_message(136, 0, own_v6, 2, peer_mac)))),
            "forged_mac");
  EXPECT_EQ(sent(from_app(0x86dd,
                          icmpv6(own_v6, peer_v6, neighbor_message(135, 0, peer_v6, 1, peer_mac)))),
            "forged_mac");
  // Either of two options may be the one that is believed.
  for (const auto& [first, second] : {std::pair{own_mac, peer_mac}, std::pair{peer_mac, own_mac}})
    EXPECT_EQ(sent(from_app(0x86dd, icmpv6(own_v6, peer_v6,
                                           neighbor_message(136, 0, own_v6, 2, first) +
                                               Bytes{2, 1} + to_bytes(second.bytes)))),
              "forged_mac");
}

TEST_F(PortProgramTest, ForgedAddressesAreCounted) {
  stand(Place::guard, false);
  EXPECT_EQ(sent(from_app(0x0800, udp(peer_v4, own_v4, {7, 9}, {}))), "forged_address");
  EXPECT_EQ(sent(from_app(0x86dd, udp(peer_v6, own_v6, {7, 9}, {}))), "forged_address");
  EXPECT_EQ(sent(from_app(0x86dd, udp(ip("::"), peer_v6, {7, 9}, {}))), "forged_address");
  EXPECT_EQ(sent(from_app(0x86dd, udp(ip("fe80::1"), peer_v6, {7, 9}, {}))), "forged_address");
  EXPECT_EQ(sent(from_app(0x0806, arp({2, own_mac, peer_v4, peer_mac, peer_v4}))),
            "forged_address");
  EXPECT_EQ(sent(from_app(0x86dd, icmpv6(own_v6, ip("ff02::1"),
                                         neighbor_message(136, 0, peer_v6, 2, own_mac)))),
            "forged_address");
  EXPECT_EQ(sent(from_app(
                0x86dd, icmpv6(ip("::"), ip("ff02::1:ff00:1"), neighbor_message(135, 0, peer_v6)))),
            "forged_address");
  for (const std::uint8_t router_message : {std::uint8_t{134}, std::uint8_t{137}})
    EXPECT_EQ(sent(from_app(0x86dd, icmpv6(own_v6, ip("ff02::1"),
                                           neighbor_message(router_message, 0, own_v6)))),
              "forged_address");
}

TEST_F(PortProgramTest, AFamilyWithoutAddressSaysNothing) {
  spec_.addresses = {{own_v4, 24}};
  stand(Place::guard, false);
  EXPECT_EQ(sent(from_app(0x86dd, udp(own_v6, peer_v6, {7, 9}, {}))), "forged_address");
  EXPECT_EQ(sent(from_app(0x86dd, udp(ip("::"), peer_v6, {7, 9}, {}))), "forged_address");
  spec_.addresses = {{own_v6, 128}};
  stand(Place::guard, false);
  EXPECT_EQ(sent(from_app(0x0800, udp(own_v4, peer_v4, {7, 9}, {}))), "forged_address");
  EXPECT_EQ(sent(from_app(0x0800, udp(ip("0.0.0.0"), peer_v4, {7, 9}, {}))), "forged_address");
  EXPECT_EQ(sent(from_app(0x0806, arp({1, own_mac, ip("0.0.0.0"), {}, own_v4}))), "forged_address");
}

TEST_F(PortProgramTest, TransmitFiltersNarrowPortsAndPeers) {
  filters({"tx udp port 7 peer 10.20.0.0/24 peer-port 9-10", "tx tcp port 80 peer fd00::/64"});
  stand(Place::guard, false);
  EXPECT_EQ(sent(from_app(0x0800, udp(own_v4, peer_v4, {7, 9}, {}))), "transmitted");
  EXPECT_EQ(sent(from_app(0x0800, udp(own_v4, peer_v4, {7, 10}, {}))), "transmitted");
  EXPECT_EQ(sent(from_app(0x0800, udp(own_v4, peer_v4, {7, 11}, {}))), "filtered_transmit");
  EXPECT_EQ(sent(from_app(0x0800, udp(own_v4, peer_v4, {8, 9}, {}))), "filtered_transmit");
  EXPECT_EQ(sent(from_app(0x0800, udp(own_v4, ip("10.20.1.1"), {7, 9}, {}))), "filtered_transmit");
  EXPECT_EQ(sent(from_app(0x86dd, udp(own_v6, peer_v6, {7, 9}, {}))), "filtered_transmit");
  const Bytes tcp = be16(80) + be16(5000) + Bytes(16, 0);
  EXPECT_EQ(sent(from_app(0x86dd, ip_packet({own_v6, peer_v6, 6}, tcp))), "transmitted");
  EXPECT_EQ(sent(from_app(0x0800, ip_packet({own_v4, peer_v4, 6}, tcp))), "filtered_transmit");
  EXPECT_EQ(sent(from_app(0x0800, ip_packet({own_v4, peer_v4, 132}, tcp))), "filtered_transmit");
  // ARP, NDP and ICMP need no filter.
  EXPECT_EQ(sent(from_app(0x0800, ip_packet({own_v4, peer_v4, 1}, Bytes(8, 0)))), "transmitted");
  EXPECT_EQ(sent(from_app(0x0806, arp({1, own_mac, own_v4, {}, peer_v4}))), "transmitted");
}

TEST_F(PortProgramTest, TheLastOfManyFiltersCounts) {
  for (unsigned port = 101; port <= 132; ++port)
    spec_.filters.push_back(*parse_filter("tx udp port " + std::to_string(port)));
  stand(Place::guard, false);
  EXPECT_EQ(sent(from_app(0x0800, udp(own_v4, peer_v4, {132, 9}, {}))), "transmitted");
  EXPECT_EQ(sent(from_app(0x0800, udp(own_v4, peer_v4, {133, 9}, {}))), "filtered_transmit");
}

TEST_F(PortProgramTest, FragmentsHideNoPorts) {
  filters({"tx udp port 7 peer 10.0.0.0/8", "tx udp port 7 peer fd00::/16"});
  stand(Place::guard, false);
  const auto v4 = [](unsigned fragment, const Bytes& payload) {
    return from_app(0x0800, ip_packet({own_v4, peer_v4, 17, fragment}, payload));
  };
  EXPECT_EQ(sent(v4(0x2000, udp_7_to_9)), "transmitted");
  EXPECT_EQ(sent(v4(0x2000, udp_8_to_9)), "filtered_transmit");
  EXPECT_EQ(sent(v4(0x2000, Bytes{0, 7})), "filtered_transmit");  // ports cut off
  EXPECT_EQ(sent(v4(0x2001, udp_8_to_9)), "transmitted");         // no ports in it: its addresses
  EXPECT_EQ(sent(from_app(0x0800, ip_packet({own_v4, ip("192.0.2.1"), 17, 0x2001}, udp_7_to_9))),
            "filtered_transmit");
  const auto v6 = [](const Bytes& payload) {
    return from_app(0x86dd, ip_packet({own_v6, peer_v6, 44}, payload));
  };
  EXPECT_EQ(sent(v6(fragment_header(17, 0, true) + udp_7_to_9)), "transmitted");
  EXPECT_EQ(sent(v6(fragment_header(17, 0, true) + udp_8_to_9)), "filtered_transmit");
  EXPECT_EQ(sent(v6(fragment_header(17, 1, true) + udp_8_to_9)), "transmitted");
  EXPECT_EQ(sent(v6(fragment_header(6, 1, true) + udp_8_to_9)), "filtered_transmit");
  // RFC 6980: no neighbour discovery in fragments.
  EXPECT_EQ(sent(v6(fragment_header(58, 0, true) + neighbor_message(136, 0, own_v6, 2, own_mac))),
            "forged_address");
}

TEST_F(PortProgramTest, ExtensionHeadersHideNoPorts) {
  filters({"tx udp port 7"});
  stand(Place::guard, false);
  const auto v6 = [](std::uint8_t next, const Bytes& payload) {
    return from_app(0x86dd, ip_packet({own_v6, peer_v6, next}, payload));
  };
  EXPECT_EQ(sent(v6(60, extension(17) + udp_7_to_9)), "transmitted");
  EXPECT_EQ(sent(v6(60, extension(17) + udp_8_to_9)), "filtered_transmit");
  EXPECT_EQ(sent(v6(0, extension(60, 3) + extension(17) + udp_7_to_9)), "transmitted");
  EXPECT_EQ(sent(v6(0, extension(60, 3) + extension(17) + udp_8_to_9)), "filtered_transmit");
  EXPECT_EQ(sent(v6(60, extension(17, 9))), "filtered_transmit");  // cut short
  EXPECT_EQ(sent(v6(60, Bytes{17, 200, 0, 0, 0, 0, 0, 0} + udp_7_to_9)), "filtered_transmit");
  EXPECT_EQ(sent(v6(43, extension(17) + udp_7_to_9)), "filtered_transmit");  // source route
  Bytes chain;
  for (int i = 0; i < 8; ++i) chain = chain + extension(60);
  EXPECT_EQ(sent(v6(60, chain + extension(17) + udp_7_to_9)), "filtered_transmit");
}

TEST_F(PortProgramTest, WhatIsCutShortOrUnknownIsNotSent) {
  stand(Place::guard, false);
  const Bytes whole =
      from_app(0x86dd, icmpv6(own_v6, peer_v6, neighbor_message(136, 0, own_v6, 2, own_mac)));
  for (std::size_t size = 14; size < 14 + 40 + 24; ++size)
    EXPECT_EQ(sent(Bytes(whole.begin(), whole.begin() + static_cast<std::ptrdiff_t>(size))),
              "filtered_transmit")
        << size;
  EXPECT_EQ(sent(from_app(0x8100, Bytes(46, 0))), "filtered_transmit");  // VLAN
  EXPECT_EQ(sent(from_app(0x88cc, Bytes(46, 0))), "filtered_transmit");  // LLDP
  Bytes wrong_version = from_app(0x0800, udp(own_v4, peer_v4, {7, 9}, {}));
  wrong_version[14] = 0x65;
  EXPECT_EQ(sent(wrong_version), "filtered_transmit");
  Bytes short_header = from_app(0x0800, udp(own_v4, peer_v4, {7, 9}, {}));
  short_header[14] = 0x44;
  EXPECT_EQ(sent(short_header), "filtered_transmit");
  Bytes endless_option = neighbor_message(136, 0, own_v6, 2, own_mac);
  endless_option[25] = 0;  // an option of no length (RFC 4861, 4.6)
  EXPECT_EQ(sent(from_app(0x86dd, icmpv6(own_v6, peer_v6, endless_option))), "filtered_transmit");
}

TEST_F(PortProgramTest, SourceRoutesDoNotEvadeThePeer) {
  const Bytes options = Bytes{131, 7, 4} + address_bytes(ip("192.0.2.1")) + Bytes{0};
  const Bytes routed = from_app(0x0800, ip_packet({own_v4, peer_v4, 17, 0, options}, udp_7_to_9));
  stand(Place::guard, false);
  EXPECT_EQ(sent(routed), "transmitted");
  filters({"tx udp peer 10.0.0.0/8"});
  stand(Place::guard, false);
  EXPECT_EQ(sent(routed), "filtered_transmit");
}

TEST_F(PortProgramTest, TheBucketEmptiesAndIsCounted) {
  spec_.rate = {64'000};  // a full bucket of 16 KiB, then 8 bytes a millisecond
  stand(Place::guard, false);
  const Bytes frame = from_app(0x0800, udp(own_v4, peer_v4, {7, 9}, Bytes(1000, 0)));
  int passed = 0;
  std::string last;
  for (int i = 0; i < 100; ++i) {
    last = sent(frame);
    passed += last == "transmitted" ? 1 : 0;
    if (last != "transmitted") break;
  }
  EXPECT_GE(passed, 15);  // 16 KiB of 1,042 byte frames; more when the machine was slow
  EXPECT_EQ(last, "over_rate");
}

TEST_F(PortProgramTest, DeliversWhatIsForTheVnicAlone) {
  stand(Place::recipient, true);
  // Without a socket in the map "no_socket" is how far a frame for the VNIC comes.
  EXPECT_EQ(run(to_app(0x0800, udp(peer_v4, own_v4, {9, 7}, {}))), XDP_DROP);
  EXPECT_EQ(received(to_app(0x0800, udp(peer_v4, own_v4, {9, 7}, {}))), "no_socket");
  EXPECT_EQ(received(to_app(0x86dd, udp(peer_v6, own_v6, {9, 7}, {}))), "no_socket");
  EXPECT_EQ(received(to_app(0x0806, arp({1, peer_mac, peer_v4, {}, own_v4}))), "no_socket");
  EXPECT_EQ(received(to_app(0x0800, udp(peer_v4, ip("10.20.0.255"), {9, 7}, {}))), "no_socket");
  EXPECT_EQ(received(to_app(0x0800, udp(peer_v4, ip("255.255.255.255"), {9, 7}, {}))), "no_socket");
  EXPECT_EQ(received(to_app(0x86dd, icmpv6(peer_v6, ip("ff02::1:ff00:2"),
                                           neighbor_message(135, 0, own_v6, 1, peer_mac)))),
            "no_socket");
  EXPECT_EQ(received(to_app(0x86dd, udp(peer_v6, ip("ff02::1"), {9, 7}, {}))), "no_socket");

  EXPECT_EQ(received(to_app(0x0800, udp(peer_v4, ip("10.20.0.3"), {9, 7}, {}))),
            "filtered_receive");
  EXPECT_EQ(received(to_app(0x86dd, udp(peer_v6, ip("fd00::3"), {9, 7}, {}))), "filtered_receive");
  EXPECT_EQ(received(to_app(0x0806, arp({1, peer_mac, peer_v4, {}, ip("10.20.0.3")}))),
            "filtered_receive");
  EXPECT_EQ(received(ethernet(peer_mac, peer_mac, 0x0800, udp(peer_v4, own_v4, {9, 7}, {}))),
            "filtered_receive");
  EXPECT_EQ(received(Bytes(14, 0)), "filtered_receive");
}

TEST_F(PortProgramTest, ReceiveFiltersNarrow) {
  filters({"rx udp port 7 peer 10.20.0.0/30", "tx udp port 1"});
  stand(Place::recipient, true);
  EXPECT_EQ(received(to_app(0x0800, udp(peer_v4, own_v4, {9, 7}, {}))), "no_socket");
  EXPECT_EQ(received(to_app(0x0800, udp(peer_v4, own_v4, {9, 8}, {}))), "filtered_receive");
  EXPECT_EQ(received(to_app(0x0800, udp(ip("10.20.0.9"), own_v4, {9, 7}, {}))), "filtered_receive");
  EXPECT_EQ(received(to_app(0x86dd, udp(peer_v6, own_v6, {9, 7}, {}))), "filtered_receive");
  EXPECT_EQ(received(to_app(0x0806, arp({1, peer_mac, peer_v4, {}, own_v4}))), "no_socket");
}

TEST_F(PortProgramTest, OnASharedNetdevTheRestIsTheKernels) {
  filters({"rx udp port 7"});
  stand(Place::recipient, false);
  EXPECT_EQ(received(to_app(0x0800, udp(peer_v4, own_v4, {9, 7}, {}))), "no_socket");
  EXPECT_EQ(received(to_app(0x0800, udp(peer_v4, own_v4, {9, 8}, {}))), "filtered_receive");
  for (const Bytes& other :
       {to_app(0x0800, udp(peer_v4, ip("10.20.0.3"), {9, 7}, {})), to_app(0x88cc, Bytes(46, 0)),
        to_app(0x0806, arp({1, peer_mac, peer_v4, {}, ip("10.20.0.3")})),
        to_app(0x0800, udp(peer_v4, ip("255.255.255.255"), {9, 7}, {})),
        to_app(0x86dd, udp(peer_v6, ip("ff02::1"), {9, 7}, {})),
        to_app(0x86dd, icmpv6(peer_v6, ip("ff02::1:ff00:2"),
                              neighbor_message(135, 0, ip("fd00::1:0:2"), 1, peer_mac)))}) {
    EXPECT_EQ(run(other), XDP_PASS);
    EXPECT_EQ(received(other), "");
  }
}

}  // namespace
}  // namespace arrakis::control::xdp
