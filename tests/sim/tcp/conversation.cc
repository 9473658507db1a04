#include "tests/sim/tcp/conversation.h"

#include <algorithm>
#include <utility>
#include <vector>

#include "extaris/tcp/invariants.h"

namespace arrakis::sim {
namespace {

using extaris::TcpBuffer;
using extaris::TcpConnection;
using extaris::TcpError;

// Who is left behind by a reset that was lost finds out by asking.
constexpr extaris::TcpKeepalive curious{
    .idle = Duration::seconds(10), .interval = Duration::seconds(10), .probes = 30};

}  // namespace

std::byte Conversation::Stream::at(std::size_t i) const {
  const std::uint64_t word = name + i / 8 * 0x9e37'79b9'7f4a'7c15;
  return static_cast<std::byte>((word ^ (word >> 29)) >> (i % 8 * 8));
}

Conversation::Conversation(TcpConnection client, const Plan& plan)
    : plan_{plan},
      client_{std::move(client)},
      up_{.name = plan.name, .length = plan.up_bytes},
      down_{.name = ~plan.name, .length = plan.down_bytes} {
  client_.set_keepalive(curious);
}

// Whose it is, is said by the ports.
bool Conversation::is_of(const TcpConnection& accepted) const {
  return client_.local() == accepted.remote() && client_.remote() == accepted.local();
}

void Conversation::accept(TcpConnection server) {
  server_.emplace(std::move(server));
  server_->set_keepalive(curious);
}

void Conversation::complain(const std::string& what) {
  if (complaint_.empty()) complaint_ = what;
}

void Conversation::inspect() {
  for (const TcpConnection* end : {&client_, server_ ? &*server_ : &client_}) {
    const auto broken = extaris::tcp::broken_invariant(extaris::tcp::Inspector::block_of(*end));
    if (!broken.empty()) complain(std::string{broken});
  }
}

void Conversation::act(Random& random, bool is_greedy) {
  is_done_ = is_done_ || was_led_astray();
  if (is_done_) return;
  if (plan_.fate == Fate::refused) {
    is_done_ = client_.error() == TcpError::refused;
    if (!is_done_ && client_.error() != TcpError::none) complain("refused, but told otherwise");
    return;
  }
  exchange(random, is_greedy);
  if (plan_.fate == Fate::finishes)
    finish_or_complain();
  else
    break_off();
}

bool Conversation::was_led_astray() const {
  return plan_.may_be_led_astray && !server_ && client_.error() == TcpError::timed_out;
}

void Conversation::exchange(Random& random, bool is_greedy) {
  send_some(client_, up_, random);
  receive_some(client_, down_, random, is_greedy);
  if (!server_) return;
  send_some(*server_, down_, random);
  receive_some(*server_, up_, random, is_greedy);
}

void Conversation::finish_or_complain() {
  if (client_.error() != TcpError::none || (server_ && server_->error() != TcpError::none))
    return complain("a connection ended by itself");
  is_done_ = server_ && up_.is_shut && down_.is_shut && client_.at_end() && server_->at_end() &&
             up_.received == up_.length && down_.received == down_.length;
}

// A server that takes text from a SYN may end before its client has heard of it at all; to the
// client that is a refusal.
bool Conversation::is_told_truly(TcpError error) const {
  return error == TcpError::none || error == TcpError::reset ||
         (error == TcpError::refused && plan_.is_fast);
}

// The other side must hear of it, unless it never knew of the connection, or had seen its good end.
void Conversation::break_off() {
  TcpConnection* mine = plan_.fate == Fate::client_aborts ? &client_
                        : server_                         ? &*server_
                                                          : nullptr;
  TcpConnection* other = mine != &client_ ? &client_ : server_ ? &*server_ : nullptr;
  if (!is_broken_off_) {
    if (mine != nullptr && mine->error() != TcpError::none) return complain("ended too early");
    if (other != nullptr && other->error() != TcpError::none) return complain("ended too early");
    if (mine == nullptr || bytes() < plan_.abort_after) return;
    mine->abort();
    is_broken_off_ = true;
  }
  is_done_ = other == nullptr || other->has_ended();
  if (other != nullptr && !is_told_truly(other->error()))
    complain("broken off, but told otherwise");
}

void Conversation::send_some(TcpConnection& from, Stream& stream, Random& random) {
  const bool may = from.is_open() || (plan_.is_fast && !from.has_ended());
  if (stream.is_shut || !may) return;
  while (stream.sent < stream.length) {
    const std::size_t most = std::min<std::size_t>(stream.length - stream.sent, 5'000);
    // More than there is room for now and then, but not each time: all of it has to be made up.
    const std::size_t room = random.once_in(8) ? most : from.send_room() + 1;
    std::vector<std::byte> part(1 + random.below(std::min(most, room)));
    for (std::size_t i = 0; i < part.size(); ++i) part[i] = stream.at(stream.sent + i);
    const auto taken = from.send(part);
    if (!taken) return;
    stream.sent += *taken;
    if (*taken < part.size() || random.once_in(4)) return;
  }
  if (!from.is_open()) return;  // RFC 9293, 3.10.4: in SYN-SENT it would be the end
  from.shutdown();
  stream.is_shut = true;
}

void Conversation::receive_some(TcpConnection& at, Stream& stream, Random& random, bool is_greedy) {
  if (!is_greedy && random.once_in(3)) return;  // let the window fill
  while (const TcpBuffer buffer = at.receive()) {
    for (const std::byte got : buffer.bytes()) {
      if (stream.received >= stream.length) return complain("more arrives than was sent");
      if (got != stream.at(stream.received)) return complain("a byte is not what was sent");
      ++stream.received;
    }
    if (!is_greedy && random.once_in(4)) return;
  }
  if (at.at_end() && at.is_open() && stream.received != stream.length)
    complain("the end comes before the last byte");
}

std::string Conversation::describe() const {
  const auto end = [](const TcpConnection* connection, const Stream& stream) {
    const std::string progress = std::to_string(stream.sent) + " sent, " +
                                 std::to_string(stream.received) + " received of " +
                                 std::to_string(stream.length);
    if (connection == nullptr) return "not there; " + progress;
    const extaris::TcpInfo info = connection->info();
    return std::string{info.state} + ", unsent " + std::to_string(info.unsent_bytes) +
           ", unacknowledged " + std::to_string(info.unacknowledged_bytes) + ", unread " +
           std::to_string(info.unread_bytes) + ", window " +
           std::to_string(info.peer_window_bytes) + ", cwnd " +
           std::to_string(info.congestion_window_bytes) + "; " + progress;
  };
  return "client " + end(&client_, up_) + "; server " + end(server_ ? &*server_ : nullptr, down_);
}

}  // namespace arrakis::sim
