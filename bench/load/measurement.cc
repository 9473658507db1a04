#include "bench/load/measurement.h"

#include <charconv>
#include <nlohmann/json.hpp>
#include <string>

#include "bench/lib/machine.h"

namespace arrakis::bench {
namespace {

// Takes a number off the front of `text`. Nothing: there is none, or it does not fit.
template <class T>
std::optional<T> take_number(std::string_view& text) {
  T value{};
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{}) return std::nullopt;
  text.remove_prefix(static_cast<std::size_t>(end - text.data()));
  return value;
}

bool take(std::string_view& text, char expected) {
  if (!text.starts_with(expected)) return false;
  text.remove_prefix(1);
  return true;
}

std::optional<Case> parse(std::string_view text) {
  Case result;
  const auto bytes = take_number<std::size_t>(text);
  if (!bytes) return std::nullopt;
  result.bytes = *bytes;
  if (take(text, 'x')) {
    const auto outstanding = take_number<std::size_t>(text);
    if (!outstanding || *outstanding == 0 || *outstanding > outstanding_max) return std::nullopt;
    result.outstanding = *outstanding;
    if (take(text, '/')) {
      const auto connections = take_number<std::size_t>(text);
      if (!connections || *connections < *outstanding || *connections > outstanding_max)
        return std::nullopt;
      result.idle = *connections - *outstanding;
    }
  } else if (take(text, '@')) {
    const auto rate = take_number<std::uint64_t>(text);
    if (!rate || *rate == 0 || *rate > 1'000'000'000) return std::nullopt;
    result.rate = *rate;
  } else {
    return std::nullopt;
  }
  if (take(text, '+')) {
    const auto work_us = take_number<std::uint32_t>(text);
    if (!work_us || *work_us > work_ns_max / 1000) return std::nullopt;
    result.work_us = *work_us;
  }
  return text.empty() ? std::optional{result} : std::nullopt;
}

}  // namespace

Outcome<Case> parse_case(std::string_view text) {
  const auto result = parse(text);
  if (!result)
    return fail(Error::Code::usage, std::string(text) + " is no case",
                "write 64x8 (64 bytes, 8 outstanding) or 1024@50000+16 (1,024 bytes, 50,000 a "
                "second, 16 us of work each)");
  if (result->bytes < smallest_payload || result->bytes > largest_payload)
    return fail(Error::Code::usage,
                "a payload of " + std::to_string(result->bytes) + " bytes cannot be measured",
                "choose from " + std::to_string(smallest_payload) + " to " +
                    std::to_string(largest_payload));
  return *result;
}

std::string to_json(const Case& what, const Measurement& m) {
  const auto us = [](double ns) { return ns / 1000; };
  const auto quantile = [&](double q) {
    return us(static_cast<double>(m.latency_ns->value_at(q)));
  };
  nlohmann::ordered_json line = {{"bytes", what.bytes},
                                 {"outstanding", what.is_open() ? 0 : what.outstanding},
                                 {"rate", what.rate},
                                 {"work_us", what.work_us},
                                 {"answered", m.latency_ns->count()},
                                 {"sent", m.sent},
                                 {"lost", m.lost},
                                 {"unasked", m.unasked},
                                 {"throughput", m.throughput()},
                                 {"mean_us", us(m.latency_ns->mean())},
                                 {"p50_us", quantile(0.5)},
                                 {"p99_us", quantile(0.99)},
                                 {"p999_us", quantile(0.999)},
                                 {"max_us", us(static_cast<double>(m.latency_ns->max()))},
                                 {"core", m.generator_core},
                                 {"peak_mib", peak_memory_mib()}};
  if (m.server && m.server->requests != 0) {
    const auto per_request = [&](std::uint64_t ns) {
      return us(static_cast<double>(ns) / static_cast<double>(m.server->requests));
    };
    line["server"] = {{"requests", m.server->requests},
                      {"busy_us", per_request(m.server->busy_ns)},
                      {"processor_us", per_request(m.server->processor_ns)},
                      {"core", m.server_core}};
  }
  return line.dump();
}

}  // namespace arrakis::bench
