#include "tests/packetdrill/settings.h"

#include <algorithm>
#include <array>
#include <bit>
#include <charconv>

namespace arrakis::packetdrill {
namespace {

using extaris::TcpSettings;
using extaris::tcp::CongestionControl;

std::optional<long> number_in(std::string_view text) {
  long number = 0;
  const auto [end, error] = std::from_chars(text.data(), text.data() + text.size(), number);
  if (error != std::errc{} || end != text.data() + text.size()) return std::nullopt;
  return number;
}

// Linux takes several of one name, "4096 131072 6291456": the least, the usual and the most.
struct Three {
  long least = 0, usual = 0, most = 0;
};

std::optional<Three> three_in(std::string_view text) {
  Three three;
  std::array<long*, 3> at{&three.least, &three.usual, &three.most};
  for (long* number : at) {
    const std::size_t begin = text.find_first_not_of(" \t");
    if (begin == std::string_view::npos) return std::nullopt;
    text.remove_prefix(begin);
    const std::size_t end = std::min(text.find_first_of(" \t"), text.size());
    const auto value = number_in(text.substr(0, end));
    if (!value) return std::nullopt;
    *number = *value;
    text.remove_prefix(end);
  }
  return three;
}

std::uint8_t log2_of(long bytes) {
  return static_cast<std::uint8_t>(std::bit_width(static_cast<unsigned long>(bytes)) - 1);
}

// include/net/tcp.h, tcp_select_initial_window(): what half of the largest buffer needs.
std::uint8_t scale_for(long most_bytes) {
  std::uint8_t scale = 0;
  for (long space = most_bytes; space > 65'535 && scale < 14; space /= 2) ++scale;
  return scale;
}

bool set_buffers(posix::Defaults& defaults, std::string_view name, std::string_view value) {
  const auto three = three_in(value);
  if (!three || three->usual < 2048 || three->most < three->usual) return false;
  if (name == "net.ipv4.tcp_rmem") {
    defaults.receive_buffer = static_cast<int>(three->usual);
    defaults.tcp.receive_buffer_log2 = log2_of(three->usual / 2);
    defaults.tcp.window_scale = scale_for(three->most);
  } else {
    defaults.send_buffer = static_cast<int>(three->usual);
    defaults.tcp.send_buffer_log2 = log2_of(three->most / 2);
  }
  return true;
}

bool set_congestion(TcpSettings& tcp, std::string_view name) {
  if (name == "cubic")
    tcp.congestion = CongestionControl::cubic;
  else if (name == "reno" || name == "new_reno")
    tcp.congestion = CongestionControl::new_reno;
  else if (name == "dctcp")
    tcp.congestion = CongestionControl::dctcp;
  else
    return false;
  return true;
}

bool set_number(Settings& settings, std::string_view name, long value) {
  TcpSettings& tcp = settings.defaults.tcp;
  if (name == "mtu") {
    if (value < 576 || value > 1500) return false;
    settings.mtu_bytes = static_cast<std::uint16_t>(value);
  } else if (name == "isn") {
    settings.initial_sequence = static_cast<std::uint32_t>(value);
  } else if (name == "window_scale") {
    tcp.window_scale = static_cast<std::uint8_t>(std::clamp(value, 0L, 14L));
  } else if (name == "receive_buffer") {
    if (value < 2048) return false;
    tcp.receive_buffer_log2 = log2_of(value);
  } else if (name == "timestamps" || name == "net.ipv4.tcp_timestamps") {
    tcp.timestamps = value != 0;
  } else if (name == "sack" || name == "net.ipv4.tcp_sack") {
    tcp.sack = value != 0;
  } else if (name == "ecn" || name == "net.ipv4.tcp_ecn") {
    tcp.ecn = value == 1;
  } else if (name == "quickack") {
    settings.defaults.quick_acks = static_cast<std::uint8_t>(std::clamp(value, 0L, 255L));
  } else if (name == "net.core.somaxconn") {
    settings.defaults.backlog_max = static_cast<std::uint32_t>(std::clamp(value, 1L, 4096L));
  } else {
    return false;
  }
  return true;
}

bool set_address(std::optional<IpAddress>& to, std::string_view text) {
  const auto address = IpAddress::parse(text);
  if (address) to = address;
  return address.has_value();
}

}  // namespace

// net.ipv4.tcp_rmem of Linux: a window of 64 KiB that may grow to 6 MiB.
posix::Defaults Settings::linux_defaults() {
  posix::Defaults defaults;
  defaults.tcp.receive_buffer_log2 = 16;
  defaults.tcp.window_scale = 7;
  return defaults;
}

bool Settings::set(std::string_view name, std::string_view value) {
  if (name == "congestion" || name == "net.ipv4.tcp_congestion_control")
    return set_congestion(defaults.tcp, value);
  if (name == "net.ipv4.tcp_rmem" || name == "net.ipv4.tcp_wmem")
    return set_buffers(defaults, name, value);
  if (name == "ipv4") return set_address(v4, value);
  if (name == "ipv6") return set_address(v6, value);
  const auto number = number_in(value);
  return number && set_number(*this, name, *number);
}

std::string Settings::read_flags(std::string_view flags) {
  std::string unknown;
  while (!flags.empty()) {
    const std::size_t end = std::min(flags.find(','), flags.size());
    const std::string_view one = flags.substr(0, end);
    flags.remove_prefix(std::min(end + 1, flags.size()));
    const std::size_t equals = one.find('=');
    if (equals == std::string_view::npos || !set(one.substr(0, equals), one.substr(equals + 1)))
      unknown.append(" ").append(one);
  }
  return unknown;
}

void Settings::read_sysctls(std::string_view lines) {
  while (!lines.empty()) {
    const std::size_t end = std::min(lines.find('\n'), lines.size());
    const std::string_view line = lines.substr(0, end);
    lines.remove_prefix(std::min(end + 1, lines.size()));
    const std::size_t equals = line.find('=');
    // One that we do not have is none that a script fails for.
    if (equals != std::string_view::npos)
      (void)set(line.substr(0, equals), line.substr(equals + 1));
  }
}

}  // namespace arrakis::packetdrill
