#include "tests/packet/script.h"

#include <array>
#include <charconv>
#include <map>
#include <sstream>

namespace arrakis::packet {
namespace {

using extaris::TcpBuffer;
using extaris::TcpError;

// A timer counts in milliseconds and is never early.
constexpr Duration tolerance = Duration::milliseconds(2);

std::optional<Duration> duration_of(std::string_view text) {
  std::int64_t number = 0;
  const auto result = std::from_chars(text.data(), text.data() + text.size(), number);
  const std::string_view unit{result.ptr,
                              static_cast<std::size_t>(text.data() + text.size() - result.ptr)};
  if (result.ec != std::errc{}) return std::nullopt;
  if (unit == "us") return Duration::microseconds(number);
  if (unit == "ms") return Duration::milliseconds(number);
  if (unit == "s") return Duration::seconds(number);
  return std::nullopt;
}

std::pair<std::string, std::string_view> split_first(std::string_view text) {
  while (text.starts_with(' ')) text.remove_prefix(1);
  const auto end = text.find(' ');
  if (end == std::string_view::npos) return {std::string{text}, {}};
  std::string_view rest = text.substr(end);
  while (rest.starts_with(' ')) rest.remove_prefix(1);
  return {std::string{text.substr(0, end)}, rest};
}

std::string name_of(TcpError error) {
  switch (error) {
    case TcpError::none: return "none";
    case TcpError::reset: return "reset";
    case TcpError::refused: return "refused";
    case TcpError::timed_out: return "timed_out";
    case TcpError::unreachable: return "unreachable";
    case TcpError::aborted: return "aborted";
  }
  return "?";
}

}  // namespace

ScriptedPeer& Script::peer() {
  if (!peer_) peer_.emplace(pool_, options_);
  return *peer_;
}

std::string Script::run(const std::vector<std::string>& lines) {
  for (std::size_t i = 0; i < lines.size(); ++i) {
    std::string_view line = lines[i];
    if (const auto comment = line.find('#'); comment != std::string_view::npos)
      line = line.substr(0, comment);
    while (line.ends_with(' ')) line.remove_suffix(1);
    if (line.empty()) continue;
    if (const std::string complaint = run_line(line); !complaint.empty())
      return std::to_string(i + 1) + ": " + complaint;
  }
  if (const std::string complaint = expect_nothing(); !complaint.empty())
    return std::to_string(lines.size()) + ": at the end, " + complaint;
  return {};
}

std::string Script::run_line(std::string_view line) {
  const auto [command, rest] = split_first(line);
  if (command == "option") {
    const auto [name, value] = split_first(rest);
    return set_option(name, std::string{value});
  }
  if (command == "established") return establish(rest);
  if (command == "in") return receive(rest);
  if (command == "out") return expect_sent(rest);
  if (command == "none") return expect_nothing();
  if (command == "listen" || command == "accept" || command == "connect" ||
      command == "connect_later")
    return open(command);
  if (command == "shutdown" || command == "close" || command == "abort") return finish(command);
  if (command == "send" || command == "read")
    return transfer(command, static_cast<std::uint32_t>(std::stoul(std::string{rest})));
  if (command == "wait") {
    const auto length = duration_of(rest);
    if (!length) return "not a time: " + std::string{rest};
    const Instant end = peer().now() + *length;
    while (peer().step_to(end)) {
    }
    last_ = end;
    return {};
  }
  if (command == "too_big" || command == "unreachable" || command == "flood" || command == "again")
    return message(command, rest);
  if (command == "keepalive" || command == "user_timeout" || command == "nodelay")
    return adjust(command, rest);
  if (command == "event") return expect_event(std::string{rest});
  return check(command, std::string{rest});
}

std::string Script::set_option(const std::string& name, const std::string& value) {
  extaris::TcpSettings& s = options_.settings;
  const bool on = value == "on";
  const std::map<std::string, bool*> switches{
      {"timestamps", &s.timestamps}, {"sack", &s.sack},           {"ecn", &s.ecn},
      {"nodelay", &s.no_delay},      {"fast_open", &s.fast_open}, {"ipv4", &options_.is_v4}};
  if (const auto found = switches.find(name); found != switches.end()) {
    *found->second = on;
    return {};
  }
  if (name == "congestion") {
    s.congestion = value == "newreno" ? extaris::tcp::CongestionControl::new_reno
                   : value == "dctcp" ? extaris::tcp::CongestionControl::dctcp
                                      : extaris::tcp::CongestionControl::cubic;
    return {};
  }
  const unsigned long number = std::stoul(value);
  if (name == "connections")
    options_.connections_max = number;
  else if (name == "mtu")
    options_.mtu_bytes = static_cast<std::uint16_t>(number);
  else if (name == "rcvbuf_log2")
    s.receive_buffer_log2 = static_cast<std::uint8_t>(number);
  else if (name == "sndbuf_log2")
    s.send_buffer_log2 = static_cast<std::uint8_t>(number);
  else
    return "unknown option " + name;
  return {};
}

// The usual handshake: the peer's SYN has what is given.
std::string Script::establish(std::string_view with) {
  const std::string syn = with.empty() ? "win 65535 <mss 1460>" : std::string{with};
  const std::string window = syn.substr(0, syn.find('<'));
  std::string stamp;
  if (const auto at = syn.find("ts "); at != std::string::npos)
    stamp.append(" <").append(syn, at, syn.find_first_of(",>", at) - at).append(">");
  for (const std::string& line :
       {std::string{"listen"}, "in S 0(0) " + syn, std::string{"out S. 0(0) ack 1"},
        std::string{"in . 1(0) ack 1 "}.append(window).append(stamp), std::string{"accept"}})
    if (const std::string complaint = run_line(line); !complaint.empty()) return complaint;
  return {};
}

std::string Script::receive(std::string_view text) {
  const auto segment = parse_segment(text);
  if (!segment) return segment.error();
  peer().arrive(*segment);
  last_ = peer().now();
  return {};
}

// "+40ms ..." waits for it: nothing may be sent before, and it must come then.
std::string Script::expect_sent(std::string_view text) {
  Duration after{};
  if (text.starts_with('+')) {
    const auto [word, rest] = split_first(text.substr(1));
    const auto length = duration_of(word);
    if (!length) return "not a time: " + word;
    after = *length;
    text = rest;
  }
  const auto expected = parse_segment(text);
  if (!expected) return expected.error();
  if (last_ == Instant{}) last_ = peer().now();
  const Instant earliest = last_ + after;
  auto sent = peer().next_sent();
  while (!sent && after > Duration{} && peer().step_to(earliest + tolerance))
    sent = peer().next_sent();
  if (!sent) sent = peer().next_sent();
  if (!sent) return "nothing was sent, expected " + to_string(*expected);
  if (sent->at < earliest && after > Duration{})
    return "sent " + std::to_string((earliest - sent->at).ns / 1'000) +
           " us too early: " + to_string(sent->segment);
  if (!sent->wrong.empty()) return sent->wrong + ": " + to_string(sent->segment);
  last_ = sent->at;
  const std::string what = difference(*expected, sent->segment);
  return what.empty() ? what : what + " in " + to_string(sent->segment);
}

std::string Script::expect_nothing() {
  if (!peer_) return {};
  const auto sent = peer().next_sent();
  return sent ? "sent without being expected: " + to_string(sent->segment) : std::string{};
}

std::string Script::open(const std::string& command) {
  if (command == "listen") {
    auto listener = peer().stack().listen_tcp({{}, 80});
    if (!listener) return "cannot listen";
    listener_.emplace(std::move(*listener));
    return {};
  }
  if (command == "accept") {
    if (!listener_) return "nobody listens";
    auto connection = listener_->accept();
    if (!connection) return "nobody waits to be accepted";
    connection_.emplace(std::move(*connection));
    return {};
  }
  begin_numbers();
  auto connection = peer().stack().connect_tcp(peer().remote());
  if (!connection) return "cannot connect";
  connection_.emplace(std::move(*connection));
  // What is sent before the stack is polled may go with the SYN.
  if (command == "connect") peer().poll();
  last_ = peer().now();
  return {};
}

std::string Script::transfer(const std::string& command, std::uint32_t count) {
  if (!connection_) return "there is no connection";
  if (command == "send") {
    std::vector<std::byte> text;
    for (std::uint32_t i = 0; i < count; ++i) text.push_back(byte_at(sent_ + i));
    const auto taken = connection_->send(text);
    if (!taken) return "nothing was taken";
    sent_ += static_cast<std::uint32_t>(*taken);
    peer().poll();
    last_ = peer().now();
    return *taken == count ? std::string{} : std::to_string(*taken) + " bytes were taken";
  }
  std::uint32_t got = 0;
  while (const TcpBuffer buffer = connection_->receive())
    for (const std::byte b : buffer.bytes()) {
      if (b != byte_at(read_)) return "wrong text received";
      ++read_;
      ++got;
    }
  peer().poll();
  return got == count ? std::string{} : std::to_string(got) + " bytes were read";
}

std::string Script::finish(const std::string& command) {
  if (!connection_) return "there is no connection";
  if (command == "shutdown") connection_->shutdown();
  if (command == "abort") connection_->abort();
  if (command == "close") connection_.reset();
  peer().poll();
  last_ = peer().now();
  return {};
}

// Messages of others about segments of ours, and other peers.
std::string Script::message(const std::string& command, std::string_view rest) {
  const auto [first, second] = split_first(rest);
  if (command == "again") {
    begin_numbers();
    connection_.reset();
    peer().poll();
    peer().come_again();
    return {};
  }
  const auto number = static_cast<std::uint32_t>(std::stoul(first));
  if (command == "flood") {
    peer().flood(number);
    return {};
  }
  const auto argument = static_cast<std::uint32_t>(std::stoul(std::string{second}));
  if (command == "too_big")
    peer().too_big(number, argument);
  else
    peer().unreachable(number, static_cast<std::uint8_t>(argument));
  last_ = peer().now();
  return {};
}

std::string Script::adjust(const std::string& what, std::string_view value) {
  if (!connection_) return "there is no connection";
  if (what == "nodelay") {
    connection_->set_no_delay(value == "on");
    peer().poll();
    last_ = peer().now();
    return {};
  }
  const auto [first, second] = split_first(value);
  const auto length = duration_of(first);
  const auto interval = duration_of(second);
  if (what == "user_timeout") {
    if (!length) return "not a time: " + first;
    connection_->set_user_timeout(*length);
    return {};
  }
  if (first == "off") {
    connection_->set_keepalive(std::nullopt);
    return {};
  }
  if (!length || !interval) return "two times are needed";
  connection_->set_keepalive(extaris::TcpKeepalive{.idle = *length, .interval = *interval});
  last_ = peer().now();
  return {};
}

std::string Script::expect_event(const std::string& name) {
  using extaris::TcpEvent;
  const std::map<std::string, unsigned> bits{
      {"readable", TcpEvent::readable},   {"room", TcpEvent::room},   {"urgent", TcpEvent::urgent},
      {"connected", TcpEvent::connected}, {"ended", TcpEvent::ended}, {"none", 0}};
  const auto wanted = bits.find(name);
  if (wanted == bits.end()) return "unknown event " + name;
  std::array<TcpEvent, 16> events;
  const std::size_t count = peer().stack().tcp_events(events);
  unsigned what = 0;
  for (std::size_t i = 0; i < count; ++i) what |= events[i].what;
  what &= ~unsigned{TcpEvent::acceptable};
  if (wanted->second == 0) return what == 0 ? std::string{} : "there is news";
  return (what & wanted->second) != 0 ? std::string{} : "no event " + name;
}

std::string Script::check(const std::string& what, const std::string& value) {
  if (!connection_) return "there is no connection";
  std::string is;
  if (what == "state")
    is = connection_->info().state;
  else if (what == "error")
    is = name_of(connection_->error());
  else if (what == "at_end")
    is = connection_->at_end() ? "yes" : "no";
  else if (what == "cwnd")
    is = std::to_string(connection_->info().congestion_window_bytes);
  else if (what == "ssthresh")
    is = std::to_string(connection_->info().slow_start_threshold_bytes);
  else if (what == "mss")
    is = std::to_string(connection_->info().segment_bytes);
  else if (what == "retransmits")
    is = std::to_string(connection_->info().retransmitted_segments);
  else if (what == "unacknowledged")
    is = std::to_string(connection_->info().unacknowledged_bytes);
  else
    return "unknown command " + what;
  return is == value ? std::string{} : what + " is " + is;
}

}  // namespace arrakis::packet
