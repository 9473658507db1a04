// settings.h: what a script wants of the host: the tool's flags, and Linux's sysctls.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "extaris/stack/config.h"
#include "libos/posix/host.h"

namespace arrakis::packetdrill {

struct Settings {
  std::uint16_t mtu_bytes = 1500;
  std::optional<IpAddress> v4;  // nothing: the first address that is bound or written to
  std::optional<IpAddress> v6;
  std::optional<std::uint32_t> initial_sequence = 0xffff'fffb;  // 2^32 - 5: all cross the wrap
  posix::Defaults defaults = linux_defaults();

  static posix::Defaults linux_defaults();

  // False: nobody knows that name, or the value makes no sense.
  bool set(std::string_view name, std::string_view value);
  // "key=value,key=value"; returns those that were not understood.
  std::string read_flags(std::string_view flags);
  // Lines of "name=value".
  void read_sysctls(std::string_view lines);
};

}  // namespace arrakis::packetdrill
