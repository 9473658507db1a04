#include "control-plane/model/rate.h"

#include <array>
#include <charconv>
#include <optional>

#include "control-plane/model/quote.h"

namespace arrakis::control {
namespace {

struct Unit {
  char suffix;  // '\0': bits
  std::uint64_t bits;
  std::size_t decimals;  // log10 of bits
};

constexpr std::array units{Unit{'T', 1'000'000'000'000, 12}, Unit{'G', 1'000'000'000, 9},
                           Unit{'M', 1'000'000, 6}, Unit{'k', 1'000, 3}, Unit{'\0', 1, 0}};

constexpr Unit bits_unit = units.back();

// Takes the suffix off `text`.
Unit take_unit(std::string_view& text) {
  if (text.empty()) return bits_unit;
  for (const Unit& unit : units) {
    if (text.back() != unit.suffix && !(text.back() == 'K' && unit.suffix == 'k')) continue;
    if (unit.suffix == '\0') continue;
    text.remove_suffix(1);
    return unit;
  }
  return bits_unit;
}

// All of `text` as digits; nothing when there are none, something else, or more than 2^64 - 1.
std::optional<std::uint64_t> parse_digits(std::string_view text) {
  std::uint64_t value = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), value);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return value;
}

// "2.5" in units of 10^decimals: 2500 for three.
std::optional<std::uint64_t> parse_decimal(std::string_view text, const Unit& unit) {
  const auto dot = text.find('.');
  const auto whole = parse_digits(text.substr(0, dot));
  std::uint64_t bits = 0;
  if (!whole || __builtin_mul_overflow(*whole, unit.bits, &bits)) return std::nullopt;
  if (dot == std::string_view::npos) return bits;
  const std::string_view decimals = text.substr(dot + 1);
  if (decimals.size() > unit.decimals) return std::nullopt;  // a part of a bit
  auto part = parse_digits(decimals);
  if (!part) return std::nullopt;
  for (std::size_t i = decimals.size(); i < unit.decimals; ++i) *part *= 10;
  if (__builtin_add_overflow(bits, *part, &bits)) return std::nullopt;
  return bits;
}

std::string in_unit(std::uint64_t bits, const Unit& unit) {
  std::string text = std::to_string(bits / unit.bits);
  if (const std::uint64_t part = bits % unit.bits; part != 0) {
    std::string decimals = std::to_string(part);
    decimals.insert(0, unit.decimals - decimals.size(), '0');
    decimals.resize(decimals.find_last_not_of('0') + 1);
    text += '.' + decimals;
  }
  if (unit.suffix != '\0') text += unit.suffix;
  return text;
}

}  // namespace

Outcome<Rate> parse_rate(std::string_view text) {
  if (text == "none") return Rate{};
  std::string_view number = text;
  const Unit unit = take_unit(number);
  const auto bits = parse_decimal(number, unit);
  if (!bits)
    return fail(Error::Code::usage, "not a rate: " + quote(text),
                "write bits a second, as in 100M, 2.5G, 64k or none");
  if (*bits == 0)
    return fail(Error::Code::usage, "a rate of 0 would carry nothing",
                "write none for no limit, or take the VF away with release-vf");
  return Rate{*bits};
}

std::string to_string(Rate rate) {
  if (!rate.limited()) return "none";
  std::string shortest;
  for (const Unit& unit : units) {
    if (rate.bits_per_second < unit.bits) continue;
    const std::string text = in_unit(rate.bits_per_second, unit);
    if (shortest.empty() || text.size() < shortest.size()) shortest = text;
  }
  return shortest;
}

}  // namespace arrakis::control
