#include "control-plane/providers/sriov/vf_links.h"

#include <fmt/format.h>
#include <net/if.h>
#include <netinet/in.h>
#include <netlink/errno.h>
#include <netlink/route/link.h>
#include <netlink/route/link/sriov.h>

#include <cstring>

namespace arrakis::control::sriov {
namespace {

using LinkObject = std::unique_ptr<rtnl_link, decltype(&rtnl_link_put)>;
using VfObject = std::unique_ptr<rtnl_link_vf, decltype(&rtnl_link_vf_put)>;
using AbstractAddress = std::unique_ptr<nl_addr, decltype(&nl_addr_put)>;

constexpr std::uint16_t vlan_protocol = 0x8100;   // IEEE 802.1Q
constexpr std::size_t message_bytes = 256 << 10;  // 256 VFs tell more than fits a page

std::unexpected<Error> refusal(int error, std::string_view what, std::string remedy = "") {
  const int kind = error < 0 ? -error : error;
  auto code = Error::Code::unavailable;
  if (kind == NLE_PERM) remedy = "give arrakisd CAP_NET_ADMIN (root has it)";
  if (kind == NLE_NODEV || kind == NLE_OBJ_NOTFOUND) code = Error::Code::not_found;
  return fail(code, fmt::format("{}: {}", what, nl_geterror(error)), std::move(remedy));
}

MacAddress mac_of(const nl_addr* address) {
  MacAddress mac;
  if (address != nullptr && nl_addr_get_len(address) >= mac.bytes.size())
    std::memcpy(mac.bytes.data(), nl_addr_get_binary_addr(address), mac.bytes.size());
  return mac;
}

VfSettings settings_of(rtnl_link_vf* vf) {
  VfSettings settings;
  if (nl_addr* mac = nullptr; rtnl_link_vf_get_addr(vf, &mac) == 0) settings.mac = mac_of(mac);
  nl_vf_vlans_t* vlans = nullptr;
  if (rtnl_link_vf_get_vlans(vf, &vlans) == 0) {
    if (vlans->size > 0) settings.vlan = static_cast<std::uint16_t>(vlans->vlans[0].vf_vlan);
    rtnl_link_vf_vlan_put(vlans);
  }
  std::uint32_t flag = 0;
  settings.spoof_check = rtnl_link_vf_get_spoofchk(vf, &flag) == 0 && flag == 1;
  settings.trust = rtnl_link_vf_get_trust(vf, &flag) == 0 && flag == 1;
  if (nl_vf_rate rate{}; rtnl_link_vf_get_rate(vf, &rate) == 0)
    settings.rate_mbps = rate.api == RTNL_LINK_VF_RATE_API_NEW ? rate.max_tx_rate : rate.rate;
  return settings;
}

VfTraffic traffic_of(rtnl_link_vf* vf) {
  VfTraffic traffic;
  (void)rtnl_link_vf_get_stat(vf, RTNL_LINK_VF_STATS_RX_PACKETS, &traffic.received_packets);
  (void)rtnl_link_vf_get_stat(vf, RTNL_LINK_VF_STATS_RX_BYTES, &traffic.received_bytes);
  (void)rtnl_link_vf_get_stat(vf, RTNL_LINK_VF_STATS_TX_PACKETS, &traffic.transmitted_packets);
  (void)rtnl_link_vf_get_stat(vf, RTNL_LINK_VF_STATS_TX_BYTES, &traffic.transmitted_bytes);
  return traffic;
}

Outcome<void> write_attribute(rtnl_link_vf* vf, Attribute attribute, const VfSettings& to) {
  switch (attribute) {
    case Attribute::mac: {
      const AbstractAddress mac{nl_addr_build(AF_LLC, to.mac.bytes.data(), to.mac.bytes.size()),
                                nl_addr_put};
      if (mac == nullptr) break;
      rtnl_link_vf_set_addr(vf, mac.get());
      return {};
    }
    case Attribute::vlan: {
      nl_vf_vlans_t* vlans = nullptr;
      if (rtnl_link_vf_vlan_alloc(&vlans, 1) != 0) break;
      vlans->vlans[0] = {.vf_vlan = to.vlan, .vf_vlan_qos = 0, .vf_vlan_proto = vlan_protocol};
      rtnl_link_vf_set_vlans(vf, vlans);
      rtnl_link_vf_vlan_put(vlans);
      return {};
    }
    case Attribute::spoof_check: rtnl_link_vf_set_spoofchk(vf, to.spoof_check); return {};
    case Attribute::trust: rtnl_link_vf_set_trust(vf, to.trust); return {};
    case Attribute::rate: {
      nl_vf_rate rate{.api = RTNL_LINK_VF_RATE_API_NEW,
                      .rate = 0,
                      .max_tx_rate = to.rate_mbps,
                      .min_tx_rate = 0};
      rtnl_link_vf_set_rate(vf, &rate);
      return {};
    }
  }
  return fail(Error::Code::exhausted, "no memory for netlink");
}

struct Wording {
  std::string_view name, remedy;
};

Wording wording_of(Attribute attribute) {
  switch (attribute) {
    case Attribute::mac: return {"MAC address", "give another with --mac"};
    case Attribute::vlan: return {"VLAN", "leave vlan out of the pool"};
    case Attribute::spoof_check:
      return {"spoof check", "this card cannot keep a VF to its own MAC: use another"};
    case Attribute::trust: return {"trust", "its driver is too old to be told: use another card"};
    case Attribute::rate:
      return {"rate", "leave the rate out, or below the link's; many drivers want the link up"};
  }
  return {};
}

}  // namespace

Outcome<nl_sock*> RtnetlinkVfLinks::socket() {
  if (socket_ != nullptr) return socket_.get();
  std::unique_ptr<nl_sock, Free> made{nl_socket_alloc()};
  if (made == nullptr) return fail(Error::Code::exhausted, "no memory for netlink");
  if (const int error = nl_connect(made.get(), NETLINK_ROUTE); error < 0)
    return refusal(error, "cannot open rtnetlink");
  nl_socket_set_msg_buf_size(made.get(), message_bytes);
  socket_ = std::move(made);
  return socket_.get();
}

Outcome<PfLink> RtnetlinkVfLinks::read(const std::string& netdev) {
  const auto at = socket();
  if (!at) return std::unexpected(at.error());
  rtnl_link* found = nullptr;
  if (const int error = rtnl_link_get_kernel(*at, 0, netdev.c_str(), &found); error < 0)
    return refusal(error, "netdev " + netdev);
  const LinkObject link{found, rtnl_link_put};
  PfLink pf;
  pf.mac = mac_of(rtnl_link_get_addr(found));
  pf.is_up = (rtnl_link_get_flags(found) & IFF_UP) != 0;
  pf.has_carrier = rtnl_link_get_carrier(found) != 0;
  const std::uint32_t count = [&] {
    std::uint32_t number = 0;
    return rtnl_link_get_num_vf(found, &number) == 0 ? number : 0;
  }();
  for (std::uint32_t i = 0; i < count; ++i) {
    const VfObject vf{rtnl_link_vf_get(found, i), rtnl_link_vf_put};
    if (vf == nullptr) break;
    pf.vfs.push_back({settings_of(vf.get()), traffic_of(vf.get())});
  }
  return pf;
}

Outcome<void> RtnetlinkVfLinks::bring_up(const std::string& netdev) {
  const auto at = socket();
  if (!at) return std::unexpected(at.error());
  const LinkObject link{rtnl_link_alloc(), rtnl_link_put};
  const LinkObject change{rtnl_link_alloc(), rtnl_link_put};
  rtnl_link_set_ifindex(link.get(), static_cast<int>(if_nametoindex(netdev.c_str())));
  rtnl_link_set_flags(change.get(), IFF_UP);
  if (const int error = rtnl_link_change(*at, link.get(), change.get(), 0); error < 0)
    return refusal(error, "cannot bring " + netdev + " up");
  return {};
}

Outcome<void> RtnetlinkVfLinks::change(const std::string& netdev, std::uint16_t index,
                                       Attribute attribute, const VfSettings& to) {
  const auto at = socket();
  if (!at) return std::unexpected(at.error());
  const LinkObject link{rtnl_link_alloc(), rtnl_link_put};
  const LinkObject change{rtnl_link_alloc(), rtnl_link_put};
  rtnl_link_set_ifindex(link.get(), static_cast<int>(if_nametoindex(netdev.c_str())));
  rtnl_link_vf* vf = rtnl_link_vf_alloc();
  if (vf == nullptr) return fail(Error::Code::exhausted, "no memory for netlink");
  rtnl_link_vf_set_index(vf, index);
  auto written = write_attribute(vf, attribute, to);
  rtnl_link_vf_add(change.get(), vf);  // owned by the link from here on
  if (!written) return written;
  if (const int error = rtnl_link_change(*at, link.get(), change.get(), 0); error < 0) {
    const Wording wording = wording_of(attribute);
    return refusal(error, fmt::format("{} refuses the {} of VF {}", netdev, wording.name, index),
                   std::string{wording.remedy});
  }
  return {};
}

}  // namespace arrakis::control::sriov
