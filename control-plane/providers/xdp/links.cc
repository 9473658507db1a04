#include "control-plane/providers/xdp/links.h"

#include <net/if.h>
#include <netlink/errno.h>
#include <netlink/route/addr.h>
#include <netlink/route/link.h>
#include <netlink/route/link/inet6.h>
#include <netlink/route/link/veth.h>
#include <netlink/route/route.h>

#include <fmt/format.h>
#include <linux/if_link.h>
#include <cstring>

namespace arrakis::control::xdp {
namespace {

using LinkObject = std::unique_ptr<rtnl_link, decltype(&rtnl_link_put)>;
using AddressObject = std::unique_ptr<rtnl_addr, decltype(&rtnl_addr_put)>;
using RouteObject = std::unique_ptr<rtnl_route, decltype(&rtnl_route_put)>;
using AbstractAddress = std::unique_ptr<nl_addr, decltype(&nl_addr_put)>;

std::unexpected<Error> netlink_failure(int error, std::string_view what) {
  const int kind = error < 0 ? -error : error;
  auto code = Error::Code::unavailable;
  std::string remedy;
  if (kind == NLE_PERM) remedy = "give arrakisd CAP_NET_ADMIN (root has it)";
  if (kind == NLE_EXIST) code = Error::Code::conflict;
  if (kind == NLE_NODEV || kind == NLE_OBJ_NOTFOUND) code = Error::Code::not_found;
  return fail(code, fmt::format("{}: {}", what, nl_geterror(error)), remedy);
}

AbstractAddress to_netlink(const IpAddress& address, std::uint8_t prefix_length) {
  const auto v4 = address.v4();
  nl_addr* made = address.is_v4() ? nl_addr_build(AF_INET, v4.bytes.data(), 4)
                                  : nl_addr_build(AF_INET6, address.v6().bytes.data(), 16);
  if (made != nullptr) nl_addr_set_prefixlen(made, prefix_length);
  return {made, nl_addr_put};
}

std::uint8_t whole(const IpAddress& address) { return address.is_v4() ? 32 : 128; }

Link to_link(rtnl_link* object) {
  const auto text = [](const char* from) { return std::string{from == nullptr ? "" : from}; };
  Link link;
  link.index = static_cast<unsigned>(rtnl_link_get_ifindex(object));
  link.name = text(rtnl_link_get_name(object));
  link.alias = text(rtnl_link_get_ifalias(object));
  link.kind = text(rtnl_link_get_type(object));
  link.mtu_bytes = rtnl_link_get_mtu(object);
  const nl_addr* mac = rtnl_link_get_addr(object);
  if (mac != nullptr && nl_addr_get_len(mac) == 6)
    std::memcpy(link.mac.bytes.data(), nl_addr_get_binary_addr(mac), 6);
  return link;
}

}  // namespace

Outcome<Links> Links::open() {
  Links links;
  links.socket_.reset(nl_socket_alloc());
  if (links.socket_ == nullptr) return fail(Error::Code::exhausted, "no memory for netlink");
  if (const int error = nl_connect(links.socket_.get(), NETLINK_ROUTE); error < 0)
    return netlink_failure(error, "cannot open rtnetlink");
  return links;
}

Outcome<std::vector<Link>> Links::list() {
  nl_cache* made = nullptr;
  if (const int error = rtnl_link_alloc_cache(socket_.get(), AF_UNSPEC, &made); error < 0)
    return netlink_failure(error, "cannot list the netdevs");
  const std::unique_ptr<nl_cache, decltype(&nl_cache_free)> cache{made, nl_cache_free};
  std::vector<Link> links;
  for (nl_object* object = nl_cache_get_first(made); object != nullptr;
       object = nl_cache_get_next(object))
    links.push_back(to_link(reinterpret_cast<rtnl_link*>(object)));
  return links;
}

Outcome<Link> Links::find(std::string_view name) {
  const std::string terminated{name};
  rtnl_link* found = nullptr;
  const int error = rtnl_link_get_kernel(socket_.get(), 0, terminated.c_str(), &found);
  if (error < 0) return netlink_failure(error, fmt::format("netdev {}", name));
  const LinkObject link{found, rtnl_link_put};
  return to_link(found);
}

Outcome<void> Links::make(const VethPair& pair) {
  rtnl_link* app = nullptr;
  const LinkObject host{rtnl_link_veth_alloc(), rtnl_link_put};
  if (host != nullptr) app = rtnl_link_veth_get_peer(host.get());
  const LinkObject app_owner{app, rtnl_link_put};
  const auto mac = std::unique_ptr<nl_addr, decltype(&nl_addr_put)>{
      nl_addr_build(AF_LLC, pair.app_mac.bytes.data(), 6), nl_addr_put};
  if (app == nullptr || mac == nullptr)
    return fail(Error::Code::exhausted, "no memory for a veth pair");
  for (rtnl_link* end : {host.get(), app}) {
    rtnl_link_set_name(end, (end == app ? pair.app : pair.host).c_str());
    rtnl_link_set_mtu(end, pair.mtu_bytes);
    rtnl_link_set_num_tx_queues(end, pair.queues);
    rtnl_link_set_num_rx_queues(end, pair.queues);
  }
  rtnl_link_set_addr(app, mac.get());
  if (const int error = rtnl_link_add(socket_.get(), host.get(), NLM_F_CREATE | NLM_F_EXCL);
      error < 0) {
    auto failure = netlink_failure(error, fmt::format("cannot make the veth pair {}", pair.host));
    if (error == -NLE_OPNOTSUPP) failure.error().remedy = "modprobe veth";
    return failure;
  }
  for (const std::string& name : {pair.host, pair.app})
    if (auto marked = mark(name, pair.alias); !marked) {
      rtnl_link_delete(socket_.get(), host.get());
      return marked;
    }
  return {};
}

// Neither the alias nor the way of making addresses is taken at creation: they are changes.
Outcome<void> Links::mark(std::string_view name, const std::string& alias) {
  const auto found = find(name);
  if (!found) return std::unexpected(found.error());
  const LinkObject link{rtnl_link_alloc(), rtnl_link_put};
  const LinkObject change{rtnl_link_alloc(), rtnl_link_put};
  rtnl_link_set_ifindex(link.get(), static_cast<int>(found->index));
  rtnl_link_set_ifalias(change.get(), alias.c_str());
  rtnl_link_inet6_set_addr_gen_mode(change.get(), IN6_ADDR_GEN_MODE_NONE);
  if (const int error = rtnl_link_change(socket_.get(), link.get(), change.get(), 0); error < 0)
    return netlink_failure(error, fmt::format("cannot set up {}", name));
  return {};
}

Outcome<void> Links::remove(unsigned index) {
  const LinkObject link{rtnl_link_alloc(), rtnl_link_put};
  rtnl_link_set_ifindex(link.get(), static_cast<int>(index));
  if (const int error = rtnl_link_delete(socket_.get(), link.get()); error < 0)
    return netlink_failure(error, "cannot remove a netdev");
  return {};
}

Outcome<void> Links::set_up(unsigned index) {
  const LinkObject link{rtnl_link_alloc(), rtnl_link_put};
  const LinkObject change{rtnl_link_alloc(), rtnl_link_put};
  rtnl_link_set_ifindex(link.get(), static_cast<int>(index));
  rtnl_link_set_flags(change.get(), IFF_UP);
  if (const int error = rtnl_link_change(socket_.get(), link.get(), change.get(), 0); error < 0)
    return netlink_failure(error, "cannot bring a netdev up");
  return {};
}

Outcome<void> Links::add_address(unsigned index, const IpPrefix& prefix) {
  const AddressObject address{rtnl_addr_alloc(), rtnl_addr_put};
  const auto local = to_netlink(prefix.address, prefix.length);
  rtnl_addr_set_ifindex(address.get(), static_cast<int>(index));
  rtnl_addr_set_local(address.get(), local.get());
  // Nobody else can have it on this wire, so nothing waits for duplicate address detection.
  if (!prefix.address.is_v4()) rtnl_addr_set_flags(address.get(), IFA_F_NODAD);
  if (const int error = rtnl_addr_add(socket_.get(), address.get(), NLM_F_EXCL); error < 0)
    return netlink_failure(error, fmt::format("cannot add the address {}", prefix.to_string()));
  return {};
}

Outcome<void> Links::add_route(unsigned index, const IpAddress& to,
                               std::optional<IpAddress> source) {
  const RouteObject route{rtnl_route_alloc(), rtnl_route_put};
  const auto target = to_netlink(to, whole(to));
  rtnl_route_set_family(route.get(), to.is_v4() ? AF_INET : AF_INET6);
  rtnl_route_set_scope(route.get(), to.is_v4() ? RT_SCOPE_LINK : RT_SCOPE_UNIVERSE);
  rtnl_route_set_table(route.get(), RT_TABLE_MAIN);
  rtnl_route_set_protocol(route.get(), RTPROT_STATIC);
  rtnl_route_set_dst(route.get(), target.get());
  if (source) {
    const auto preferred = to_netlink(*source, whole(*source));
    rtnl_route_set_pref_src(route.get(), preferred.get());
  }
  rtnl_nexthop* hop = rtnl_route_nh_alloc();
  rtnl_route_nh_set_ifindex(hop, static_cast<int>(index));
  rtnl_route_add_nexthop(route.get(), hop);  // owned by the route from here on
  if (const int error = rtnl_route_add(socket_.get(), route.get(), NLM_F_EXCL); error < 0)
    return netlink_failure(error, fmt::format("cannot add the route to {}", to.to_string()));
  return {};
}

}  // namespace arrakis::control::xdp
