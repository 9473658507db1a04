// script.h: the commands of a packet script (README.md lists them).
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/packet/scripted_peer.h"

namespace arrakis::packet {

class Script {
 public:
  explicit Script(extaris::PacketPool& pool) : pool_{pool} {}

  // Empty: it went as written. Otherwise "LINE: what did not".
  std::string run(const std::vector<std::string>& lines);

 private:
  std::string run_line(std::string_view line);
  std::string set_option(const std::string& name, const std::string& value);
  std::string establish(std::string_view with);
  std::string expect_sent(std::string_view text);
  std::string expect_nothing();
  std::string receive(std::string_view text);
  std::string open(const std::string& command);
  std::string transfer(const std::string& command, std::uint32_t count);
  std::string finish(const std::string& command);
  std::string adjust(const std::string& what, std::string_view value);
  std::string message(const std::string& command, std::string_view rest);
  std::string expect_event(const std::string& name);
  std::string check(const std::string& what, const std::string& value);
  void begin_numbers() { sent_ = read_ = 1; }
  ScriptedPeer& peer();

  extaris::PacketPool& pool_;
  PeerOptions options_;
  std::optional<ScriptedPeer> peer_;
  std::optional<extaris::TcpListener> listener_;
  std::optional<extaris::TcpConnection> connection_;
  std::uint32_t sent_ = 1;  // next sequence number of what the host sends
  std::uint32_t read_ = 1;
  Instant last_{};  // of the last line that had to do with a segment
};

}  // namespace arrakis::packet
