#include "arrakis/queue.h"

#include "libos/runtime/builder.h"

namespace arrakis {

Queue::Queue(std::unique_ptr<Parts> parts) noexcept : parts_{std::move(parts)} {}
Queue::Queue(Queue&&) noexcept = default;
Queue& Queue::operator=(Queue&&) noexcept = default;
Queue::~Queue() = default;

std::expected<UdpSocket, BindError> Queue::bind_udp(std::uint16_t port) {
  return bind_udp(Endpoint{.address = {}, .port = port});
}
std::expected<UdpSocket, BindError> Queue::bind_udp(const Endpoint& local) {
  return parts_->loop.stack().bind_udp(local);
}

std::expected<TcpListener, BindError> Queue::listen_tcp(std::uint16_t port,
                                                        const TcpListenOptions& options) {
  return listen_tcp(Endpoint{.address = {}, .port = port}, options);
}
std::expected<TcpListener, BindError> Queue::listen_tcp(const Endpoint& local,
                                                        const TcpListenOptions& options) {
  return parts_->loop.stack().listen_tcp(local, options);
}
std::expected<TcpConnection, ConnectError> Queue::connect_tcp(const Endpoint& remote,
                                                              const TcpConnectOptions& options) {
  return parts_->loop.stack().connect_tcp(remote, options);
}
std::span<const TcpEvent> Queue::tcp_events(std::span<TcpEvent> room) noexcept {
  return room.first(parts_->loop.stack().tcp_events(room));
}

std::size_t Queue::poll() noexcept { return parts_->loop.poll(); }
std::size_t Queue::wait(std::optional<Duration> timeout) noexcept {
  return parts_->loop.wait(timeout);
}
void Queue::set_spin(Duration spin) noexcept { parts_->loop.set_spin(spin); }

int Queue::doorbell() const noexcept { return parts_->loop.doorbell(); }
bool Queue::arm() noexcept { return parts_->loop.arm(); }
std::optional<Duration> Queue::next_deadline() const noexcept {
  return parts_->loop.next_deadline();
}

const extaris::Counters& Queue::counters() const noexcept {
  return parts_->loop.stack().counters();
}
extaris::Stack& Queue::stack() noexcept { return parts_->loop.stack(); }

}  // namespace arrakis
