#include "extaris/tcp/tcp_connection.h"

#include <algorithm>
#include <cstring>
#include <utility>

#include "extaris/packet/bytes.h"
#include "extaris/packet/notes.h"
#include "extaris/tcp/describe.h"
#include "extaris/tcp/segment_arrives.h"
#include "extaris/tcp/tcp_layer.h"

namespace arrakis::extaris {

namespace flag = tcp::flag;
using tcp::State;

// ---- TcpBuffer

std::span<std::byte> TcpBuffer::bytes() const noexcept {
  return packet_ ? extaris::bytes(packet_) : std::span<std::byte>{};
}

std::string_view TcpBuffer::text() const noexcept {
  return packet_ ? extaris::text(packet_) : std::string_view{};
}

std::size_t TcpBuffer::capacity() const noexcept {
  return packet_ ? size(packet_) + tailroom(packet_) : 0;
}

void TcpBuffer::settle() noexcept {
  std::exchange(lender_, nullptr)
      ->take_back(connection_, generation_, tcp::notes_of(packet_.mbuf()).bytes);
}

bool TcpBuffer::resize(std::size_t count) noexcept {
  if (count > capacity()) return false;
  if (packet_) extaris::resize(packet_, count);
  return true;
}

// ---- TcpConnection

TcpConnection::TcpConnection(TcpConnection&& other) noexcept
    : layer_{other.layer_}, block_{std::exchange(other.block_, nullptr)} {}

TcpConnection& TcpConnection::operator=(TcpConnection&& other) noexcept {
  TcpConnection old{std::move(other)};
  std::swap(layer_, old.layer_);
  std::swap(block_, old.block_);
  return *this;
}

TcpConnection::~TcpConnection() {
  if (block_ != nullptr) layer_->release(*block_);
}

std::uint32_t TcpConnection::id() const noexcept { return block_->id; }

Endpoint TcpConnection::local() const noexcept {
  return {layer_->address(block_->local_address), block_->local_port};
}

Endpoint TcpConnection::remote() const noexcept {
  return {block_->remote_address, block_->remote_port};
}

bool TcpConnection::is_open() const noexcept { return is_synchronized(block_->state); }

bool TcpConnection::has_ended() const noexcept { return block_->state == State::closed; }

bool TcpConnection::at_end() const noexcept {
  const bool can_come = may_receive(block_->state) || !is_synchronized(block_->state);
  return block_->received.empty() && (!can_come || block_->state == State::closed);
}

TcpError TcpConnection::error() const noexcept { return block_->ending; }

tcp::State TcpConnection::state() const noexcept { return block_->state; }

bool TcpConnection::is_readable() const noexcept { return !block_->received.empty() || at_end(); }

TcpBuffer TcpConnection::receive() noexcept {
  TcpBuffer buffer{layer_->receive(*block_)};
  if (!buffer) return buffer;
  buffer.lender_ = layer_;
  buffer.connection_ = block_->id;
  buffer.generation_ = block_->generation;
  return buffer;
}

TcpBuffer TcpConnection::allocate(std::size_t bytes) noexcept {
  if (layer_->must_wait_for_packets(*block_)) return {};
  Packet packet = layer_->allocate();
  if (!packet || tailroom(packet) < bytes) return {};
  resize(packet, bytes);
  return TcpBuffer{std::move(packet)};
}

std::size_t TcpConnection::segment_bytes() const noexcept { return block_->mss; }

std::expected<void, TcpSendError> TcpConnection::send(TcpBuffer&& buffer) noexcept {
  if (!buffer) return std::unexpected(TcpSendError::no_buffer);
  if (const auto refused = layer_->refuses(*block_, size(buffer.packet_)))
    return std::unexpected(*refused);
  if (buffer.lender_ != nullptr) buffer.settle();  // before its notes are those of the send queue
  return layer_->send(*block_, std::move(buffer.packet_));
}

std::expected<std::size_t, TcpSendError> TcpConnection::send(
    std::span<const std::byte> bytes) noexcept {
  std::size_t taken = 0;
  while (taken < bytes.size()) {
    const std::size_t step = std::min({bytes.size() - taken, segment_bytes(), send_room()});
    if (step == 0) {
      const auto refused = layer_->refuse_to_send(*block_);
      if (taken == 0) return std::unexpected(refused);
      break;
    }
    TcpBuffer buffer = allocate(step);
    if (buffer) std::memcpy(buffer.bytes().data(), bytes.data() + taken, step);
    const auto sent = send(std::move(buffer));
    if (!sent && taken == 0) return std::unexpected(sent.error());
    if (!sent) break;
    taken += step;
  }
  return taken;
}

std::size_t TcpConnection::send_room() const noexcept {
  if (!may_send(block_->state) || block_->has(flag::fin_queued)) return 0;
  if (layer_->must_wait_for_packets(*block_)) return 0;
  const std::uint32_t waiting = block_->snd_end - block_->snd_una;
  return block_->send_buffer() > waiting ? block_->send_buffer() - waiting : 0;
}

void TcpConnection::ask_for_room() noexcept { block_->set(flag::wants_room); }

void TcpConnection::gather() noexcept { layer_->gather(*block_); }

bool TcpConnection::acknowledge() noexcept {
  if (!block_->has(flag::ack_delayed)) return false;
  block_->set(flag::ack_now);
  layer_->gather(*block_);
  return true;
}

bool TcpConnection::is_drained() const noexcept { return block_->sent.empty(); }

void TcpConnection::shutdown() noexcept { layer_->shut_sending(*block_); }

void TcpConnection::abort() noexcept {
  layer_->abort(*block_);
  layer_->settle(*block_);
}

TcpInfo TcpConnection::info() const noexcept { return describe(*block_, layer_->now()); }

// ---- TcpListener

TcpListener::TcpListener(TcpListener&& other) noexcept
    : layer_{std::exchange(other.layer_, nullptr)}, index_{other.index_} {}

TcpListener& TcpListener::operator=(TcpListener&& other) noexcept {
  TcpListener old{std::move(other)};
  std::swap(layer_, old.layer_);
  std::swap(index_, old.index_);
  return *this;
}

TcpListener::~TcpListener() {
  if (layer_ != nullptr) layer_->close_listener(index_);
}

Endpoint TcpListener::local() const noexcept { return layer_->listener(index_).local; }

bool TcpListener::is_acceptable() const noexcept {
  return !layer_->listener(index_).backlog.empty();
}

std::optional<TcpConnection> TcpListener::accept() noexcept {
  tcp::ControlBlock* c = layer_->accept(index_);
  if (c == nullptr) return std::nullopt;
  return TcpConnection{*layer_, *c};
}

}  // namespace arrakis::extaris
