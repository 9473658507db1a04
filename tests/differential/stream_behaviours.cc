// Opening connections, and the bytes they carry.
#include <cerrno>

#include "tests/differential/script.h"

namespace arrakis::differential {
namespace {

void fresh(Party& c, Party&) {
  const int fd = c.socket(SOCK_STREAM);
  c.poll(fd);
  c.has_peer(fd);
  c.send(fd, "x");
  c.receive(fd, 1);
  c.accept(fd);
  c.shutdown(fd, SHUT_RDWR);
  c.shutdown(fd, 7);
  c.readable(fd);
  c.poll(fd);
  c.close(fd);
  c.close(fd);
}

void bad_addresses(Party& c, Party&) {
  const int fd = c.socket(SOCK_STREAM);
  sockaddr_in address = c.at(0);
  c.bind(fd, address, 3);
  c.connect(fd, address, 3);
  address.sin_family = AF_INET6;
  c.bind(fd, address);
  c.connect(fd, address);
  address.sin_family = 77;
  c.bind(fd, address);
  c.connect(fd, address);
  c.bind(fd, c.at(0, "198.51.100.1"));
  c.bind(fd, c.at(0));
  c.bind(fd, c.at(0));
  c.close(fd);
}

void address_in_use(Party&, Party& s) {
  const int first = listening(s);
  const int second = s.socket(SOCK_STREAM);
  s.bind(second, s.name_of(first));
  s.bind(second, s.at(0));
  s.close(first);
  s.close(second);
}

void listening_socket(Party& c, Party& s) {
  const int fd = listening(s);
  s.poll(fd);
  s.accept(fd);
  s.accept(fd, 1 << 30);
  s.receive(fd, 1);
  s.send(fd, "x");
  s.has_peer(fd);
  s.readable(fd);
  s.connect(fd, s.name_of(fd));
  s.listen(fd, 1);
  s.get(fd, SOL_SOCKET, SO_ACCEPTCONN, "SO_ACCEPTCONN");
  const int from = c.socket(SOCK_STREAM);
  c.connect(from, s.name_of(fd));
  s.await(fd, POLLIN);
  s.poll(fd);
  const int to = s.accept(fd);
  s.poll(fd);
  s.poll(to);
  s.listen(to);
  c.await(from, POLLOUT);
  c.poll(from);
  c.close(from);
  s.close(to);
  s.shutdown(fd, SHUT_WR);
  s.poll(fd);
  s.shutdown(fd, SHUT_RD);
  s.poll(fd);
  s.accept(fd);
  s.close(fd);
}

void connect_in_steps(Party& c, Party& s) {
  const int listener = listening(s);
  const sockaddr_in where = s.name_of(listener);
  const int fd = c.socket(SOCK_STREAM);
  c.connect(fd, where);
  c.await(fd, POLLOUT);
  c.get(fd, SOL_SOCKET, SO_ERROR, "SO_ERROR");
  c.connect(fd, where);
  c.connect(fd, where);
  c.has_peer(fd);
  c.poll(fd);
  c.close(fd);
  s.close(listener);
}

void refused(Party& c, Party& s) {
  const int listener = listening(s);
  const sockaddr_in where = s.name_of(listener);
  s.close(listener);
  const int fd = c.socket(SOCK_STREAM);
  c.connect(fd, where);
  c.await(fd, POLLOUT);
  c.poll(fd);
  c.has_peer(fd);
  c.get(fd, SOL_SOCKET, SO_ERROR, "SO_ERROR");
  c.get(fd, SOL_SOCKET, SO_ERROR, "SO_ERROR");
  c.poll(fd);
  c.receive(fd, 1);
  c.send(fd, "x");
  c.close(fd);
}

void refused_and_waiting(Party& c, Party& s) {
  const int listener = listening(s);
  const sockaddr_in where = s.name_of(listener);
  s.close(listener);
  const int fd = c.socket(SOCK_STREAM, true);
  c.connect(fd, where);
  c.poll(fd);
  c.get(fd, SOL_SOCKET, SO_ERROR, "SO_ERROR");
  c.connect(fd, where);
  c.close(fd);
}

void bytes(Party& c, Party& s) {
  const auto [from, to] = connected(c, s);
  s.receive(to, 10);
  c.send(from, "hello, world");
  s.await(to, POLLIN);
  s.poll(to);
  s.readable(to);
  s.receive(to, 5, MSG_PEEK);
  s.receive(to, 5);
  s.receive(to, 2, MSG_TRUNC);
  s.receive(to, 0);
  s.receive_parts(to, {2, 30});
  s.receive(to, 0);
  s.receive(to, 10);
  s.receive(to, 10, MSG_OOB);
  s.receive(to, 10, MSG_ERRQUEUE);
  s.poll(to);
  s.send(to, "");
  s.send(to, "back");
  c.await(from, POLLIN);
  c.receive(from, 10, MSG_WAITALL);
  c.connect(from, s.name_of(to));
  c.listen(from);
  c.close(from);
  s.close(to);
}

void low_water(Party& c, Party& s) {
  const auto [from, to] = connected(c, s);
  s.set(to, SOL_SOCKET, SO_RCVLOWAT, 4, "SO_RCVLOWAT");
  c.send(from, "abc");
  s.poll(to);
  c.send(from, "d");
  s.await(to, POLLIN);
  s.poll(to);
  s.receive(to, 10);
  c.close(from);
  s.close(to);
}

void timeouts(Party& c, Party& s) {
  const auto [from, to] = connected(c, s);
  const timeval time{.tv_sec = 0, .tv_usec = 20'000};
  s.raw().control(to, 4 /* F_SETFL */, 0);
  s.note("SO_RCVTIMEO", s.raw().setsockopt(to, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)));
  s.receive(to, 1);
  s.receive(to, 1, MSG_DONTWAIT);
  c.send(from, "x");
  s.await(to, POLLIN);
  s.receive(to, 2, MSG_WAITALL);
  c.close(from);
  s.close(to);
}

void full(Party& c, Party& s) {
  const auto [from, to] = connected(c, s);
  const std::string much(1 << 16, 'x');
  msghdr message{};
  iovec part{const_cast<char*>(much.data()), much.size()};
  message.msg_iov = &part;
  message.msg_iovlen = 1;
  // Until nothing more is taken, and nothing that is under way makes room.
  for (int refused = 0; refused < 3;) {
    const ssize_t sent = c.raw().sendmsg(from, &message, MSG_NOSIGNAL);
    if (sent > 0) {
      refused = 0;
      continue;
    }
    ++refused;
    c.raw().poll(nullptr, 0, 20);
  }
  c.poll(from);
  c.close(from);
  s.close(to);
}

void two_names(Party& c, Party& s) {
  const auto [from, to] = connected(c, s);
  const int other = c.raw().dup(from);
  c.close(from);
  s.receive(to, 1);
  c.send(other, "still");
  s.await(to, POLLIN);
  s.receive(to, 10);
  c.close(other);
  s.await(to, POLLRDHUP);
  s.receive(to, 10);
  s.close(to);
}

}  // namespace

std::vector<Behaviour> stream_behaviours() {
  return {{"fresh", fresh},
          {"bad_addresses", bad_addresses},
          {"address_in_use", address_in_use},
          {"listening_socket", listening_socket},
          {"connect_in_steps", connect_in_steps},
          {"refused", refused},
          {"refused_and_waiting", refused_and_waiting},
          {"bytes", bytes},
          {"low_water", low_water},
          {"timeouts", timeouts},
          {"full", full},
          {"two_names", two_names}};
}

}  // namespace arrakis::differential
