// pcapng.h: blocks of a capture file as bytes (draft-ietf-opsawg-pcapng, sections of it named).
// One section, Ethernet interfaces, times in nanoseconds since the epoch. Pure.
#pragma once

#include <cstddef>
#include <cstdint>
#include <span>
#include <string>

namespace arrakis::ctl::pcapng {

using Bytes = std::string;

Bytes section_header(const std::string& program);  // 4.1
// 4.2; they are numbered from 0 in their order. `snap_bytes`: the most that is kept of a frame.
Bytes interface(const std::string& name, const std::string& description, std::uint32_t snap_bytes);

struct Frame {
  std::uint32_t interface = 0;
  std::uint64_t time_ns = 0;
  std::uint32_t original_bytes = 0;
  bool is_outgoing = false;
  std::span<const std::byte> bytes;
};
Bytes enhanced_packet(const Frame& frame);  // 4.3

struct Statistics {
  std::uint32_t interface = 0;
  std::uint64_t begin_ns = 0;
  std::uint64_t end_ns = 0;
  std::uint64_t received = 0;  // lost ones too
  std::uint64_t dropped = 0;
};
Bytes interface_statistics(const Statistics& statistics);  // 4.6

}  // namespace arrakis::ctl::pcapng
