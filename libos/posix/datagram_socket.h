// datagram_socket.h: SOCK_DGRAM over UDP.
#pragma once

#include <deque>
#include <optional>

#include "extaris/udp/udp_socket.h"
#include "libos/posix/socket.h"

namespace arrakis::posix {

class DatagramSocket final : public Socket {
 public:
  DatagramSocket(Host& host, Family family) : Socket{host, family} {}
  ~DatagramSocket() override;

  int type() const override { return SOCK_DGRAM; }
  std::uint32_t poll() override;
  Result<void> bind(const Endpoint& local) override;
  Result<void> connect(const std::optional<Endpoint>& remote) override;
  Result<void> shutdown(int how) override;
  Result<std::size_t> receive(Incoming& request) override;
  Result<std::size_t> send(const Outgoing& request) override;
  Endpoint local() const override;
  std::optional<Endpoint> remote() const override;
  std::size_t readable_bytes() const override;
  bool ends_waiting() const override { return shut_read_; }

  // After each poll of the stack.
  void take_news();

 private:
  Result<void> set_own_option(Option, OptionValue) override { return fail(ENOPROTOOPT); }
  Result<void> get_own_option(Option, OptionAnswer&) override { return fail(EOPNOTSUPP); }
  Result<void> bind_to(const Endpoint& local);
  Result<void> bind_if_unbound();

  std::optional<extaris::UdpSocket> socket_;  // nothing: unbound
  std::deque<extaris::Datagram> received_;
  std::optional<Endpoint> peer_;
  IpAddress connected_from_;
  bool shut_read_ = false;
  bool shut_write_ = false;
};

}  // namespace arrakis::posix
