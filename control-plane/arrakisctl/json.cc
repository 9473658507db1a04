#include "control-plane/arrakisctl/json.h"

namespace arrakis::ctl {
namespace {

template <class T>
Json texts_of(const std::vector<T>& values) {
  Json texts = Json::array();
  for (const T& value : values) texts.push_back(value.to_string());
  return texts;
}

Json to_json(control::PortRange ports) { return {{"first", ports.first}, {"last", ports.last}}; }

Json to_json(const control::Neighbor& neighbor) {
  return {{"address", neighbor.address.to_string()}, {"mac", neighbor.mac.to_string()}};
}

Json to_json(const Counters& counters) {
  return {{"receivedPackets", counters.received_packets},
          {"receivedBytes", counters.received_bytes},
          {"transmittedPackets", counters.transmitted_packets},
          {"transmittedBytes", counters.transmitted_bytes},
          {"filteredReceive", counters.filtered_receive},
          {"forgedMac", counters.forged_mac},
          {"forgedAddress", counters.forged_address},
          {"filteredTransmit", counters.filtered_transmit},
          {"overRate", counters.over_rate},
          {"ringFull", counters.ring_full},
          {"dmaFaults", counters.dma_faults}};
}

template <class T>
Json list_of(const std::vector<T>& values) {
  Json list = Json::array();
  for (const T& value : values) list.push_back(to_json(value));
  return list;
}

std::string lower(std::string text) {
  for (char& c : text)
    if (c >= 'A' && c <= 'Z') c = static_cast<char>(c - 'A' + 'a');
  return text;
}

}  // namespace

Json to_json(const control::Filter& filter) {
  constexpr const char* layers[] = {"ip", "udp", "tcp"};
  const bool receives = filter.direction == control::Filter::Direction::receive;
  return {{"text", control::to_string(filter)},
          {"direction", receives ? "rx" : "tx"},
          {"layer", layers[static_cast<unsigned>(filter.layer)]},
          {"peer", filter.peer ? Json(filter.peer->to_string()) : Json()},
          {"ports", to_json(filter.ports)},
          {"peerPorts", to_json(filter.peer_ports)}};
}

Json to_json(const VfRecord& vf) {
  const control::VnicSpec& vnic = vf.vnic;
  return {
      {"name", vnic.name},
      {"app", vnic.app},
      {"state", to_string(vf.state)},
      {"pid", vf.pid == 0 ? Json() : Json(vf.pid)},
      {"provider", vnic.provider},
      {"device", vf.device},
      {"mac", vnic.mac.to_string()},
      {"mtu", vnic.mtu_bytes},
      {"queues", vnic.queues},
      {"addresses", texts_of(vnic.addresses)},
      {"gateways", texts_of(vnic.gateways)},
      {"neighbors", list_of(vnic.neighbors)},
      {"rate", {{"bitsPerSecond", vnic.rate.limited() ? Json(vnic.rate.bits_per_second) : Json()}}},
      {"filters", items_of(vnic.filters)},
      {"enforced", vf.enforced},
      {"unenforced", unenforced(vf)},
      {"readBack", vf.read_back},
      {"counters", to_json(vf.counters)}};
}

Json to_json(const AppRecord& app) {
  return {{"name", app.name},
          {"users", app.users},
          {"vfs", app.vfs},
          {"pid", app.pid == 0 ? Json() : Json(app.pid)}};
}

Json to_json(const Status& status) {
  return {{"release", status.release},        {"pid", status.pid},
          {"startedAt", status.started_at_s}, {"policyFile", status.policy_file},
          {"providers", status.providers},    {"vfs", status.vfs},
          {"attached", status.attached}};
}

Json to_json(const Finding& finding) {
  return {{"verdict", lower(to_string(finding.verdict))},
          {"subject", finding.subject},
          {"message", finding.message},
          {"remedy", finding.remedy}};
}

Json document(std::string_view kind, const Json& thing) {
  Json json{{"apiVersion", "v1"}, {"kind", kind}};
  json.update(thing);
  return json;
}

Json list_document(std::string_view kind, Json items) {
  return {{"apiVersion", "v1"}, {"kind", std::string{kind} + "List"}, {"items", std::move(items)}};
}

std::string render(const Json& json) {
  return json.dump(2, ' ', false, Json::error_handler_t::replace) + '\n';
}

}  // namespace arrakis::ctl
