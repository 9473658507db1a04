#include <linux/ethtool.h>
#include <linux/sockios.h>
#include <net/if.h>
#include <sys/ioctl.h>
#include <sys/socket.h>

#include <fmt/format.h>
#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "control-plane/providers/xdp/links.h"
#include "kj/io.h"

namespace arrakis::control::xdp {
namespace {

// 0, or the errno of it.
int ask_driver(const std::string& netdev, void* command) {
  const kj::AutoCloseFd socket(::socket(AF_INET, SOCK_DGRAM | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) return errno;
  ifreq request{};
  std::memcpy(request.ifr_name, netdev.data(),
              std::min(netdev.size(), sizeof(request.ifr_name) - 1));
  request.ifr_data = static_cast<char*>(command);
  return ioctl(socket, SIOCETHTOOL, &request) == 0 ? 0 : errno;
}

constexpr std::array<std::uint32_t, 3> transmit_offloads{ETHTOOL_STXCSUM, ETHTOOL_STSO,
                                                         ETHTOOL_SGSO};

}  // namespace

Outcome<void> disable_transmit_offloads(const std::string& netdev) {
  for (const std::uint32_t command : transmit_offloads) {
    ethtool_value value{.cmd = command, .data = 0};
    if (const int error = ask_driver(netdev, &value); error != 0 && error != EOPNOTSUPP)
      return fail(Error::Code::unavailable, fmt::format("{}: cannot turn transmit offloads off: {}",
                                                        netdev, std::strerror(error)));
  }
  return {};
}

std::uint32_t receive_queues(const std::string& netdev) {
  ethtool_channels channels{};
  channels.cmd = ETHTOOL_GCHANNELS;
  if (ask_driver(netdev, &channels) != 0) return 1;
  return std::max(1u, channels.rx_count + channels.combined_count);
}

}  // namespace arrakis::control::xdp
