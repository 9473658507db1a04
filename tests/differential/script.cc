#include "tests/differential/script.h"

#include <arpa/inet.h>
#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/ioctl.h>

#include <array>
#include <cerrno>
#include <cstring>

#include "base/big_endian.h"

namespace arrakis::differential {
namespace {

constexpr int patience_ms = 20'000;

struct Bit {
  unsigned bit;
  const char* name;
};
constexpr std::array bits{Bit{POLLIN, "IN"},     Bit{POLLPRI, "PRI"},    Bit{POLLOUT, "OUT"},
                          Bit{POLLERR, "ERR"},   Bit{POLLHUP, "HUP"},    Bit{POLLNVAL, "NVAL"},
                          Bit{POLLRDNORM, "RN"}, Bit{POLLRDHUP, "RDHUP"}};

std::string names_of(unsigned events) {
  std::string names;
  for (const Bit& bit : bits)
    if ((events & bit.bit) != 0) names += std::string{" "} + bit.name;
  return names;
}

const sockaddr* cast(const sockaddr_in& address) {
  return reinterpret_cast<const sockaddr*>(&address);
}
sockaddr* cast(sockaddr_in& address) { return reinterpret_cast<sockaddr*>(&address); }

}  // namespace

sockaddr_in Party::at(std::uint16_t port, const char* text) const {
  sockaddr_in in{};
  in.sin_family = AF_INET;
  in.sin_port = be16_t{port}.raw();
  ::inet_pton(AF_INET, text != nullptr ? text : sockets_.address().c_str(), &in.sin_addr);
  return in;
}

sockaddr_in Party::name_of(int fd) const {
  sockaddr_in in{};
  socklen_t length = sizeof(in);
  EXPECT_EQ(sockets_.getsockname(fd, cast(in), &length), 0);
  return in;
}

void Party::write(const std::string& line) {
  transcript_ += std::string{name_} + ": " + line + '\n';
}

void Party::note(std::string_view what, long result) {
  const int error = errno;
  std::string line = std::string{what} + " = " + std::to_string(result);
  if (result < 0) line += std::string{" "} + ::strerrorname_np(error);
  write(line);
}

int Party::socket(int type, bool waits) {
  const int fd = sockets_.socket(AF_INET, type | (waits ? 0 : SOCK_NONBLOCK));
  EXPECT_GE(fd, 0);
  return fd;
}

void Party::bind(int fd, const sockaddr_in& to, socklen_t length) {
  note("bind", sockets_.bind(fd, cast(to), length));
}

void Party::listen(int fd, int backlog) { note("listen", sockets_.listen(fd, backlog)); }

int Party::accept(int fd, int flags) {
  const int made = sockets_.accept(fd, nullptr, nullptr, flags);
  note("accept", made < 0 ? -1 : 0);
  return made;
}

void Party::connect(int fd, const sockaddr_in& to, socklen_t length) {
  note("connect", sockets_.connect(fd, cast(to), length));
}

void Party::shutdown(int fd, int how) { note("shutdown", sockets_.shutdown(fd, how)); }
void Party::close(int fd) { note("close", sockets_.close(fd)); }

void Party::send(int fd, std::string_view text, int flags) {
  iovec part{const_cast<char*>(text.data()), text.size()};
  msghdr message{};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  note("send", sockets_.sendmsg(fd, &message, flags));
}

void Party::send_to(int fd, std::string_view text, const sockaddr_in& to) {
  iovec part{const_cast<char*>(text.data()), text.size()};
  msghdr message{};
  message.msg_name = const_cast<sockaddr_in*>(&to);
  message.msg_namelen = sizeof(to);
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  note("sendto", sockets_.sendmsg(fd, &message, MSG_NOSIGNAL));
}

void Party::receive(int fd, std::size_t room, int flags) { receive_parts(fd, {room}, flags); }

void Party::receive_parts(int fd, std::vector<std::size_t> rooms, int flags) {
  std::vector<std::string> texts;
  std::vector<iovec> parts;
  texts.reserve(rooms.size());
  for (const std::size_t room : rooms) {
    texts.emplace_back(room, '.');
    parts.push_back({texts.back().data(), room});
  }
  sockaddr_in source{};
  msghdr message{};
  message.msg_name = &source;
  message.msg_namelen = sizeof(source);
  message.msg_iov = parts.data();
  message.msg_iovlen = parts.size();
  const ssize_t count = sockets_.recvmsg(fd, &message, flags);
  note("recv", count);
  if (count < 0) return;
  std::string line = "  name " + std::to_string(message.msg_namelen) +
                     ((message.msg_flags & MSG_TRUNC) != 0 ? " truncated" : "");
  for (const std::string& text : texts)
    if (text.size() <= 40) line += " '" + text + "'";
  write(line);
}

void Party::poll(int fd) {
  constexpr int all = POLLIN | POLLPRI | POLLOUT | POLLRDNORM | POLLRDHUP;
  pollfd look{.fd = fd, .events = all, .revents = 0};
  const int ready = sockets_.poll(&look, 1, 0);
  write("poll = " + std::to_string(ready) + names_of(static_cast<unsigned short>(look.revents)));
}

void Party::await(int fd, short events) {
  pollfd look{.fd = fd, .events = events, .revents = 0};
  EXPECT_EQ(sockets_.poll(&look, 1, patience_ms), 1) << "await, after\n" << transcript_;
}

void Party::get(int fd, int level, int name, const char* text) {
  int value = 0;
  socklen_t length = sizeof(value);
  const int result = sockets_.getsockopt(fd, level, name, &value, &length);
  note(std::string{"get "} + text, result);
  if (result == 0) write("  " + std::to_string(value) + ", bytes " + std::to_string(length));
}

void Party::set(int fd, int level, int name, int value, const char* text, socklen_t length) {
  note(std::string{"set "} + text + ' ' + std::to_string(value),
       sockets_.setsockopt(fd, level, name, &value, length));
}

void Party::readable(int fd) {
  int value = -1;
  const int result = sockets_.device_control(fd, FIONREAD, &value);
  note("FIONREAD", result < 0 ? result : value);
}

void Party::has_peer(int fd) {
  sockaddr_in in{};
  socklen_t length = sizeof(in);
  note("getpeername", sockets_.getpeername(fd, cast(in), &length));
}

void Party::watch(int set, int operation, int fd, std::uint32_t events) {
  epoll_event event{.events = events, .data = {.u64 = 7}};
  note("epoll_ctl", sockets_.epoll_ctl(set, operation, fd, &event));
}

void Party::epoll(int set) {
  epoll_event event{};
  const int ready = sockets_.epoll_wait(set, &event, 1, 0);
  write("epoll_wait = " + std::to_string(ready) + names_of(event.events));
}

int listening(Party& server) {
  const int fd = server.socket(SOCK_STREAM);
  server.bind(fd, server.at(0));
  server.listen(fd);
  return fd;
}

Connection connected(Party& client, Party& server) {
  const int listener = listening(server);
  const int from = client.socket(SOCK_STREAM);
  client.connect(from, server.name_of(listener));
  client.await(from, POLLOUT);
  server.await(listener, POLLIN);
  const int to = server.accept(listener, SOCK_NONBLOCK);
  server.close(listener);
  return {from, to};
}

}  // namespace arrakis::differential
