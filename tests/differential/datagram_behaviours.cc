// UDP.
#include "tests/differential/script.h"

namespace arrakis::differential {
namespace {

int bound(Party& party) {
  const int fd = party.socket(SOCK_DGRAM);
  party.bind(fd, party.at(0));
  return fd;
}

void fresh(Party& c, Party&) {
  const int fd = c.socket(SOCK_DGRAM);
  c.poll(fd);
  c.receive(fd, 1);
  c.send(fd, "x");
  c.listen(fd);
  c.accept(fd);
  c.has_peer(fd);
  c.shutdown(fd, SHUT_RDWR);
  c.readable(fd);
  c.bind(fd, c.at(0, "198.51.100.1"));
  c.bind(fd, c.at(0));
  c.bind(fd, c.at(0));
  c.close(fd);
}

void messages(Party& c, Party& s) {
  const int to = bound(s);
  const int from = c.socket(SOCK_DGRAM);
  c.send_to(from, "first", s.name_of(to));
  c.send_to(from, "", s.name_of(to));
  c.send_to(from, "third and long", s.name_of(to));
  s.await(to, POLLIN);
  s.poll(to);
  s.readable(to);
  s.receive(to, 2, MSG_PEEK);
  s.receive(to, 10);
  s.receive(to, 10);
  s.receive(to, 5, MSG_PEEK | MSG_TRUNC);
  s.receive_parts(to, {2, 3});
  s.receive(to, 10);
  c.send_to(from, "x", c.at(0));
  c.close(from);
  s.close(to);
}

void too_long(Party& c, Party& s) {
  const int to = bound(s);
  const int from = c.socket(SOCK_DGRAM);
  c.send_to(from, std::string(65'508, 'x'), s.name_of(to));
  c.send_to(from, std::string(70'000, 'x'), s.name_of(to));
  c.send_to(from, std::string(30'000, 'x'), s.name_of(to));
  s.await(to, POLLIN);
  s.receive(to, 65'535);
  c.close(from);
  s.close(to);
}

void with_a_peer(Party& c, Party& s) {
  const int to = bound(s);
  const int from = c.socket(SOCK_DGRAM);
  c.connect(from, s.name_of(to));
  c.connect(from, s.name_of(to));
  c.has_peer(from);
  c.send(from, "hello");
  s.await(to, POLLIN);
  s.receive(to, 10);
  c.shutdown(from, SHUT_RD);
  c.poll(from);
  c.receive(from, 1);
  c.shutdown(from, SHUT_WR);
  c.poll(from);
  c.send(from, "x");
  sockaddr_in nobody{};
  nobody.sin_family = AF_UNSPEC;
  c.connect(from, nobody);
  c.has_peer(from);
  c.close(from);
  s.close(to);
}

void nobody_there(Party& c, Party& s) {
  const int to = bound(s);
  const sockaddr_in where = s.name_of(to);
  s.close(to);
  const int from = c.socket(SOCK_DGRAM);
  c.connect(from, where);
  c.send(from, "x");
  c.await(from, POLLERR);
  c.poll(from);
  c.get(from, SOL_SOCKET, SO_ERROR, "SO_ERROR");
  c.poll(from);
  c.send(from, "x");
  c.await(from, POLLERR);
  c.receive(from, 1);
  c.receive(from, 1);
  c.close(from);
  const int other = c.socket(SOCK_DGRAM);
  c.send_to(other, "x", where);
  c.send_to(other, "x", where);
  c.poll(other);
  c.close(other);
}

void one_address_twice(Party&, Party& s) {
  const int first = bound(s);
  const int second = s.socket(SOCK_DGRAM);
  s.bind(second, s.name_of(first));
  s.close(first);
  s.close(second);
}

}  // namespace

std::vector<Behaviour> datagram_behaviours() {
  return {{"datagram_fresh", fresh},
          {"datagram_messages", messages},
          {"datagram_too_long", too_long},
          {"datagram_with_a_peer", with_a_peer},
          {"datagram_nobody_there", nobody_there},
          {"datagram_one_address_twice", one_address_twice}};
}

}  // namespace arrakis::differential
