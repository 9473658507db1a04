// tool.h: for tests: the library, called as the packetdrill tool calls it: loaded by name, a world
// a script, packets in and out as raw IP.
#pragma once

#include <gtest/gtest.h>
#include <netinet/in.h>

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "tests/packetdrill/interface.h"

namespace arrakis::packetdrill {

// One TCP segment or UDP datagram between the remote host and ours, over IPv4.
struct Packet {
  bool is_udp = false;
  std::uint8_t flags = 0;
  std::uint32_t seq = 0;  // ours are absolute, the tool's own begin at 0
  std::uint32_t ack = 0;
  std::uint16_t window = 65'535;
  std::vector<std::uint8_t> options;
  std::string payload;
  std::uint16_t remote_port = 40'000;
  std::uint16_t local_port = 8080;
  long long at_us = 0;  // of one that left
};

namespace tcp {
inline constexpr std::uint8_t fin = 1, syn = 2, rst = 4, psh = 8, ack = 16;
}

class Tool : public testing::Test {
 protected:
  explicit Tool(const std::string& flags = "");
  ~Tool() override { close_world(); }

  void begin(const std::string& flags);
  void close_world();

  sockaddr_in local(std::uint16_t port = 8080) const { return address("192.168.0.1", port); }
  sockaddr_in remote(std::uint16_t port = 40'000) const { return address("192.0.2.1", port); }
  static sockaddr_in address(const char* text, std::uint16_t port);

  int make_socket(int type = SOCK_STREAM) { return i.socket(i.userdata, AF_INET, type, 0); }
  int bind(int fd, const sockaddr_in& to) { return i.bind(i.userdata, fd, cast(to), sizeof(to)); }
  int connect(int fd, const sockaddr_in& to) {
    return i.connect(i.userdata, fd, cast(to), sizeof(to));
  }
  int set_option(int fd, int level, int name, int value) {
    return i.setsockopt(i.userdata, fd, level, name, &value, sizeof(value));
  }
  int get_option(int fd, int level, int name);
  void set_non_blocking(int fd);
  std::string read(int fd, std::size_t most = 1000);
  ssize_t write(int fd, std::string_view text) {
    return i.write(i.userdata, fd, text.data(), text.size());
  }
  int close(int fd) { return i.close(i.userdata, fd); }
  long long now_us();
  void sleep_ms(unsigned ms) { i.usleep(i.userdata, ms * 1000); }

  void give(const Packet& packet);
  // Nothing: none will come.
  std::optional<Packet> take();
  Packet expect_sent();

  // A listener at port 8080.
  int listener();
  // The handshake that the remote host begins; its first byte is 1, ours `iss` + 1.
  void shake_hands(const std::vector<std::uint8_t>& options = mss_1460);
  int established();

  static inline const std::vector<std::uint8_t> mss_1460{2, 4, 5, 180};

  packetdrill_interface i{};
  std::uint32_t iss = 0;

 private:
  static const sockaddr* cast(const sockaddr_in& to) {
    return reinterpret_cast<const sockaddr*>(&to);
  }
};

}  // namespace arrakis::packetdrill
