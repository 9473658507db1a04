#include "vfio/pci_address.h"

#include <array>
#include <charconv>
#include <cstdio>

namespace arrakis::vfio {
namespace {

struct Digits {
  std::size_t at_least, at_most;
};

// Takes a number in hexadecimal digits off the front of `text`, and `after` behind it.
std::optional<std::uint32_t> take(std::string_view& text, Digits digits, char after) {
  const std::size_t length = after == '\0' ? text.size() : text.find(after);
  if (length == std::string_view::npos) return std::nullopt;
  if (length < digits.at_least || length > digits.at_most) return std::nullopt;
  std::uint32_t value = 0;
  const char* const last = text.begin() + length;
  const auto [end, error] = std::from_chars(text.begin(), last, value, 16);
  if (error != std::errc{} || end != last) return std::nullopt;
  text.remove_prefix(after == '\0' ? length : length + 1);
  return value;
}

}  // namespace

std::optional<PciAddress> PciAddress::parse(std::string_view text) {
  std::string_view rest = text;
  std::optional<std::uint32_t> domain = 0;
  if (text.find(':') != text.rfind(':')) domain = take(rest, {4, 8}, ':');
  const auto bus = take(rest, {2, 2}, ':');
  const auto device = take(rest, {2, 2}, '.');
  const auto function = take(rest, {1, 1}, '\0');
  if (!domain || !bus || !device || !function || *device > 31 || *function > 7) return std::nullopt;
  PciAddress address;
  address.domain_ = *domain;
  address.bus_ = static_cast<std::uint8_t>(*bus);
  address.device_ = static_cast<std::uint8_t>(*device);
  address.function_ = static_cast<std::uint8_t>(*function);
  return address;
}

std::string PciAddress::to_string() const {
  std::array<char, 24> text{};
  const int length = std::snprintf(text.data(), text.size(), "%04x:%02x:%02x.%x", domain_, bus_,
                                   device_, function_);
  return {text.data(), static_cast<std::size_t>(length)};
}

}  // namespace arrakis::vfio
