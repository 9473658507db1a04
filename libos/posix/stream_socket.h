// stream_socket.h: SOCK_STREAM over TCP.
//
// What the program has not read yet may lie here (a buffer read in part, or only peeked at): it
// still counts against the connection's window, because TCP lends its buffers.
#pragma once

#include <deque>
#include <optional>

#include "extaris/tcp/state.h"
#include "extaris/tcp/tcp_connection.h"
#include "libos/posix/socket.h"

namespace arrakis::posix {

class StreamSocket final : public Socket {
 public:
  StreamSocket(Host& host, Family family);
  ~StreamSocket() override;

  int type() const override { return SOCK_STREAM; }
  std::uint32_t poll() override;
  Result<void> bind(const Endpoint& local) override;
  Result<void> listen(int backlog) override;
  Result<FilePtr> accept() override;
  Result<void> connect(const std::optional<Endpoint>& remote) override;
  Result<void> shutdown(int how) override;
  Result<std::size_t> receive(Incoming& request) override;
  Result<std::size_t> send(const Outgoing& request) override;
  Endpoint local() const override;
  std::optional<Endpoint> remote() const override;
  std::size_t readable_bytes() const override;
  std::size_t unsent_bytes() const override;
  bool lingers() const override;
  bool is_listening() const override { return listener_.has_value(); }

  // News of the stack: bits of TcpEvent.
  void hear(std::uint8_t what);

 private:
  // Linux's SS_UNCONNECTED and so on: what connect() has been told.
  enum class Phase : std::uint8_t { unconnected, connecting, connected };

  StreamSocket(Host& host, const StreamSocket& listener, extaris::TcpConnection&& connection);

  Result<void> set_own_option(Option option, OptionValue value) override;
  Result<void> get_own_option(Option option, OptionAnswer& answer) override;
  void options_changed() override;

  extaris::tcp::State state() const;
  // Past the handshake, or never in one.
  bool is_opening() const;
  // Linux's TCP_CLOSE: it has ended, or only lasts in TIME-WAIT, or never began.
  bool is_closed() const;
  bool has_fin() const;  // the peer's
  bool is_shut_for_reading() const { return shut_read_ || has_fin() || has_ended(); }
  bool is_shut_for_writing() const { return shut_write_ || has_ended(); }
  bool has_ended() const { return connection_ && is_closed(); }
  bool is_writable();

  extaris::TcpSettings settings() const;
  std::optional<extaris::TcpKeepalive> keepalive() const;
  Result<void> begin(const Endpoint& remote);
  void forget_connection();
  void note_end();
  void pull(std::size_t wanted);
  void consume(std::size_t count);
  Result<std::size_t> nothing_received(const Incoming& request);
  Result<void> set_number(int name, int value);
  Result<void> put_info(OptionAnswer& answer);

  // Linux acknowledges at once until it sees that the two sides talk in turns, and the first few
  // segments (net/ipv4/tcp_input.c, "quickack").
  void acknowledge_quickly();
  void note_answer();

  std::optional<extaris::TcpListener> listener_;
  std::optional<extaris::TcpConnection> connection_;
  std::deque<extaris::TcpBuffer> held_;  // received, not read
  std::size_t held_bytes_ = 0;           // what of them is not read
  std::size_t held_offset_ = 0;          // what of the first is
  Phase phase_ = Phase::unconnected;
  bool shut_read_ = false;
  bool shut_write_ = false;
  bool is_bound_ = false;
  bool end_is_noted_ = false;
  bool had_fin_ = false;
  bool talks_in_turns_ = false;
  std::uint8_t quick_acks_ = host_.defaults.quick_acks;  // still to be had
  Instant last_received_{};
  Endpoint bound_;

  // Options of IPPROTO_TCP.
  bool no_delay_ = false;
  bool cork_ = false;
  bool fast_open_connect_ = false;
  int fast_open_queue_ = 0;
  int max_segment_ = 0;
  int syn_count_ = 6;
  int defer_accept_ = 0;
  int linger2_s_ = 60;
  int window_clamp_ = 0;
  int not_sent_low_ = 0;
  int user_timeout_ms_ = 0;
  std::optional<int> keep_idle_s_, keep_interval_s_, keep_probes_;
  std::optional<extaris::tcp::CongestionControl> congestion_;
};

}  // namespace arrakis::posix
