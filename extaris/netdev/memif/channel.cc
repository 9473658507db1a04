#include "extaris/netdev/memif/channel.h"

#include <sys/eventfd.h>
#include <sys/socket.h>
#include <sys/un.h>

#include <algorithm>
#include <cerrno>
#include <cstring>
#include <utility>

namespace arrakis::extaris::memif {
namespace {

constexpr int messages_a_step = 16;  // a peer that never stops talking does not keep us here

// Abstract names are padded to the whole of sun_path, as DPDK's driver does: the length is part of
// the name. `socket_name` was checked to fit.
sockaddr_un abstract_address(const std::string& name) {
  sockaddr_un address{};
  address.sun_family = AF_UNIX;
  std::memcpy(address.sun_path + 1, name.data(),
              std::min(name.size(), sizeof(address.sun_path) - 2));
  return address;
}

Descriptor control_socket() {
  return Descriptor{socket(AF_UNIX, SOCK_SEQPACKET | SOCK_NONBLOCK | SOCK_CLOEXEC, 0)};
}

template <std::size_t size>
void put_text(char (&field)[size], const std::string& text) {
  std::memset(field, 0, size);
  std::memcpy(field, text.data(), std::min(text.size(), size - 1));
}

bool holds(const char (&field)[secret_bytes], const std::string& secret) {
  char expected[secret_bytes];
  put_text(expected, secret);
  unsigned differences = 0;  // looks at all bytes, whichever differ
  for (std::size_t i = 0; i < secret_bytes; ++i)
    differences |= static_cast<unsigned char>(field[i] ^ expected[i]);
  return differences == 0;
}

// A message and the descriptor that came with it, if any. Others than the first are closed.
ssize_t receive(int socket, Message& message, Descriptor& file) {
  iovec bytes{&message, sizeof(message)};
  alignas(cmsghdr) char control[CMSG_SPACE(4 * sizeof(int))];
  msghdr header{.msg_iov = &bytes,
                .msg_iovlen = 1,
                .msg_control = control,
                .msg_controllen = sizeof(control)};
  const ssize_t got = recvmsg(socket, &header, MSG_DONTWAIT | MSG_CMSG_CLOEXEC);
  if (got < 0) return got;
  for (cmsghdr* c = CMSG_FIRSTHDR(&header); c != nullptr; c = CMSG_NXTHDR(&header, c)) {
    if (c->cmsg_level != SOL_SOCKET || c->cmsg_type != SCM_RIGHTS) continue;
    for (std::size_t at = 0; CMSG_LEN(at + sizeof(int)) <= c->cmsg_len; at += sizeof(int)) {
      int fd = -1;
      std::memcpy(&fd, CMSG_DATA(c) + at, sizeof(fd));
      Descriptor received{fd};
      if (!file) file = std::move(received);
    }
  }
  return got;
}

}  // namespace

bool Channel::listen() noexcept {
  Descriptor socket = control_socket();
  const sockaddr_un address = abstract_address(options_.socket_name);
  if (!socket ||
      bind(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0 ||
      ::listen(socket.get(), 4) != 0)
    return false;
  listener_ = std::move(socket);
  return true;
}

void Channel::hang_up() noexcept {
  peer_ = {};
  memory_.reset();
  offered_file_ = {};
  offered_size_ = 0;
  offered_layout_ = {};
  state_ = State::alone;
}

bool Channel::step() noexcept {
  bool progress = false;
  if (state_ != State::connected)
    progress = options_.end == End::server ? answer() : state_ == State::alone && call();
  for (int i = 0; i < messages_a_step && state_ != State::alone && handle_next(); ++i)
    progress = true;
  return progress;
}

bool Channel::call() noexcept {
  Descriptor socket = control_socket();
  const sockaddr_un address = abstract_address(options_.socket_name);
  if (!socket ||
      connect(socket.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    return false;
  peer_ = std::move(socket);
  state_ = State::greeting;
  return true;
}

bool Channel::answer() noexcept {
  Descriptor caller{accept4(listener_.get(), nullptr, nullptr, SOCK_NONBLOCK | SOCK_CLOEXEC)};
  if (!caller) return false;
  hang_up();  // on one who has not come as far as to be connected
  peer_ = std::move(caller);
  state_ = State::greeting;
  Message message{.type = Type::hello};
  message.hello = {.name = {},
                   .version_min = version,
                   .version_max = version,
                   .region_max = 0,
                   .to_client_ring_max = 0,
                   .to_server_ring_max = 0,
                   .ring_log2_max = ring_log2_max};
  put_text(message.hello.name, "arrakis");
  if (!send(message)) hang_up();
  return true;
}

// False: no message waits, or the peer is gone.
bool Channel::handle_next() noexcept {
  Message message{};
  Descriptor file;
  const ssize_t got = receive(peer_.get(), message, file);
  if (got < 0 && (errno == EAGAIN || errno == EINTR)) return false;
  const bool good = got == sizeof(message) && message.type != Type::disconnect &&
                    (options_.end == End::server ? handle_as_server(message, std::move(file))
                                                 : handle_as_client(message));
  if (!good) hang_up();
  return good;
}

bool Channel::handle_as_server(const Message& message, Descriptor file) noexcept {
  if (message.type == Type::acknowledge) return true;
  if (state_ == State::greeting) {
    if (message.type != Type::init || message.init.version != version || message.init.mode != 0 ||
        !holds(message.init.secret, options_.secret))
      return false;
    state_ = State::agreed;
    return send({.type = Type::acknowledge});
  }
  if (state_ != State::agreed) return false;
  switch (message.type) {
    case Type::add_region:
      if (message.add_region.index != 0 || !file || offered_file_) return false;
      offered_file_ = std::move(file);
      offered_size_ = message.add_region.size;
      return send({.type = Type::acknowledge});
    case Type::add_ring: return add_ring(message.add_ring) && send({.type = Type::acknowledge});
    case Type::connect: {
      memory_ = Memory::adopt(std::move(offered_file_), offered_size_, offered_layout_);
      if (!memory_) return false;
      state_ = State::connected;
      Message reply{.type = Type::connected};
      put_text(reply.interface_name, "arrakis");
      return send(reply);
    }
    default: return false;
  }
}

bool Channel::add_ring(const AddRing& ring) noexcept {
  if (ring.index != 0 || ring.region != 0 || ring.private_header_bytes != 0) return false;
  const bool to_server = (ring.flags & ring_to_server) != 0;
  (to_server ? offered_layout_.to_server : offered_layout_.to_client) = {ring.offset,
                                                                         ring.ring_log2};
  return true;
}

bool Channel::handle_as_client(const Message& message) noexcept {
  if (message.type == Type::acknowledge) return true;
  if (state_ == State::greeting && message.type == Type::hello) return tell_all(message.hello);
  if (state_ != State::agreed || message.type != Type::connected) return false;
  state_ = State::connected;
  return true;
}

// The rest of the client's part at once; the server takes it one message at a time.
bool Channel::tell_all(const Hello& hello) noexcept {
  if (hello.version_min > version || hello.version_max < version) return false;
  const auto log2 = std::min(options_.ring_log2, hello.ring_log2_max);
  memory_ = Memory::make(log2, options_.buffer_bytes);
  // memif's interrupts, which neither end uses; a server may insist on getting them.
  const Descriptor event{eventfd(0, EFD_NONBLOCK | EFD_CLOEXEC)};
  if (log2 == 0 || !memory_ || !event) return false;

  Message init{.type = Type::init};
  init.init = {.version = version, .id = 0, .mode = 0, .secret = {}, .name = {}};
  put_text(init.init.secret, options_.secret);
  put_text(init.init.name, "arrakis");
  Message region{.type = Type::add_region};
  region.add_region = {.index = 0, .size = memory_->size()};
  const auto ring = [](const RingPlace& place, std::uint16_t flags) {
    Message message{.type = Type::add_ring};
    message.add_ring = {.flags = flags,
                        .index = 0,
                        .region = 0,
                        .offset = place.offset,
                        .ring_log2 = place.log2,
                        .private_header_bytes = 0};
    return message;
  };
  Message connect{.type = Type::connect};
  put_text(connect.interface_name, "arrakis");
  state_ = State::agreed;
  return send(init) && send(region, memory_->file()) &&
         send(ring(memory_->layout().to_server, ring_to_server), event.get()) &&
         send(ring(memory_->layout().to_client, 0), event.get()) && send(connect);
}

bool Channel::send(const Message& message, int file) noexcept {
  iovec bytes{const_cast<Message*>(&message), sizeof(message)};
  alignas(cmsghdr) char control[CMSG_SPACE(sizeof(int))] = {};
  msghdr header{.msg_iov = &bytes, .msg_iovlen = 1};
  if (file >= 0) {
    header.msg_control = control;
    header.msg_controllen = sizeof(control);
    cmsghdr* c = CMSG_FIRSTHDR(&header);
    c->cmsg_level = SOL_SOCKET;
    c->cmsg_type = SCM_RIGHTS;
    c->cmsg_len = CMSG_LEN(sizeof(int));
    std::memcpy(CMSG_DATA(c), &file, sizeof(file));
  }
  return sendmsg(peer_.get(), &header, MSG_DONTWAIT | MSG_NOSIGNAL) == sizeof(message);
}

}  // namespace arrakis::extaris::memif
