#include "control-plane/providers/sriov/bounds.h"

#include <fmt/format.h>

#include "control-plane/model/quote.h"

namespace arrakis::control::sriov {
namespace {

constexpr std::uint64_t mega = 1'000'000;
constexpr std::uint16_t mtu_bytes_min = 1280;  // of a link that carries IPv6 (RFC 8200, 5)
constexpr std::uint16_t mtu_bytes_max = 1500;  // a frame must fit a packet's buffer
constexpr std::uint16_t queues_max = 16;

}  // namespace

Outcome<void> check_rate(const VnicSpec& spec) {
  const std::uint64_t bits = spec.rate.bits_per_second;
  if (bits % mega == 0 && bits / mega <= UINT32_MAX) return {};
  return fail(Error::Code::unavailable,
              fmt::format("{}: a card counts its rates in whole megabits a second, not {}",
                          spec.name, to_string(spec.rate)),
              fmt::format("--rate {}M", std::max<std::uint64_t>(1, bits / mega)));
}

Outcome<void> check_filters(const VnicSpec& spec) {
  const VirtualFunction& function = *spec.function;
  if (!spec.filters.empty() && function.unfiltered)
    return fail(Error::Code::unavailable,
                fmt::format("{}: {} cannot enforce the filter {}: a card tells MACs and VLANs "
                            "apart, not addresses and ports",
                            spec.name, function.physical, quote(to_string(spec.filters.front()))),
                "leave the filter out (the pool says unfiltered), or use provider xdp");
  if (!function.unfiltered)
    return fail(Error::Code::denied,
                fmt::format("{}: nothing on {} can keep the application to its addresses{}",
                            spec.name, function.physical,
                            spec.filters.empty()
                                ? std::string{}
                                : " and to the filter " + quote(to_string(spec.filters.front()))),
                "accept that with unfiltered = true in its pool, or use provider xdp");
  return {};
}

Outcome<void> check_sizes(const VnicSpec& spec) {
  if (spec.mtu_bytes < mtu_bytes_min || spec.mtu_bytes > mtu_bytes_max)
    return fail(Error::Code::unavailable,
                fmt::format("{}: MTU {}: provider sriov carries {} to {}", spec.name,
                            spec.mtu_bytes, mtu_bytes_min, mtu_bytes_max),
                "choose another MTU");
  if (spec.queues == 0 || spec.queues > queues_max)
    return fail(Error::Code::usage,
                fmt::format("{}: {} queues: 1 to {}", spec.name, spec.queues, queues_max),
                "--queues 1");
  return {};
}

}  // namespace arrakis::control::sriov
