#include "control-plane/arrakisctl/present.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ctime>
#include <string_view>

#include "control-plane/model/quote.h"

namespace arrakis::ctl {
namespace {

using Align = Column::Align;

std::string joined(const std::vector<std::string>& texts, std::string_view separator) {
  return fmt::format("{}", fmt::join(texts, separator));
}

template <class T>
std::vector<std::string> texts_of(const std::vector<T>& values) {
  std::vector<std::string> texts;
  for (const T& value : values) texts.push_back(value.to_string());
  return texts;
}

std::vector<std::string> texts_of(const std::vector<control::Filter>& filters) {
  std::vector<std::string> texts;
  for (const control::Filter& filter : filters) texts.push_back(control::to_string(filter));
  return texts;
}

std::vector<std::string> texts_of(const std::vector<control::Neighbor>& neighbors) {
  std::vector<std::string> texts;
  for (const control::Neighbor& neighbor : neighbors)
    texts.push_back(neighbor.address.to_string() + " at " + neighbor.mac.to_string());
  return texts;
}

std::string pid_text(std::int32_t pid) { return pid == 0 ? "" : std::to_string(pid); }

// ISO 8601, UTC.
std::string time_text(std::int64_t seconds) {
  const std::time_t time = seconds;
  std::tm parts{};
  std::array<char, 64> text{};
  if (gmtime_r(&time, &parts) == nullptr) return "unknown";
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

Table pairs(std::vector<std::vector<std::string>> rows) {
  return {.columns = {{}, {}}, .rows = std::move(rows), .indent = "  "};
}

// Several values of one key stand under each other.
void add_all(Table& table, const std::string& key, const std::vector<std::string>& values) {
  if (values.empty()) table.add({key, ""});
  for (const std::string& value : values) table.add({&value == &values.front() ? key : " ", value});
}

std::string_view colour_of(Finding::Verdict verdict) {
  switch (verdict) {
    case Finding::Verdict::pass: return "\x1b[32m";
    case Finding::Verdict::warn: return "\x1b[33m";
    case Finding::Verdict::fail: return "\x1b[31m";
    case Finding::Verdict::skip: break;
  }
  return "\x1b[2m";
}

std::string line_of(const Finding& finding, Colour colour) {
  const bool coloured = colour == Colour::yes;
  std::string text =
      fmt::format("{}{}{}  {}: {}\n", coloured ? colour_of(finding.verdict) : "",
                  to_string(finding.verdict), coloured ? "\x1b[0m" : "",
                  control::one_line(finding.subject), control::one_line(finding.message));
  if (!finding.remedy.empty() && finding.verdict != Finding::Verdict::pass)
    text += "      fix: " + control::one_line(finding.remedy) + '\n';
  return text;
}

}  // namespace

Table table_of(std::span<const VfRecord> vfs) {
  Table table{.columns = {{"VF"},
                          {"APP"},
                          {"STATE"},
                          {"PROVIDER"},
                          {"DEVICE"},
                          {"ADDRESSES"},
                          {"MAC"},
                          {"RATE"},
                          {"FILTERS", Align::right},
                          {"PID", Align::right}}};
  for (const VfRecord& vf : vfs)
    table.add({vf.vnic.name, vf.vnic.app, to_string(vf.state), vf.vnic.provider, vf.device,
               joined(texts_of(vf.vnic.addresses), ","), vf.vnic.mac.to_string(),
               to_string(vf.vnic.rate), std::to_string(vf.vnic.filters.size()), pid_text(vf.pid)});
  return table;
}

Table table_of(std::span<const AppRecord> apps) {
  Table table{.columns = {{"APP"}, {"USERS"}, {"VFS"}, {"PID", Align::right}}};
  for (const AppRecord& app : apps)
    table.add({app.name, joined(app.users, ","), joined(app.vfs, ","), pid_text(app.pid)});
  return table;
}

Table table_of(const Status& status) {
  return pairs({{"release", status.release},
                {"pid", pid_text(status.pid)},
                {"started", time_text(status.started_at_s)},
                {"policy", status.policy_file},
                {"providers", joined(status.providers, ", ")},
                {"vfs", fmt::format("{}, {} attached", status.vfs, status.attached)}});
}

Table filter_table(std::span<const VfRecord> vfs) {
  Table table{.columns = {{"VF"}, {"APP"}, {"FILTER"}}};
  for (const VfRecord& vf : vfs)
    for (const std::string& filter : texts_of(vf.vnic.filters))
      table.add({vf.vnic.name, vf.vnic.app, filter});
  return table;
}

Table description_of(const VfRecord& vf) {
  const control::VnicSpec& vnic = vf.vnic;
  Table table = pairs({{"vf", vnic.name},
                       {"app", vnic.app},
                       {"state", to_string(vf.state)},
                       {"pid", pid_text(vf.pid)},
                       {"provider", vnic.provider},
                       {"device", vf.device},
                       {"mac", vnic.mac.to_string()},
                       {"mtu", std::to_string(vnic.mtu_bytes)},
                       {"queues", std::to_string(vnic.queues)}});
  add_all(table, "address", texts_of(vnic.addresses));
  add_all(table, "gateway", texts_of(vnic.gateways));
  if (!vnic.neighbors.empty()) add_all(table, "neighbor", texts_of(vnic.neighbors));
  table.add({"rate", to_string(vnic.rate)});
  add_all(table, "filter", texts_of(vnic.filters));
  table.add({"enforced", joined(vf.enforced, ", ")});
  if (const auto rest = unenforced(vf); !rest.empty())
    table.add({"unenforced", joined(rest, ", ")});
  if (!vf.read_back.empty()) add_all(table, "read back", vf.read_back);
  return table;
}

Table counters_of(const VfRecord& vf) {
  const Counters& c = vf.counters;
  Table table{.columns = {{"COUNTER"}, {"PACKETS", Align::right}, {"BYTES", Align::right}},
              .indent = "  "};
  table.add({"received", std::to_string(c.received_packets), std::to_string(c.received_bytes)});
  table.add(
      {"transmitted", std::to_string(c.transmitted_packets), std::to_string(c.transmitted_bytes)});
  table.add({"dropped: no receive filter", std::to_string(c.filtered_receive), ""});
  table.add({"dropped: ring full", std::to_string(c.ring_full), ""});
  table.add({"dropped: forged MAC", std::to_string(c.forged_mac), ""});
  table.add({"dropped: forged address", std::to_string(c.forged_address), ""});
  table.add({"dropped: no transmit filter", std::to_string(c.filtered_transmit), ""});
  table.add({"dropped: over the rate", std::to_string(c.over_rate), ""});
  table.add({"stopped: DMA to foreign memory", std::to_string(c.dma_faults), ""});
  return table;
}

std::string report_of(std::span<const Finding> findings, Colour colour) {
  std::string text;
  for (const Finding& finding : findings) text += line_of(finding, colour);
  const auto count = [&](Finding::Verdict verdict) {
    return std::ranges::count(findings, verdict, &Finding::verdict);
  };
  return text + fmt::format("{} failed, {} to look at, {} passed, {} skipped\n",
                            count(Finding::Verdict::fail), count(Finding::Verdict::warn),
                            count(Finding::Verdict::pass), count(Finding::Verdict::skip));
}

}  // namespace arrakis::ctl
