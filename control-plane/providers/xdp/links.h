// links.h: netdevs, addresses and routes, by rtnetlink (libnl) and ethtool.
//
// Threads:  one.
// Failure:  each call either did what it says or changed nothing.
#pragma once

#include <netlink/netlink.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/error.h"

namespace arrakis::control::xdp {

struct Link {
  unsigned index = 0;
  std::string name, alias, kind;  // kind: "veth", ...; empty for hardware
  MacAddress mac;
  std::uint32_t mtu_bytes = 0;
};

struct VethPair {
  std::string host, app;  // names of the ends
  std::string alias;      // of both
  MacAddress app_mac;
  std::uint16_t mtu_bytes, queues;
};

class Links {
 public:
  static Outcome<Links> open();

  Outcome<std::vector<Link>> list();
  Outcome<Link> find(std::string_view name);  // Error::Code::not_found

  // Both ends down, without addresses, and silent: no IPv6 address of their own making.
  Outcome<void> make(const VethPair& pair);
  Outcome<void> remove(unsigned index);
  Outcome<void> set_up(unsigned index);
  Outcome<void> add_address(unsigned index, const IpPrefix& address);
  // The one address is on link at `index`; packets from here carry `source`.
  Outcome<void> add_route(unsigned index, const IpAddress& to, std::optional<IpAddress> source);

 private:
  Outcome<void> mark(std::string_view name, const std::string& alias);

  struct Free {
    void operator()(nl_sock* socket) const { nl_socket_free(socket); }
  };
  std::unique_ptr<nl_sock, Free> socket_;
};

// Checksums and segments are left undone on a virtual wire, for the far kernel to find done: a far
// end that is no kernel must get them done.
Outcome<void> disable_transmit_offloads(const std::string& netdev);
// How many receive queues the kernel may use of it; 1 where it cannot say.
std::uint32_t receive_queues(const std::string& netdev);

}  // namespace arrakis::control::xdp
