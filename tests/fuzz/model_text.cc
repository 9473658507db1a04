// Filters, rates, names and addresses as text. What is read is written again, and must be the same.
#include <cstddef>
#include <cstdint>
#include <string>
#include <string_view>

#include "base/check.h"
#include "control-plane/model/filter.h"
#include "control-plane/model/quote.h"
#include "control-plane/model/rate.h"
#include "control-plane/model/vnic.h"

namespace arrakis::control {
namespace {

void read_filter(std::string_view text) {
  const auto filter = parse_filter(text);
  if (!filter) return;
  const std::string written = to_string(*filter);
  const auto again = parse_filter(written);
  ARK_CHECK(again && *again == *filter && to_string(*again) == written);
  ARK_CHECK(validate(*filter) && overlap(*filter, *filter) && covers(*filter, *filter));
}

// The text as lines of filters: the rules between two of them.
void relate_filters(std::string_view text) {
  const auto end = text.find('\n');
  if (end == std::string_view::npos) return;
  const auto a = parse_filter(text.substr(0, end));
  const auto b = parse_filter(text.substr(end + 1));
  if (!a || !b) return;
  ARK_CHECK(overlap(*a, *b) == overlap(*b, *a));
  if (covers(*a, *b)) ARK_CHECK(overlap(*a, *b));
  if (covers(*a, *b) && covers(*b, *a)) ARK_CHECK(*a == *b);
}

void read_rate(std::string_view text) {
  const auto rate = parse_rate(text);
  if (!rate) return;
  const auto again = parse_rate(to_string(*rate));
  ARK_CHECK(again && *again == *rate);
}

void read_name(std::string_view text) {
  const bool is_app = validate_app_name(text).has_value();
  ARK_CHECK(!is_app || (!text.empty() && text.size() <= 63));
  const auto device = validate_device_name(text);
  ARK_CHECK(device || device.error().message.find('\n') == std::string::npos);
  ARK_CHECK(quote(text).find_first_of(std::string_view{"\0\n\r\x1b", 4}) == std::string::npos);
}

void read_prefix(std::string_view text) {
  const auto prefix = IpPrefix::parse(text);
  if (!prefix) return;
  const IpPrefix network = network_of(*prefix);
  ARK_CHECK(network.contains(prefix->address) && network_of(network) == network);
}

}  // namespace
}  // namespace arrakis::control

extern "C" int LLVMFuzzerTestOneInput(const std::uint8_t* data, std::size_t size) {
  const std::string text(data, data + size);
  arrakis::control::read_filter(text);
  arrakis::control::relate_filters(text);
  arrakis::control::read_rate(text);
  arrakis::control::read_name(text);
  arrakis::control::read_prefix(text);
  return 0;
}
