// driver_echo: an echo inside the driver, "driver" in figures: what the bare device costs, and so
// the most that any stack above it can reach (the driver limit of OSDI '14, figure 4).
//
// The stack runs until the first datagram; after that frames are turned round in place and no stack
// is involved. Requests of ARP are still answered, or the client forgets us within a minute.
#include <arrakis/arrakis.h>

#include <algorithm>

#include "bench/servers/options.h"
#include "bench/servers/service.h"
#include "extaris/netdev/frame_echo.h"
#include "extaris/packet/bytes.h"
#include "extaris/stack/stack.h"
#include "extaris/wire/arp.h"

namespace arrakis::bench {
namespace {

using extaris::Burst;
using extaris::NetDevice;
using extaris::Packet;

constexpr std::size_t ethernet_bytes = 14, ipv4_bytes = 20, udp_bytes = 8;
constexpr std::size_t payload_offset = ethernet_bytes + ipv4_bytes + udp_bytes;
constexpr std::size_t udp_checksum_offset = payload_offset - 2;

// IPv4 without options, UDP.
bool is_datagram(std::span<const std::byte> frame) {
  return frame.size() > payload_offset && frame[12] == std::byte{0x08} &&
         frame[13] == std::byte{0x00} && frame[14] == std::byte{0x45} &&
         frame[ethernet_bytes + 9] == std::byte{17};
}

// Turns a request for the address of `vnic` into its reply, in place. False: it is none.
bool answer_arp(const Vnic& vnic, std::span<std::byte> frame) {
  const auto ethernet = load<extaris::EthernetHeader>(frame);
  if (!ethernet || ethernet->type.host() != extaris::ethertype::arp) return false;
  const auto asked = extaris::parse_arp(frame.subspan(sizeof *ethernet));
  if (!asked || asked->operation != extaris::ArpOperation::request) return false;
  const auto is_asked_for = [&](const IpPrefix& own) { return own.address == asked->target_ip; };
  if (std::ranges::none_of(vnic.addresses(), is_asked_for)) return false;
  store(frame, extaris::EthernetHeader{asked->sender_mac, vnic.mac(), ethernet->type});
  store(frame,
        extaris::emit_arp({.operation = extaris::ArpOperation::reply,
                           .sender_mac = vnic.mac(),
                           .sender_ip = asked->target_ip,
                           .target_mac = asked->sender_mac,
                           .target_ip = asked->sender_ip}),
        sizeof *ethernet);
  return true;
}

void introduce(Queue& queue, UdpSocket& socket) {
  while (!stop_requested()) {
    queue.wait(Duration::milliseconds(200));
    if (Datagram datagram = socket.receive()) {
      // Unanswered: the generator asks again, and meets the driver.
      queue.poll();
      return;
    }
  }
}

// What the device has no room for is lost.
void send(NetDevice& device, Burst& burst) {
  if (!burst.empty()) device.transmit(burst);
  burst.clear();
}

std::size_t echo_burst(const Vnic& vnic, NetDevice& device, EchoService& service) {
  Burst in;
  device.receive(in);
  Burst out;
  for (std::size_t i = 0; i < in.size(); ++i) {
    Packet packet = in.take(i);
    const std::span<std::byte> frame = extaris::bytes(packet);
    if (!is_datagram(frame)) {
      if (answer_arp(vnic, frame)) out.append(std::move(packet));
      continue;
    }
    const auto payload = frame.subspan(payload_offset);
    const Answer answer = service.serve(payload);
    if (answer == Answer::none || answer == Answer::order) continue;
    if (answer == Answer::counters) {
      service.answer(payload);
      store(frame, std::uint16_t{0}, udp_checksum_offset);  // not computed (RFC 768)
    }
    if (extaris::turn_around(frame)) out.append(std::move(packet));
    if (service.worked_long()) send(device, out);
  }
  send(device, out);
  return in.size();
}

int run(int argc, char** argv) {
  CLI::App cli{"UDP echo inside the driver of a VNIC; IPv4, any port."};
  ServerOptions options;
  options.add_to(cli);
  std::string name;
  cli.add_option("--app", name, "application to be; default: $ARRAKIS_APP");
  CLI11_PARSE(cli, argc, argv);

  if (const auto applied = options.apply(); !applied) return complain(applied.error());
  auto app = App::attach(name);
  if (!app) return complain(app.error());
  Queue& queue = app->vnic().queue();
  auto socket = queue.bind_udp(options.port);
  if (!socket) return complain({Error::Code::conflict, "the UDP port is taken", ""});
  introduce(queue, *socket);
  EchoService service{options.work(), options.counts()};
  NetDevice& device = queue.stack().device();
  while (!stop_requested()) service.polled(echo_burst(app->vnic(), device, service) != 0);
  service.print();
  return 0;
}

}  // namespace
}  // namespace arrakis::bench

int main(int argc, char** argv) { return arrakis::bench::run(argc, argv); }
