#include "bench/micro/lwip_echo.h"

// Not all of its headers say so themselves.
extern "C" {
#include <lwip/etharp.h>
#include <lwip/netif.h>
#include <lwip/tcpip.h>
#include <lwip/udp.h>
#include <netif/ethernet.h>
}

#include <algorithm>
#include <cstring>
#include <span>

#include "bench/micro/frames.h"
#include "extaris/wire/arp.h"

namespace arrakis::bench {

struct LwipEcho::Parts {
  // As a driver does.
  bool receive(std::span<const std::byte> frame) {
    std::memcpy(buffer.data(), frame.data(), std::min<std::size_t>(frame.size(), 64));
    pbuf_custom packet{};
    packet.custom_free_function = [](pbuf*) {};  // the buffer is ours
    const auto bytes = static_cast<u16_t>(frame.size());
    pbuf* chain = pbuf_alloced_custom(PBUF_RAW, bytes, PBUF_REF, &packet, buffer.data(), bytes);
    if (interface.input(chain, &interface) == ERR_OK) return true;
    pbuf_free(chain);
    return false;
  }

  std::vector<std::byte> request;
  std::vector<std::byte> buffer;
  netif interface{};
  udp_pcb* socket = nullptr;
  std::size_t answered = 0;
};

namespace {

err_t transmit(netif* interface, pbuf*) {
  ++*static_cast<std::size_t*>(interface->state);
  return ERR_OK;
}

err_t initialize(netif* interface) {
  interface->output = etharp_output;
  interface->linkoutput = transmit;
  interface->mtu = 1500;
  interface->hwaddr_len = sizeof(MacAddress);
  std::memcpy(interface->hwaddr, &server_mac, sizeof(MacAddress));
  interface->flags = NETIF_FLAG_BROADCAST | NETIF_FLAG_ETHARP | NETIF_FLAG_ETHERNET |
                     NETIF_FLAG_LINK_UP | NETIF_FLAG_UP;
  return ERR_OK;
}

void echo(void*, udp_pcb* socket, pbuf* datagram, const ip_addr_t* from, u16_t port) {
  udp_sendto(socket, datagram, from, port);
  pbuf_free(datagram);
}

ip4_addr_t address(const Ipv4Address& of) {
  ip4_addr_t result{};
  std::memcpy(&result, &of, sizeof(of));
  return result;
}

// This build knows no static ARP entries, so the client asks for us first.
std::vector<std::byte> arp_request() {
  std::vector<std::byte> frame(64);
  store(frame.data(), EthernetHeader{server_mac, client_mac, be16_t{extaris::ethertype::arp}});
  store(frame.data() + sizeof(EthernetHeader),
        extaris::emit_arp({.operation = extaris::ArpOperation::request,
                           .sender_mac = client_mac,
                           .sender_ip = client_v4,
                           .target_mac = {},
                           .target_ip = server_v4}));
  return frame;
}

}  // namespace

LwipEcho::LwipEcho(const std::vector<std::byte>& frame) : parts_{std::make_unique<Parts>()} {
  Parts& p = *parts_;
  p.request = frame;
  p.buffer = frame;
  p.buffer.resize(2048);
  tcpip_init(nullptr, nullptr);  // makes the core lock, and a thread that will wait for it
  LOCK_TCPIP_CORE();
  const ip4_addr_t us = address(server_v4);
  const ip4_addr_t mask = address({{255, 255, 255, 0}});
  const ip4_addr_t none{};
  netif_add(&p.interface, &us, &mask, &none, &p.answered, initialize, ethernet_input);
  netif_set_up(&p.interface);
  p.receive(arp_request());
  p.socket = udp_new();
  udp_bind(p.socket, IP4_ADDR_ANY, server_port);
  udp_recv(p.socket, echo, nullptr);
}

LwipEcho::~LwipEcho() {
  udp_remove(parts_->socket);
  netif_remove(&parts_->interface);
  UNLOCK_TCPIP_CORE();
}

bool LwipEcho::echo_one() noexcept {
  Parts& p = *parts_;
  const std::size_t before = p.answered;
  p.receive(p.request);
  return p.answered == before + 1;
}

}  // namespace arrakis::bench
