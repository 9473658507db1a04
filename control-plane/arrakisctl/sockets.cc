#include "control-plane/arrakisctl/sockets.h"

#include <fmt/format.h>

#include <algorithm>
#include <bit>
#include <sstream>

#include "base/address.h"
#include "control-plane/arrakisctl/table.h"
#include "control-plane/model/quote.h"

namespace arrakis::ctl {
namespace {

using sight::SocketRecord;
using sight::SocketState;
using Align = Column::Align;

bool is_connection(const SocketRecord& r) {
  return r.protocol == sight::Protocol::tcp && r.state != SocketState::listen;
}

const char* name_of(sight::Protocol protocol) {
  return protocol == sight::Protocol::udp ? "udp" : "tcp";
}

IpAddress address_of(const std::array<std::uint8_t, 16>& bytes) {
  return std::bit_cast<Ipv6Address>(bytes);
}

// "*:7" for any address of ours, "10.0.0.1:7", "[fd00::1]:7".
std::string endpoint_text(const std::array<std::uint8_t, 16>& address, std::uint16_t port) {
  const std::string number = port == 0 ? "*" : std::to_string(port);
  const IpAddress ip = address_of(address);
  if (ip == IpAddress{}) return "*:" + number;
  return (ip.is_v4() ? ip.to_string() : '[' + ip.to_string() + ']') + ':' + number;
}

std::string milliseconds(std::uint32_t us) { return fmt::format("{:.3f}", us / 1000.0); }

// As ss -ti: windows in segments, times in milliseconds.
std::string details_of(const SocketRecord& r) {
  std::string text = "    ";
  const auto add = [&text]<class... Parts>(fmt::format_string<Parts...> format, Parts&&... parts) {
    text += ' ' + fmt::format(format, std::forward<Parts>(parts)...);
  };
  if (r.options & sight::option::timestamps) add("ts");
  if (r.options & sight::option::sack) add("sack");
  if (r.options & sight::option::ecn) add("ecn");
  add("{}", to_string(r.congestion));
  if (r.send_scale != 0 || r.receive_scale != 0) add("wscale:{},{}", r.send_scale, r.receive_scale);
  add("rto:{}", r.rto_ms);
  if (r.backoff != 0) add("backoff:{}", r.backoff);
  if (r.rtt_us != 0) add("rtt:{}/{}", milliseconds(r.rtt_us), milliseconds(r.rttvar_us));
  const std::uint32_t mss = std::max(r.mss_bytes, 1u);
  add("mss:{} cwnd:{}", r.mss_bytes, r.cwnd_bytes / mss);
  if (r.ssthresh_bytes < 1u << 30) add("ssthresh:{}", r.ssthresh_bytes / mss);
  add("bytes_acked:{} bytes_received:{}", r.acknowledged_bytes, r.received_bytes);
  if (r.unacknowledged_bytes != 0) add("unacked_bytes:{}", r.unacknowledged_bytes);
  if (r.retransmitted_segments != 0) add("retrans:{}", r.retransmitted_segments);
  add("snd_wnd:{} rcv_wnd:{}", r.peer_window_bytes, r.receive_window_bytes);
  if (r.timer != sight::Timer::none) add("timer:({},{}ms)", to_string(r.timer), r.timer_ms);
  return text + '\n';
}

std::string lower(std::string_view text) {
  std::string word{text};
  std::ranges::transform(word, word.begin(), [](char c) {
    return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c == '_' ? '-' : c;
  });
  return word;
}

Json endpoint_json(const std::array<std::uint8_t, 16>& address, std::uint16_t port) {
  const IpAddress ip = address_of(address);
  return {{"address", ip == IpAddress{} ? Json() : Json(ip.to_string())}, {"port", port}};
}

Json tcp_json(const SocketRecord& r) {
  return {{"congestionControl", to_string(r.congestion)},
          {"timestamps", (r.options & sight::option::timestamps) != 0},
          {"sack", (r.options & sight::option::sack) != 0},
          {"ecn", (r.options & sight::option::ecn) != 0},
          {"sendScale", r.send_scale},
          {"receiveScale", r.receive_scale},
          {"rtoMs", r.rto_ms},
          {"backoff", r.backoff},
          {"rttUs", r.rtt_us},
          {"rttVariationUs", r.rttvar_us},
          {"mssBytes", r.mss_bytes},
          {"cwndBytes", r.cwnd_bytes},
          {"ssthreshBytes", r.ssthresh_bytes},
          {"peerWindowBytes", r.peer_window_bytes},
          {"receiveWindowBytes", r.receive_window_bytes},
          {"unacknowledgedBytes", r.unacknowledged_bytes},
          {"acknowledgedBytes", r.acknowledged_bytes},
          {"receivedBytes", r.received_bytes},
          {"retransmittedSegments", r.retransmitted_segments},
          {"timer", r.timer == sight::Timer::none ? Json() : Json(to_string(r.timer))},
          {"timerMs", r.timer_ms}};
}

}  // namespace

bool SocketFilter::takes(const SocketRecord& record) const {
  if (!(record.protocol == sight::Protocol::udp ? udp : tcp)) return false;
  return states.empty() || std::ranges::find(states, record.state) != states.end();
}

Result<std::vector<SocketState>> parse_state(const std::string& word) {
  const std::string wanted = lower(word);
  if (wanted == "all") return std::vector<SocketState>{};
  if (wanted == "established") return std::vector{SocketState::established};
  if (wanted == "listening") return std::vector{SocketState::listen};
  for (auto state = SocketState::closed; state < SocketState::count;
       state = static_cast<SocketState>(static_cast<int>(state) + 1))
    if (lower(to_string(state)) == wanted) return std::vector{state};
  return fail(Exit::usage, "no state of a socket is called " + control::quote(word),
              "as in: established, listen, syn-sent, close-wait, time-wait, unconn, all");
}

std::string text_of(std::span<const SeenSocket> sockets, Details details) {
  Table table{.columns = {{"NETID"},
                          {"STATE"},
                          {"RECV-Q", Align::right},
                          {"SEND-Q", Align::right},
                          {"LOCAL"},
                          {"PEER"},
                          {"APP"},
                          {"PID", Align::right},
                          {"QUEUE"}},
              .rows = {},
              .indent = ""};
  for (const SeenSocket& socket : sockets) {
    const SocketRecord& r = socket.record;
    table.add({name_of(r.protocol), std::string{to_string(r.state)},
               std::to_string(r.receive_queue), std::to_string(r.send_queue),
               endpoint_text(r.local_address, r.local_port),
               endpoint_text(r.remote_address, r.remote_port), socket.app,
               std::to_string(socket.pid), socket.queue.text()});
  }
  std::string text = render(table);
  if (details == Details::no) return text;
  // A row of a table is one line.
  std::istringstream lines{text};
  std::string line, out;
  std::getline(lines, line);
  out = line + '\n';
  for (const SeenSocket& socket : sockets) {
    std::getline(lines, line);
    out += line + '\n';
    if (is_connection(socket.record)) out += details_of(socket.record);
  }
  return out;
}

Json to_json(const SeenSocket& socket) {
  const SocketRecord& r = socket.record;
  Json json{{"app", socket.app},
            {"pid", socket.pid},
            {"vf", socket.queue.vnic},
            {"queue", socket.queue.queue},
            {"protocol", name_of(r.protocol)},
            {"state", lower(to_string(r.state))},
            {"receiveQueue", r.receive_queue},
            {"sendQueue", r.send_queue},
            {"local", endpoint_json(r.local_address, r.local_port)},
            {"peer", r.remote_port == 0 ? Json() : endpoint_json(r.remote_address, r.remote_port)}};
  if (is_connection(r)) json["tcp"] = tcp_json(r);
  return json;
}

}  // namespace arrakis::ctl
