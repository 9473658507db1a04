#include "control-plane/model/quote.h"

namespace arrakis::control {
namespace {

void append_escaped(std::string& out, unsigned char byte) {
  constexpr std::string_view digits = "0123456789abcdef";
  out += "\\x";
  out += digits[byte >> 4];
  out += digits[byte & 0xf];
}

bool is_control(unsigned char byte) { return byte < 0x20 || byte == 0x7f; }

}  // namespace

std::string quote(std::string_view text) {
  std::string out = "\"";
  for (const char c : text.substr(0, quoted_bytes_max)) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_control(byte) || byte >= 0x80 || byte == '"' || byte == '\\')
      append_escaped(out, byte);
    else
      out += c;
  }
  out += text.size() > quoted_bytes_max ? "...\"" : "\"";
  return out;
}

std::string one_line(std::string_view text) {
  std::string out;
  for (const char c : text) {
    const auto byte = static_cast<unsigned char>(c);
    if (is_control(byte))
      append_escaped(out, byte);
    else
      out += c;
  }
  return out;
}

}  // namespace arrakis::control
