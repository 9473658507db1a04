#include "control-plane/arrakisctl/records.h"

#include <algorithm>

#include "control-plane/model/quote.h"
#include "control-plane/protocol/convert.h"

namespace arrakis::ctl {
namespace {

std::string text_of(capnp::Text::Reader text) { return {text.begin(), text.size()}; }

std::vector<std::string> texts_of(capnp::List<capnp::Text>::Reader list) {
  std::vector<std::string> texts;
  for (const auto text : list) texts.push_back(text_of(text));
  return texts;
}

Counters counters_of(protocol::Counters::Reader in) {
  return {.received_packets = in.getReceivedPackets(),
          .received_bytes = in.getReceivedBytes(),
          .transmitted_packets = in.getTransmittedPackets(),
          .transmitted_bytes = in.getTransmittedBytes(),
          .filtered_receive = in.getFilteredReceive(),
          .forged_mac = in.getForgedMac(),
          .forged_address = in.getForgedAddress(),
          .filtered_transmit = in.getFilteredTransmit(),
          .over_rate = in.getOverRate(),
          .ring_full = in.getRingFull(),
          .dma_faults = in.getDmaFaults()};
}

// An enumerant of a newer daemon becomes the last of ours.
template <class To, class From>
To enumerant(From value, To last) {
  return std::min(static_cast<To>(value), last);
}

}  // namespace

const char* to_string(VfRecord::State state) {
  switch (state) {
    case VfRecord::State::assigned: return "assigned";
    case VfRecord::State::attached: return "attached";
    case VfRecord::State::quarantined: return "quarantined";
    case VfRecord::State::unknown: break;
  }
  return "unknown";
}

const char* to_string(Finding::Verdict verdict) {
  switch (verdict) {
    case Finding::Verdict::pass: return "PASS";
    case Finding::Verdict::warn: return "WARN";
    case Finding::Verdict::fail: return "FAIL";
    case Finding::Verdict::skip: break;
  }
  return "SKIP";
}

std::vector<std::string> unenforced(const VfRecord& vf) {
  std::vector<std::string> rest{"source mac", "source address", "tx filter", "rx filter", "rate"};
  std::erase_if(rest, [&](const std::string& what) {
    return std::ranges::find(vf.enforced, what) != vf.enforced.end();
  });
  return rest;
}

Result<VfRecord> record_of(protocol::VfRecord::Reader in) {
  auto vnic = control::from_protocol(in.getVnic());
  if (!vnic)
    return fail(Exit::other,
                "arrakisd describes " + control::quote(text_of(in.getVnic().getName())) +
                    " as it cannot be: " + vnic.error().message,
                "use arrakisctl and arrakisd of one release");
  vnic->app = text_of(in.getApp());
  return VfRecord{.vnic = *std::move(vnic),
                  .state = enumerant(in.getState(), VfRecord::State::unknown),
                  .pid = in.getPid(),
                  .device = text_of(in.getDevice()),
                  .counters = counters_of(in.getCounters()),
                  .enforced = texts_of(in.getEnforced()),
                  .read_back = texts_of(in.getReadBack())};
}

AppRecord record_of(protocol::AppRecord::Reader in) {
  return {text_of(in.getName()), texts_of(in.getUsers()), texts_of(in.getVfs()), in.getPid()};
}

Status record_of(protocol::Status::Reader in) {
  return {.release = text_of(in.getRelease()),
          .pid = in.getPid(),
          .started_at_s = in.getStartedAt(),
          .policy_file = text_of(in.getPolicyFile()),
          .providers = texts_of(in.getProviders()),
          .vfs = in.getVfs(),
          .attached = in.getAttached()};
}

Finding record_of(protocol::Finding::Reader in) {
  return {enumerant(in.getVerdict(), Finding::Verdict::skip), text_of(in.getSubject()),
          text_of(in.getMessage()), text_of(in.getRemedy())};
}

}  // namespace arrakis::ctl
