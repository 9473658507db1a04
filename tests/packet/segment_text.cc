#include "tests/packet/segment_text.h"

#include <array>
#include <charconv>
#include <sstream>
#include <utility>

namespace arrakis::packet {
namespace {

namespace tcp_flag = extaris::tcp_flag;

constexpr std::array<std::pair<char, std::uint8_t>, 8> letters{{{'S', tcp_flag::syn},
                                                                {'F', tcp_flag::fin},
                                                                {'R', tcp_flag::rst},
                                                                {'P', tcp_flag::psh},
                                                                {'U', tcp_flag::urg},
                                                                {'E', tcp_flag::ece},
                                                                {'W', tcp_flag::cwr},
                                                                {'.', tcp_flag::ack}}};

std::optional<std::uint32_t> number(std::string_view text) {
  std::uint32_t value = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), value);
  if (result.ec != std::errc{} || result.ptr != text.data() + text.size()) return std::nullopt;
  return value;
}

std::vector<std::string> words_of(std::string_view text, char separator) {
  std::vector<std::string> words;
  std::istringstream in{std::string{text}};
  for (std::string word; std::getline(in, word, separator);)
    if (!word.empty()) words.push_back(word);
  return words;
}

std::optional<std::uint8_t> parse_flags(std::string_view text) {
  std::uint8_t flags = 0;
  if (text == "-") return flags;
  for (const char c : text) {
    bool known = false;
    for (const auto& [letter, bit] : letters)
      if (c == letter) {
        flags |= bit;
        known = true;
      }
    if (!known) return std::nullopt;
  }
  return flags;
}

bool parse_option(const std::string& text, OptionsText& into) {
  const auto words = words_of(text, ' ');
  if (words.empty()) return false;
  const std::string& name = words[0];
  if (name == "none" || name == "nop") return true;
  if (name == "sackOK") return into.sack_permitted = true;
  if (name == "fo") {
    into.cookie = words.size() > 1 ? words[1] : "";
    return true;
  }
  if (words.size() < 2) return false;
  if (name == "mss") return (into.mss = number(words[1])).has_value();
  if (name == "wscale") return (into.window_scale = number(words[1])).has_value();
  if (name == "ts" && words.size() == 3) {
    into.any_timestamp_value = words[1] == "any";
    const auto value = into.any_timestamp_value ? 0 : number(words[1]);
    const auto echo = number(words[2]);
    if (!value || !echo) return false;
    into.timestamps = extaris::TcpTimestamps{*value, *echo};
    return true;
  }
  if (name != "sack") return false;
  for (std::size_t i = 1; i < words.size(); ++i) {
    const auto colon = words[i].find(':');
    if (colon == std::string::npos) return false;
    const auto first = number(std::string_view{words[i]}.substr(0, colon));
    const auto end = number(std::string_view{words[i]}.substr(colon + 1));
    if (!first || !end) return false;
    into.sack.push_back({*first, *end});
  }
  return true;
}

bool parse_options(std::string_view text, SegmentText& into) {
  into.options.emplace();
  for (const std::string& option : words_of(text, ','))
    if (!parse_option(option, *into.options)) return false;
  return true;
}

// "100(20)"
bool parse_range(const std::string& text, SegmentText& into) {
  const auto open = text.find('(');
  if (open == std::string::npos || text.back() != ')') return false;
  const auto seq = number(std::string_view{text}.substr(0, open));
  const auto bytes = number(std::string_view{text}.substr(open + 1, text.size() - open - 2));
  if (!seq || !bytes) return false;
  into.seq = *seq;
  into.bytes = *bytes;
  return true;
}

std::string differ(const char* what, std::uint64_t expected, std::uint64_t sent) {
  return std::string{what} + " " + std::to_string(sent) + ", not " + std::to_string(expected);
}

std::string difference(const OptionsText& expected, const OptionsText& sent) {
  if (expected.mss && sent.mss != expected.mss)
    return differ("MSS", *expected.mss, sent.mss.value_or(0));
  if (expected.window_scale && sent.window_scale != expected.window_scale)
    return "another window scale";
  if (expected.timestamps.has_value() != sent.timestamps.has_value())
    return sent.timestamps ? "timestamps" : "no timestamps";
  if (expected.timestamps && expected.timestamps->echo != sent.timestamps->echo)
    return differ("timestamp echo", expected.timestamps->echo, sent.timestamps->echo);
  if (expected.timestamps && !expected.any_timestamp_value &&
      expected.timestamps->value != sent.timestamps->value)
    return differ("timestamp", expected.timestamps->value, sent.timestamps->value);
  if (expected.sack_permitted != sent.sack_permitted) return "sackOK differs";
  if (expected.sack != sent.sack) return "other SACK blocks";
  if (expected.cookie == "any") return sent.cookie.value_or("").empty() ? "no cookie" : "";
  if (expected.cookie != sent.cookie) return "another cookie: " + sent.cookie.value_or("none");
  return {};
}

}  // namespace

std::expected<SegmentText, std::string> parse_segment(std::string_view text) {
  SegmentText segment;
  if (const auto open = text.find('<'); open != std::string_view::npos) {
    const auto close = text.find('>', open);
    if (close == std::string_view::npos ||
        !parse_options(text.substr(open + 1, close - open - 1), segment))
      return std::unexpected("bad options");
    text = text.substr(0, open);
  }
  const auto words = words_of(text, ' ');
  if (words.size() < 2) return std::unexpected("flags and a range are needed");
  const auto flags = parse_flags(words[0]);
  if (!flags) return std::unexpected("unknown flag in " + words[0]);
  segment.flags = *flags;
  if (!parse_range(words[1], segment)) return std::unexpected("bad range " + words[1]);
  for (std::size_t i = 2; i < words.size(); ++i) {
    if (words[i] == "bad") {
      segment.has_bad_checksum = true;
      continue;
    }
    if (words[i] == "ce" || words[i] == "ect" || words[i] == "notect") {
      segment.ecn = static_cast<std::uint8_t>(words[i] == "ce" ? 3 : words[i] == "ect" ? 2 : 0);
      continue;
    }
    if (i + 1 >= words.size()) return std::unexpected("a number is missing behind " + words[i]);
    const auto value = number(words[i + 1]);
    if (!value) return std::unexpected("not a number: " + words[i + 1]);
    if (words[i] == "ack")
      segment.ack = value;
    else if (words[i] == "win")
      segment.window = value;
    else if (words[i] == "urg")
      segment.urgent = value;
    else
      return std::unexpected("unknown word " + words[i]);
    ++i;
  }
  return segment;
}

std::string to_string(const SegmentText& segment) {
  std::string text;
  for (const auto& [letter, bit] : letters)
    if ((segment.flags & bit) != 0) text += letter;
  if (text.empty()) text.push_back('-');
  std::ostringstream out;
  out << text << ' ' << segment.seq << '(' << segment.bytes << ')';
  if (segment.ack) out << " ack " << *segment.ack;
  if (segment.window) out << " win " << *segment.window;
  if (!segment.options) return out.str();
  const OptionsText& o = *segment.options;
  out << " <";
  if (o.mss) out << "mss " << *o.mss << ',';
  if (o.sack_permitted) out << "sackOK,";
  if (o.timestamps) out << "ts " << o.timestamps->value << ' ' << o.timestamps->echo << ',';
  if (o.window_scale) out << "wscale " << *o.window_scale << ',';
  if (o.cookie) out << "fo " << *o.cookie << ',';
  if (!o.sack.empty()) out << "sack";
  for (const SackText& block : o.sack) out << ' ' << block.first << ':' << block.end;
  out << '>';
  return out.str();
}

std::string difference(const SegmentText& expected, const SegmentText& sent) {
  const std::uint8_t asked =
      static_cast<std::uint8_t>(~tcp_flag::psh | (expected.flags & tcp_flag::psh));
  if ((expected.flags & asked) != (sent.flags & asked)) return "other flags";
  if (expected.seq != sent.seq) return differ("sequence number", expected.seq, sent.seq);
  if (expected.bytes != sent.bytes) return differ("size", expected.bytes, sent.bytes);
  if (expected.ack && expected.ack != sent.ack)
    return differ("ack", *expected.ack, sent.ack.value_or(0));
  if (expected.window && expected.window != sent.window)
    return differ("window", *expected.window, *sent.window);
  if (expected.urgent && expected.urgent != sent.urgent)
    return differ("urgent pointer", *expected.urgent, sent.urgent.value_or(0));
  if (expected.ecn && expected.ecn != sent.ecn)
    return differ("ECN codepoint", *expected.ecn, sent.ecn.value_or(0));
  return expected.options ? difference(*expected.options, *sent.options) : std::string{};
}

}  // namespace arrakis::packet
