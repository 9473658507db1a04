// Reading and writing a stream.
#include <algorithm>
#include <cstring>

#include "libos/posix/stream_socket.h"

namespace arrakis::posix {

// Until that many bytes lie here, or there are no more.
void StreamSocket::pull(std::size_t wanted) {
  while (connection_ && held_bytes_ < wanted) {
    extaris::TcpBuffer buffer = connection_->receive();
    if (!buffer) return;
    held_bytes_ += buffer.bytes().size();
    held_.push_back(std::move(buffer));
  }
}

// Given back to TCP, which may tell the peer that there is room.
void StreamSocket::consume(std::size_t count) {
  held_bytes_ -= count;
  held_offset_ += count;
  while (!held_.empty() && held_offset_ >= held_.front().bytes().size()) {
    held_offset_ -= held_.front().bytes().size();
    held_.pop_front();
  }
}

// As tcp_recvmsg() has it.
Result<std::size_t> StreamSocket::nothing_received(const Incoming& request) {
  if (had_fin_) return 0;
  if (error_ != 0) return request.done > 0 ? Result<std::size_t>{0} : fail(take_error());
  if (is_shut_for_reading()) return 0;
  if (is_closed()) return fail(ENOTCONN);
  return fail(EAGAIN);
}

Result<std::size_t> StreamSocket::receive(Incoming& request) {
  if (listener_) return fail(ENOTCONN);
  note_end();
  const std::size_t wanted = size_of(request.into) - request.done;
  pull(std::max<std::size_t>(wanted, 1));
  if (held_bytes_ == 0) return nothing_received(request);
  std::size_t copied = 0;
  std::size_t offset = held_offset_;
  for (const extaris::TcpBuffer& buffer : held_) {
    if (copied == wanted) break;
    auto part = std::span<const std::byte>{buffer.bytes()}.subspan(offset);
    part = part.first(std::min(part.size(), wanted - copied));
    offset = 0;
    // MSG_TRUNC throws away instead (tcp(7)).
    if ((request.flags & MSG_TRUNC) == 0) copy_into(request.into, request.done + copied, part);
    copied += part.size();
  }
  if ((request.flags & MSG_PEEK) == 0) consume(copied);
  return copied;
}

// As tcp_sendmsg() has it.
Result<std::size_t> StreamSocket::send(const Outgoing& request) {
  note_end();
  if (error_ != 0) return request.done > 0 ? Result<std::size_t>{0} : fail(take_error());
  if (!connection_ || is_shut_for_writing()) return fail(EPIPE);
  if (is_opening()) return fail(EAGAIN);
  const std::size_t wanted = size_of(request.from) - request.done;
  std::size_t taken = 0;
  connection_->gather();
  while (taken < wanted) {
    const std::size_t step =
        std::min({wanted - taken, connection_->segment_bytes(), connection_->send_room()});
    extaris::TcpBuffer buffer = step > 0 ? connection_->allocate(step) : extaris::TcpBuffer{};
    if (!buffer) {
      connection_->ask_for_room();
      break;
    }
    copy_from(request.from, request.done + taken, buffer.bytes());
    if (!connection_->send(std::move(buffer))) break;
    taken += step;
  }
  if (taken == 0 && wanted > 0) return fail(EAGAIN);
  if (taken > 0) note_answer();
  return taken;
}

void StreamSocket::acknowledge_quickly() {
  if (talks_in_turns_ || quick_acks_ == 0 || !connection_) return;
  last_received_ = host_.driver().now();
  if (connection_->acknowledge()) --quick_acks_;
}

void StreamSocket::note_answer() {
  if (talks_in_turns_ || quick_acks_ == 0) return;
  talks_in_turns_ = host_.driver().now() - last_received_ < extaris::tcp::limits::delayed_ack;
}

std::size_t StreamSocket::readable_bytes() const {
  return held_bytes_ + (connection_ ? connection_->info().unread_bytes : 0);
}

std::size_t StreamSocket::unsent_bytes() const {
  if (!connection_) return 0;
  const auto info = connection_->info();
  return std::size_t{info.unsent_bytes} + info.unacknowledged_bytes;
}

}  // namespace arrakis::posix
