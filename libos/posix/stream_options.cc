// Options of IPPROTO_TCP.
#include <linux/tcp.h>
#include <netinet/in.h>

#include <algorithm>
#include <bit>
#include <climits>
#include <string_view>

#include "libos/posix/stream_socket.h"

namespace arrakis::posix {

using extaris::TcpKeepalive;
using extaris::tcp::CongestionControl;
using extaris::tcp::State;

namespace {

constexpr std::size_t congestion_name_bytes = 16;  // TCP_CA_NAME_MAX

struct Named {
  std::string_view name;
  CongestionControl which;
};
constexpr std::array congestion_controls{Named{"cubic", CongestionControl::cubic},
                                         Named{"reno", CongestionControl::new_reno},
                                         Named{"dctcp", CongestionControl::dctcp}};

// include/net/tcp_states.h
int linux_state(State state) {
  switch (state) {
    case State::established: return 1;
    case State::syn_sent: return 2;
    case State::syn_received: return 3;
    case State::fin_wait_1: return 4;
    case State::fin_wait_2: return 5;
    case State::closed:
    case State::time_wait: return 7;  // the socket, not what lasts of the connection
    case State::close_wait: return 8;
    case State::last_ack: return 9;
    case State::closing: return 11;
  }
  return 7;
}
constexpr int linux_listen = 10;

std::uint8_t log2_of(int bytes) {
  return static_cast<std::uint8_t>(std::bit_width(static_cast<unsigned>(std::max(bytes, 1)) - 1));
}

}  // namespace

std::optional<TcpKeepalive> StreamSocket::keepalive() const {
  if (!keepalive_) return std::nullopt;
  TcpKeepalive keepalive;
  if (keep_idle_s_) keepalive.idle = Duration::seconds(*keep_idle_s_);
  if (keep_interval_s_) keepalive.interval = Duration::seconds(*keep_interval_s_);
  if (keep_probes_) keepalive.probes = static_cast<std::uint8_t>(*keep_probes_);
  return keepalive;
}

extaris::TcpSettings StreamSocket::settings() const {
  extaris::TcpSettings settings = host_.defaults.tcp;
  settings.no_delay = no_delay_ || settings.no_delay;
  settings.keepalive = keepalive();
  settings.user_timeout = Duration::milliseconds(user_timeout_ms_);
  settings.linger = linger_;
  if (congestion_) settings.congestion = *congestion_;
  // Half of what Linux shows is for its own bookkeeping.
  if (receive_buffer_ != 0) settings.receive_buffer_log2 = log2_of(receive_buffer_ / 2);
  if (send_buffer_ != 0) settings.send_buffer_log2 = log2_of(send_buffer_);
  if (fast_open_queue_ > 0 || fast_open_connect_) settings.fast_open = true;
  return settings;
}

void StreamSocket::options_changed() {
  if (!connection_) return;
  connection_->set_no_delay(no_delay_);
  connection_->set_keepalive(keepalive());
  connection_->set_linger(linger_);
  connection_->set_user_timeout(Duration::milliseconds(user_timeout_ms_));
  if (receive_buffer_ != 0)
    connection_->set_receive_buffer(static_cast<std::size_t>(receive_buffer_ / 2));
  if (send_buffer_ != 0) connection_->set_send_buffer(static_cast<std::size_t>(send_buffer_));
}

Result<void> StreamSocket::set_number(int name, int value) {
  const auto within = [value](int least, int most) { return value >= least && value <= most; };
  switch (name) {
    case TCP_NODELAY: no_delay_ = value != 0; break;
    case TCP_CORK: cork_ = value != 0; break;
    case TCP_QUICKACK:
      talks_in_turns_ = value == 0;
      if (value != 0 && connection_) (void)connection_->acknowledge();
      return {};
    case TCP_KEEPIDLE:
      if (!within(1, 32'767)) return fail(EINVAL);
      keep_idle_s_ = value;
      break;
    case TCP_KEEPINTVL:
      if (!within(1, 32'767)) return fail(EINVAL);
      keep_interval_s_ = value;
      break;
    case TCP_KEEPCNT:
      if (!within(1, 127)) return fail(EINVAL);
      keep_probes_ = value;
      break;
    case TCP_SYNCNT:
      if (!within(1, 127)) return fail(EINVAL);
      syn_count_ = value;
      return {};
    case TCP_MAXSEG:
      if (value != 0 && !within(88, 32'767)) return fail(EINVAL);
      max_segment_ = value;
      return {};
    case TCP_LINGER2: linger2_s_ = value; return {};
    case TCP_DEFER_ACCEPT: defer_accept_ = value; return {};
    case TCP_WINDOW_CLAMP: window_clamp_ = value; return {};
    case TCP_NOTSENT_LOWAT: not_sent_low_ = value; return {};
    case TCP_FASTOPEN:
      if (!is_closed() && !listener_) return fail(EINVAL);
      if (value < 0) return fail(EINVAL);
      fast_open_queue_ = value;
      return {};
    case TCP_FASTOPEN_CONNECT:
      if (!within(0, 1)) return fail(EINVAL);
      if (!is_closed()) return fail(EINVAL);
      fast_open_connect_ = value != 0;
      return {};
    case TCP_USER_TIMEOUT:
      if (value < 0) return fail(EINVAL);
      user_timeout_ms_ = value;
      break;
    default: return fail(ENOPROTOOPT);
  }
  options_changed();
  return {};
}

Result<void> StreamSocket::set_own_option(Option option, OptionValue value) {
  if (option.level != IPPROTO_TCP) return fail(ENOPROTOOPT);
  if (option.name == TCP_CONGESTION) {
    if (value.empty()) return fail(EINVAL);
    std::string_view name;
    std::array<char, congestion_name_bytes> text{};
    std::memcpy(text.data(), value.data(), std::min(value.size(), text.size() - 1));
    name = text.data();
    const auto found = std::ranges::find(congestion_controls, name, &Named::name);
    if (found == congestion_controls.end()) return fail(ENOENT);
    congestion_ = found->which;
    if (connection_) connection_->set_congestion_control(found->which);
    return {};
  }
  const auto number = read_option<int>(value);
  if (!number) return std::unexpected(number.error());
  return set_number(option.name, *number);
}

Result<void> StreamSocket::put_info(OptionAnswer& answer) {
  tcp_info linux{};
  linux.tcpi_state = static_cast<std::uint8_t>(listener_ ? linux_listen : linux_state(state()));
  linux.tcpi_rto = 1'000'000;
  linux.tcpi_ato = 40'000;
  linux.tcpi_snd_ssthresh = INT_MAX;
  linux.tcpi_reordering = 3;
  linux.tcpi_pacing_rate = linux.tcpi_max_pacing_rate = UINT64_MAX;
  if (!connection_) return answer.put(linux);
  const extaris::TcpInfo ours = connection_->info();
  const std::uint32_t mss = std::max(ours.segment_bytes, 1u);
  linux.tcpi_snd_mss = linux.tcpi_rcv_mss = ours.segment_bytes;
  linux.tcpi_unacked = (ours.unacknowledged_bytes + mss - 1) / mss;
  linux.tcpi_notsent_bytes = ours.unsent_bytes;
  linux.tcpi_rtt = ours.round_trip_us;
  linux.tcpi_rttvar = ours.round_trip_variation_us;
  linux.tcpi_snd_cwnd = ours.congestion_window_bytes / mss;
  if (ours.slow_start_threshold_bytes < extaris::tcp::limits::congestion_window_max)
    linux.tcpi_snd_ssthresh = ours.slow_start_threshold_bytes / mss;
  linux.tcpi_total_retrans = ours.retransmitted_segments;
  linux.tcpi_snd_wnd = ours.peer_window_bytes;
  linux.tcpi_pmtu = host_.stack().device().info().mtu_bytes;
  linux.tcpi_advmss = linux.tcpi_pmtu - (connection_->remote().address.is_v4() ? 40 : 60);
  return answer.put(linux);
}

Result<void> StreamSocket::get_own_option(Option option, OptionAnswer& answer) {
  if (option.level != IPPROTO_TCP) return fail(EOPNOTSUPP);
  const TcpKeepalive usual;
  const auto seconds = [](Duration duration) {
    return static_cast<int>(duration.ns / Duration::seconds(1).ns);
  };
  switch (option.name) {
    case TCP_NODELAY: return answer.put(no_delay_ ? 1 : 0);
    case TCP_CORK: return answer.put(cork_ ? 1 : 0);
    case TCP_QUICKACK: return answer.put(talks_in_turns_ ? 0 : 1);
    case TCP_KEEPIDLE: return answer.put(keep_idle_s_.value_or(seconds(usual.idle)));
    case TCP_KEEPINTVL: return answer.put(keep_interval_s_.value_or(seconds(usual.interval)));
    case TCP_KEEPCNT: return answer.put(keep_probes_.value_or(usual.probes));
    case TCP_SYNCNT: return answer.put(syn_count_);
    case TCP_MAXSEG:
      if (connection_) return answer.put(static_cast<int>(connection_->segment_bytes()));
      return answer.put(max_segment_ != 0 ? max_segment_ : 536);
    case TCP_LINGER2: return answer.put(linger2_s_);
    case TCP_DEFER_ACCEPT: return answer.put(defer_accept_);
    case TCP_WINDOW_CLAMP: return answer.put(window_clamp_);
    case TCP_NOTSENT_LOWAT: return answer.put(not_sent_low_);
    case TCP_FASTOPEN: return answer.put(fast_open_queue_);
    case TCP_FASTOPEN_CONNECT: return answer.put(fast_open_connect_ ? 1 : 0);
    case TCP_USER_TIMEOUT: return answer.put(user_timeout_ms_);
    case TCP_INFO: return put_info(answer);
    case TCP_CONGESTION: {
      const auto which = congestion_.value_or(host_.defaults.tcp.congestion);
      const auto found = std::ranges::find(congestion_controls, which, &Named::which);
      return answer.put_text(found->name, congestion_name_bytes);
    }
    default: return fail(ENOPROTOOPT);
  }
}

}  // namespace arrakis::posix
