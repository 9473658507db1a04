// segment_text.h: a segment as a script writes it, in tcpdump's manner:
//
//   S. 0(0) ack 1 win 65535 <mss 1460,sackOK,ts 100 0,wscale 7>
//
// Flags (S F R P . U E W; `.` is ACK, `-` is none), first sequence number, bytes of text.
// Sequence numbers count from each side's initial one.
#pragma once

#include <cstdint>
#include <expected>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "extaris/wire/tcp.h"

namespace arrakis::packet {

struct SackText {
  std::uint32_t first;
  std::uint32_t end;
  friend bool operator==(const SackText&, const SackText&) = default;
};

struct OptionsText {
  std::optional<std::uint32_t> mss;
  std::optional<std::uint32_t> window_scale;
  std::optional<extaris::TcpTimestamps> timestamps;
  bool any_timestamp_value = false;  // "ts any 100"
  bool sack_permitted = false;
  std::vector<SackText> sack;
  std::optional<std::string> cookie;  // RFC 7413, in hexadecimal; "": asks for one; "any"; "last"
};

struct SegmentText {
  std::uint8_t flags = 0;
  std::uint32_t seq = 0;
  std::uint32_t bytes = 0;
  std::optional<std::uint32_t> ack;
  std::optional<std::uint32_t> window;
  std::optional<std::uint32_t> urgent;
  std::optional<std::uint8_t> ecn;     // "ce", "ect", "notect": RFC 3168, 5
  bool has_bad_checksum = false;       // "bad": only of what arrives
  std::optional<OptionsText> options;  // nothing: not said
};

std::expected<SegmentText, std::string> parse_segment(std::string_view text);
std::string to_string(const SegmentText& segment);

// What is sent against what a script expects: only what the script says is compared, but flags
// (PSH aside, unless it is asked for), sequence number and size always. Empty: they agree.
std::string difference(const SegmentText& expected, const SegmentText& sent);

}  // namespace arrakis::packet
