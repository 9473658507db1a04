#include "control-plane/arrakisctl/assign_options.h"

#include <utility>

#include "control-plane/model/quote.h"

namespace arrakis::ctl {
namespace {

// Parses each text, or says what is wrong with the first that cannot be.
template <class T, class Parse>
Result<std::vector<T>> each(const std::vector<std::string>& texts, Parse parse) {
  std::vector<T> values;
  for (const std::string& text : texts) {
    auto value = parse(text);
    if (!value) return std::unexpected(std::move(value).error());
    values.push_back(*std::move(value));
  }
  return values;
}

Outcome<IpPrefix> parse_prefix(const std::string& text) {
  if (const auto prefix = IpPrefix::parse(text)) return *prefix;
  return arrakis::fail(Error::Code::usage, "not an address: " + control::quote(text),
                       "write it as in 10.20.0.2/24 or fd00::2/64");
}

Outcome<MacAddress> parse_mac(const std::string& text) {
  if (const auto mac = MacAddress::parse(text)) return *mac;
  return arrakis::fail(Error::Code::usage, "not a MAC address: " + control::quote(text),
                       "write six bytes, as in 02:00:00:00:00:01");
}

}  // namespace

AssignOptions::AssignOptions(CLI::App& cli) {
  cli.add_option("--app", app_, "Name of the application")->type_name("APP")->required();
  cli.add_option("--provider", provider_, "Kind of VNIC (default: the policy's)")
      ->type_name("xdp|wire|sriov");
  cli.add_option("--address", addresses_, "Address of the VNIC; one of each IP family")
      ->type_name("CIDR");
  cli.add_option("--rate", rate_, "What it may send a second: 100M, 2.5G, none")->type_name("RATE");
  cli.add_option("--filter", filters_, "What it may receive or send: \"rx udp port 7\"")
      ->type_name("FILTER");
  cli.add_option("--device", device_,
                 "Share a queue of this netdev (xdp); a function of this card (sriov)")
      ->type_name("NETDEV|PCI");
  cli.add_option("--wire", wire_, "Name of the link; two applications that name it meet")
      ->type_name("NAME");
  cli.add_option("--mac", mac_, "MAC address (default: chosen)")->type_name("MAC");
  cli.add_option("--mtu", mtu_bytes_, "Bytes of an IP packet (default: the policy's)")
      ->type_name("BYTES");
  cli.add_option("--queues", queues_, "Pairs of queues (default: 1)")->type_name("N");
  cli.add_flag("--force", force_, "Though the card carries the machine's own traffic (sriov)");
  // Each takes one value an occurrence: "--filter A B" would swallow what follows.
  for (const char* name : {"--address", "--filter"}) cli.get_option(name)->allow_extra_args(false);
}

bool AssignOptions::describes() const {
  return !provider_.empty() || !rate_.empty() || !device_.empty() || !wire_.empty() ||
         !mac_.empty() || !addresses_.empty() || !filters_.empty() || mtu_bytes_ != 0 ||
         queues_ != 0 || force_;
}

Result<control::AssignRequest> AssignOptions::request() const {
  control::AssignRequest request{.app = app_,
                                 .provider = provider_,
                                 .device = device_,
                                 .wire = wire_,
                                 .mtu_bytes = mtu_bytes_,
                                 .queues = queues_,
                                 .force = force_};
  auto addresses = each<IpPrefix>(addresses_, parse_prefix);
  if (!addresses) return std::unexpected(std::move(addresses).error());
  request.addresses = *std::move(addresses);
  auto filters = each<control::Filter>(filters_, control::parse_filter);
  if (!filters) return std::unexpected(std::move(filters).error());
  request.filters = *std::move(filters);
  if (!rate_.empty()) {
    const auto rate = control::parse_rate(rate_);
    if (!rate) return std::unexpected(rate.error());
    request.rate = *rate;
  }
  if (!mac_.empty()) {
    const auto mac = parse_mac(mac_);
    if (!mac) return std::unexpected(mac.error());
    request.mac = *mac;
  }
  if (const auto valid = control::validate(request); !valid) return std::unexpected(valid.error());
  return request;
}

}  // namespace arrakis::ctl
