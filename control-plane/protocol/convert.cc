#include "control-plane/protocol/convert.h"

#include <algorithm>
#include <utility>

#include "control-plane/model/quote.h"

namespace arrakis::control {
namespace {

constexpr unsigned addresses_max = 2;  // one a family
constexpr unsigned neighbors_max = 256;

std::string_view view(capnp::Text::Reader text) { return {text.begin(), text.size()}; }

std::unexpected<Error> too_many(std::string_view what, unsigned limit) {
  return fail(Error::Code::exhausted, "too many " + std::string{what},
              "give at most " + std::to_string(limit));
}

Outcome<IpPrefix> prefix_from(capnp::Text::Reader text) {
  if (const auto prefix = IpPrefix::parse(view(text))) return *prefix;
  return fail(Error::Code::usage, "not an address or prefix: " + quote(view(text)),
              "write it as in 10.20.0.2/24 or fd00::2/64");
}

Outcome<IpAddress> address_from(capnp::Text::Reader text) {
  if (const auto address = IpAddress::parse(view(text))) return *address;
  return fail(Error::Code::usage, "not an address: " + quote(view(text)),
              "write it as in 10.20.0.1 or fd00::1");
}

Outcome<MacAddress> mac_from(capnp::Data::Reader bytes) {
  MacAddress mac;
  if (bytes.size() != mac.bytes.size())
    return fail(Error::Code::usage,
                "a MAC address of " + std::to_string(bytes.size()) + " bytes, not 6");
  std::copy(bytes.begin(), bytes.end(), mac.bytes.begin());
  if (const auto valid = validate_mac(mac); !valid) return std::unexpected(valid.error());
  return mac;
}

// Each element of a list, or the first error.
template <class List, class Convert>
auto each(List list, Convert convert)
    -> Outcome<std::vector<typename decltype(convert(list[0]))::value_type>> {
  std::vector<typename decltype(convert(list[0]))::value_type> values;
  values.reserve(list.size());
  for (const auto element : list) {
    auto value = convert(element);
    if (!value) return std::unexpected(std::move(value).error());
    values.push_back(*std::move(value));
  }
  return values;
}

Outcome<std::vector<IpPrefix>> prefixes_from(capnp::List<capnp::Text>::Reader list) {
  if (list.size() > addresses_max) return too_many("addresses", addresses_max);
  return each(list, prefix_from);
}

Outcome<std::vector<IpAddress>> gateways_from(capnp::List<capnp::Text>::Reader list) {
  if (list.size() > addresses_max) return too_many("gateways", addresses_max);
  return each(list, address_from);
}

Outcome<Neighbor> neighbor_from(protocol::VnicInfo::Neighbor::Reader neighbor) {
  const auto address = address_from(neighbor.getAddress());
  if (!address) return std::unexpected(address.error());
  const auto mac = mac_from(neighbor.getMac());
  if (!mac) return std::unexpected(mac.error());
  return Neighbor{*address, *mac};
}

using Neighbors = capnp::List<protocol::VnicInfo::Neighbor>;
Outcome<std::vector<Neighbor>> neighbors_from(Neighbors::Reader list) {
  if (list.size() > neighbors_max) return too_many("neighbors", neighbors_max);
  return each(list, neighbor_from);
}

PortRange ports_from(protocol::FilterSpec::PortRange::Reader ports) {
  return {ports.getFirst(), ports.getLast()};
}

// Assigns where there is a value; keeps the first error.
template <class T, class Target>
void take(Outcome<void>& so_far, Outcome<T> value, Target& target) {
  if (!so_far) return;
  if (value)
    target = *std::move(value);
  else
    so_far = std::unexpected(std::move(value).error());
}

capnp::Data::Reader bytes_of(const MacAddress& mac) { return {mac.bytes.data(), mac.bytes.size()}; }

capnp::Text::Reader text_of(const std::string& text) { return {text.data(), text.size()}; }

void to_protocol(const Neighbor& neighbor, protocol::VnicInfo::Neighbor::Builder out) {
  out.setAddress(text_of(neighbor.address.to_string()));
  out.setMac(bytes_of(neighbor.mac));
}

template <class T, class List>
void fill_texts(const std::vector<T>& values, List list) {
  for (unsigned i = 0; i < list.size(); ++i) list.set(i, text_of(values[i].to_string()));
}

template <class T, class List>
void fill_structs(const std::vector<T>& values, List list) {
  for (unsigned i = 0; i < list.size(); ++i) to_protocol(values[i], list[i]);
}

template <class T>
unsigned count(const std::vector<T>& values) {
  return static_cast<unsigned>(values.size());
}

}  // namespace

Error from_protocol(protocol::Error::Reader error) {
  const auto code = static_cast<unsigned>(error.getCode());
  const bool known = code <= static_cast<unsigned>(Error::Code::not_yet);
  return {known ? static_cast<Error::Code>(code) : Error::Code::internal,
          one_line(view(error.getMessage())), one_line(view(error.getRemedy()))};
}

Outcome<Rate> from_protocol(protocol::Rate::Reader rate) {
  if (rate.getRequestsPerSecond() != 0)
    return fail(Error::Code::not_yet, "a rate of requests is for storage, which is not built yet",
                "give bits a second alone");
  return Rate{rate.getBitsPerSecond()};
}

Outcome<Filter> from_protocol(protocol::FilterSpec::Reader spec) {
  const auto direction = static_cast<unsigned>(spec.getDirection());
  const auto layer = static_cast<unsigned>(spec.getLayer());
  if (direction > static_cast<unsigned>(Filter::Direction::transmit) ||
      layer > static_cast<unsigned>(Filter::Layer::tcp))
    return fail(Error::Code::usage, "a filter of an unknown direction or layer",
                "use arrakisctl and arrakisd of one release");
  Filter filter{static_cast<Filter::Direction>(direction), static_cast<Filter::Layer>(layer),
                std::nullopt, ports_from(spec.getPorts()), ports_from(spec.getPeerPorts())};
  if (const auto peer = spec.getPeer(); peer.size() > 0) {
    const auto prefix = prefix_from(peer);
    if (!prefix) return std::unexpected(prefix.error());
    filter.peer = network_of(*prefix);
  }
  if (const auto valid = validate(filter); !valid) return std::unexpected(valid.error());
  return filter;
}

Outcome<std::vector<Filter>> from_protocol(capnp::List<protocol::FilterSpec>::Reader list) {
  if (list.size() > filters_max) return too_many("filters", filters_max);
  auto filters =
      each(list, [](protocol::FilterSpec::Reader filter) { return from_protocol(filter); });
  if (!filters) return filters;
  if (const auto valid = validate(*filters); !valid) return std::unexpected(valid.error());
  return filters;
}

Outcome<AssignRequest> from_protocol(protocol::AssignRequest::Reader in) {
  AssignRequest request{.app = std::string{view(in.getApp())},
                        .provider = std::string{view(in.getProvider())},
                        .device = std::string{view(in.getDevice())},
                        .wire = std::string{view(in.getWire())},
                        .mtu_bytes = in.getMtu(),
                        .queues = in.getQueues(),
                        .force = in.getForce()};
  Outcome<void> so_far;
  take(so_far, prefixes_from(in.getAddresses()), request.addresses);
  take(so_far, from_protocol(in.getRate()), request.rate);
  take(so_far, from_protocol(in.getFilters()), request.filters);
  if (in.getMac().size() != 0) take(so_far, mac_from(in.getMac()), request.mac);
  if (so_far) so_far = validate(request);
  if (!so_far) return std::unexpected(so_far.error());
  return request;
}

Outcome<VnicSpec> from_protocol(protocol::VnicInfo::Reader in) {
  VnicSpec vnic{.name = std::string{view(in.getName())},
                .provider = std::string{view(in.getProvider())},
                .mtu_bytes = in.getMtu(),
                .queues = in.getQueues()};
  Outcome<void> so_far = validate_vf_name(vnic.name);
  if (so_far) so_far = validate_provider_name(vnic.provider);
  take(so_far, mac_from(in.getMac()), vnic.mac);
  take(so_far, prefixes_from(in.getAddresses()), vnic.addresses);
  if (so_far) so_far = validate_addresses(vnic.addresses);
  if (so_far) so_far = validate_mtu(vnic.mtu_bytes, vnic.addresses);
  take(so_far, gateways_from(in.getGateways()), vnic.gateways);
  if (so_far) so_far = validate_gateways(vnic.gateways);
  take(so_far, neighbors_from(in.getNeighbors()), vnic.neighbors);
  take(so_far, from_protocol(in.getRate()), vnic.rate);
  take(so_far, from_protocol(in.getFilters()), vnic.filters);
  if (!so_far) return std::unexpected(so_far.error());
  return vnic;
}

void to_protocol(const Error& error, protocol::Error::Builder out) {
  out.setCode(static_cast<protocol::Error::Code>(error.code));
  out.setMessage(text_of(error.message));
  out.setRemedy(text_of(error.remedy));
}

void to_protocol(Rate rate, protocol::Rate::Builder out) {
  out.setBitsPerSecond(rate.bits_per_second);
}

void to_protocol(const Filter& filter, protocol::FilterSpec::Builder out) {
  out.setDirection(static_cast<protocol::FilterSpec::Direction>(filter.direction));
  out.setLayer(static_cast<protocol::FilterSpec::Layer>(filter.layer));
  if (filter.peer) out.setPeer(text_of(filter.peer->to_string()));
  out.initPorts().setFirst(filter.ports.first);
  out.getPorts().setLast(filter.ports.last);
  out.initPeerPorts().setFirst(filter.peer_ports.first);
  out.getPeerPorts().setLast(filter.peer_ports.last);
}

void to_protocol(const AssignRequest& request, protocol::AssignRequest::Builder out) {
  out.setApp(text_of(request.app));
  out.setProvider(text_of(request.provider));
  fill_texts(request.addresses, out.initAddresses(count(request.addresses)));
  to_protocol(request.rate, out.initRate());
  fill_structs(request.filters, out.initFilters(count(request.filters)));
  out.setDevice(text_of(request.device));
  out.setWire(text_of(request.wire));
  if (request.mac) out.setMac(bytes_of(*request.mac));
  out.setMtu(request.mtu_bytes);
  out.setQueues(request.queues);
  out.setForce(request.force);
}

void to_protocol(const VnicSpec& vnic, protocol::VnicInfo::Builder out) {
  out.setName(text_of(vnic.name));
  out.setProvider(text_of(vnic.provider));
  out.setMac(bytes_of(vnic.mac));
  out.setMtu(vnic.mtu_bytes);
  fill_texts(vnic.addresses, out.initAddresses(count(vnic.addresses)));
  fill_texts(vnic.gateways, out.initGateways(count(vnic.gateways)));
  fill_structs(vnic.neighbors, out.initNeighbors(count(vnic.neighbors)));
  out.setQueues(vnic.queues);
  to_protocol(vnic.rate, out.initRate());
  fill_structs(vnic.filters, out.initFilters(count(vnic.filters)));
}

}  // namespace arrakis::control
