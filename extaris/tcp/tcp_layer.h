// tcp_layer.h: all of a host's TCP: which connection a segment is for, opening, timers, and the
// order in which things are done in a poll.
//
// In a poll every segment goes into its connection first; what has to be sent then leaves once a
// connection, so a burst is answered by one ACK.
// Threads: those of the stack. Time: set once a poll.
#pragma once

#include <array>
#include <cstdint>
#include <expected>
#include <optional>
#include <span>
#include <vector>

#include "extaris/ip/arrival.h"
#include "extaris/ip/bind_error.h"
#include "extaris/ip/ip_output.h"
#include "extaris/ip/transport_error.h"
#include "extaris/stack/config.h"
#include "extaris/stack/counters.h"
#include "extaris/tcp/connections.h"
#include "extaris/tcp/emitter.h"
#include "extaris/tcp/fast_open.h"
#include "extaris/tcp/index_ring.h"
#include "extaris/tcp/listener.h"
#include "extaris/tcp/memory.h"
#include "extaris/tcp/secrets.h"
#include "extaris/tcp/segment.h"
#include "extaris/tcp/tcp_event.h"
#include "extaris/tcp/wheel.h"

namespace arrakis::extaris {

class TcpLayer {
 public:
  TcpLayer(Link& link, IpOutput& ip, const StackConfig& config, const NetDevice& device,
           Counters& counters);
  ~TcpLayer();

  void set_time(Instant now) noexcept;

  // ---- what arrives
  // No segment needs to be looked for.
  bool is_idle() const noexcept { return connections_.count() == 0; }
  std::size_t connection_count() const noexcept { return connections_.count(); }
  tcp::Connections& connections() noexcept { return connections_; }
  // A segment that the fast path found to be whole and its connection known.
  void receive(tcp::ControlBlock& c, tcp::Segment& segment) noexcept;
  // Any other whose checksum is right; `tcp` was parsed from it.
  void receive(Arrival&& arrival, const TcpSegment& tcp) noexcept;
  // ICMP says something of a segment we sent. False: we did not send it.
  bool report(const TransportError& error, Seq quoted) noexcept;
  void forget_paths() noexcept { emitter_.forget_paths(); }
  // The burst is over: what it gave rise to is sent.
  void finish() noexcept;
  void run_timers() noexcept;
  bool has_due() const noexcept { return wheel_.is_due(now_.tick); }
  std::optional<Instant> next_deadline() const noexcept;

  // ---- what the application asks for
  std::expected<std::uint16_t, BindError> listen(const Endpoint& local, std::uint32_t backlog,
                                                 const TcpSettings& settings) noexcept;
  void close_listener(std::uint16_t listener) noexcept;
  tcp::Listener& listener(std::uint16_t index) noexcept { return listeners_[index]; }
  // nullptr: nobody waits.
  tcp::ControlBlock* accept(std::uint16_t listener) noexcept;
  std::expected<tcp::ControlBlock*, ConnectError> connect(const Endpoint& remote,
                                                          const Endpoint& local,
                                                          const TcpSettings& settings) noexcept;
  std::size_t take_events(std::span<TcpEvent> out) noexcept;
  // Grows whenever there is one more to take.
  std::uint64_t news_count() const noexcept { return news_count_; }

  // For text. Holds nothing: what is left is for others (memory.h).
  Packet allocate() noexcept;
  // It has its share of packets on their way already.
  bool must_wait_for_packets(const tcp::ControlBlock& c) const noexcept;
  const IpAddress& address(std::uint8_t index) const noexcept { return addresses_[index]; }
  const TcpSettings& settings() const noexcept { return settings_; }
  tcp::Tick now() const noexcept { return now_.tick; }
  // For tools. Places in a table each, of which some are free (port 0, state closed).
  std::span<const tcp::Listener> listeners() const noexcept { return listeners_; }
  std::span<const tcp::ControlBlock> blocks() const noexcept { return connections_.all(); }
  // After the application did something to it: sends, arms, tells.
  void settle(tcp::ControlBlock& c) noexcept;
  // The application lets go of it: RFC 9293, 3.6.1.
  void release(tcp::ControlBlock& c) noexcept;
  void shut_sending(tcp::ControlBlock& c) noexcept;
  // It is looked at when all are, and sends nothing before.
  void gather(tcp::ControlBlock& c) noexcept { stand_in_line(c); }
  void abort(tcp::ControlBlock& c) noexcept;
  // Takes effect at once.
  void set_keepalive(tcp::ControlBlock& c, const std::optional<TcpKeepalive>& keepalive) noexcept;
  // Why send() would take nothing of that size now.
  std::optional<TcpSendError> refuses(tcp::ControlBlock& c, std::size_t bytes) noexcept;
  // Takes the packet unless there is none to copy it to. REQUIRES: !refuses(c, size(packet)).
  std::expected<void, TcpSendError> send(tcp::ControlBlock& c, Packet&& packet) noexcept;
  // Why it takes nothing now; the event `room` will come if that changes.
  TcpSendError refuse_to_send(tcp::ControlBlock& c) noexcept;
  // Holds nothing: nothing has come in order.
  Packet receive(tcp::ControlBlock& c) noexcept;
  // What receive() lent is not needed any more.
  void take_back(tcp::Index id, std::uint32_t generation, std::uint16_t bytes) noexcept;

 private:
  tcp::Context context() noexcept { return {now_, counters_.tcp, memory_.state()}; }
  void act_on(tcp::ControlBlock& c, const tcp::Segment& s, tcp::Next next) noexcept;
  void after_segment(tcp::ControlBlock& c, tcp::State before) noexcept;
  void tell(tcp::ControlBlock& c) noexcept;
  void stand_in_line(tcp::ControlBlock& c) noexcept;
  void arrange(tcp::ControlBlock& c) noexcept;
  void challenge(tcp::ControlBlock& c) noexcept;
  void tell_marks_apart(tcp::ControlBlock& c, const tcp::Segment& s) noexcept;
  void destroy(tcp::ControlBlock& c) noexcept;
  void became_established(tcp::ControlBlock& c) noexcept;
  void answer_with_cookie(const Arrival& arrival, const TcpSegment& tcp,
                          const tcp::Listener& listener, std::uint8_t local) noexcept;
  tcp::ControlBlock* open_by_cookie(const Arrival& arrival, const TcpSegment& tcp,
                                    std::uint16_t index, std::uint8_t local) noexcept;
  void keep_time_waits_few(tcp::ControlBlock& newest) noexcept;
  void left_half_open(tcp::ControlBlock& c) noexcept;

  // Sequence numbers begin behind `older`, of the connection that had this flow before.
  // RFC 7413: tcp_fast_open.cc
  using Cookie = std::array<std::byte, tcp::limits::fast_open_cookie_bytes>;
  Cookie cookie_for(const IpAddress& local, const IpAddress& remote) const noexcept;
  void send_first_syn(tcp::ControlBlock& c) noexcept;
  void learn_cookie(const tcp::ControlBlock& c, const TcpSegment& tcp,
                    const TcpOptions& options) noexcept;
  bool open_fast(tcp::ControlBlock& c, Arrival& arrival, const TcpSegment& tcp,
                 const TcpOptions& options) noexcept;
  void left_fast_open(tcp::ControlBlock& c) noexcept;

  void open_passively(Arrival&& arrival, const TcpSegment& tcp, std::uint16_t listener,
                      std::uint8_t local, std::optional<Seq> older) noexcept;
  void set_up(tcp::ControlBlock& c, const TcpSettings& settings) noexcept;
  void apply(tcp::ControlBlock& c, const TcpSettings& settings) noexcept;
  std::uint16_t find_listener(const Endpoint& local) const noexcept;
  std::optional<std::uint8_t> index_of(const IpAddress& address) const noexcept;
  NetDevice::Arrives arrival(const tcp::Flow& flow, std::uint16_t port) const noexcept;
  std::uint16_t choose_port(tcp::Flow flow) noexcept;
  bool may_reuse(tcp::ControlBlock& c, const TcpSegment& tcp) const noexcept;
  void refuse(const Arrival& arrival, const TcpSegment& tcp) noexcept;
  void send_reset(const Endpoint& local, const Endpoint& remote, const tcp::Segment& s) noexcept;

  Link& link_;
  IpOutput& ip_;
  const NetDevice& device_;
  Counters& counters_;
  TcpSettings settings_;
  std::optional<std::uint32_t> initial_sequence_;
  std::vector<IpAddress> addresses_;  // ours
  tcp::Secrets secrets_;
  tcp::Connections connections_;
  tcp::Wheel wheel_;
  tcp::Emitter emitter_;
  tcp::MemoryWatch memory_;
  tcp::Now now_{};
  tcp::IndexRing todo_;
  bool is_device_full_ = false;  // as of the last finish(): all that is to be sent stands in line
  tcp::IndexRing ready_;
  std::uint64_t news_count_ = 0;
  std::uint64_t allocations_ = 0;  // by the application
  std::uint32_t challenges_left_ = 0;
  Instant challenges_until_{};
  std::uint32_t ports_tried_ = 0;
  std::uint32_t half_open_ = 0;
  tcp::FastOpenCookies fast_open_cookies_;  // that peers gave us
  std::uint32_t fast_opens_pending_ = 0;
  Instant cookies_until_{};  // no cookie of ours is good after that
  struct TimeWait {
    tcp::Index id;
    std::uint32_t generation;
  };
  std::vector<TimeWait> time_waits_;  // a ring, oldest at `oldest_time_wait_`
  std::size_t oldest_time_wait_ = 0;
  std::vector<tcp::Listener> listeners_;
  std::vector<std::uint16_t> listening_;  // by port: the first listener
  std::uint16_t free_listener_ = tcp::Listener::none;
  std::vector<std::uint16_t> listeners_with_news_;
};

}  // namespace arrakis::extaris
