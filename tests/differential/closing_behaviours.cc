// How connections end, and what each side is told.
#include "tests/differential/script.h"

namespace arrakis::differential {
namespace {

void end_of_stream(Party& c, Party& s) {
  const auto [from, to] = connected(c, s);
  c.send(from, "last");
  c.close(from);
  s.await(to, POLLRDHUP);
  s.poll(to);
  s.receive(to, 10);
  s.receive(to, 10);
  s.receive(to, 10);
  s.get(to, SOL_SOCKET, SO_ERROR, "SO_ERROR");
  s.close(to);
}

void half_close(Party& c, Party& s) {
  const auto [from, to] = connected(c, s);
  c.shutdown(from, SHUT_WR);
  c.poll(from);
  c.send(from, "x");
  s.await(to, POLLRDHUP);
  s.receive(to, 1);
  s.send(to, "answer");
  c.await(from, POLLIN);
  c.receive(from, 10);
  c.shutdown(from, SHUT_WR);
  s.shutdown(to, SHUT_WR);
  c.await(from, POLLRDHUP);
  c.poll(from);
  c.receive(from, 10);
  s.close(to);
  c.close(from);
}

void shut_for_reading(Party& c, Party& s) {
  const auto [from, to] = connected(c, s);
  c.send(from, "before");
  s.await(to, POLLIN);
  s.shutdown(to, SHUT_RD);
  s.poll(to);
  s.receive(to, 3);
  s.receive(to, 10);
  s.receive(to, 10);
  s.send(to, "x");
  c.await(from, POLLIN);
  c.receive(from, 10);
  c.close(from);
  s.close(to);
}

void unread(Party& c, Party& s) {
  const auto [from, to] = connected(c, s);
  c.send(from, "never read");
  s.await(to, POLLIN);
  s.close(to);
  c.await(from, POLLHUP);
  c.poll(from);
  c.receive(from, 1);
  c.receive(from, 1);
  c.send(from, "x");
  c.has_peer(from);
  c.poll(from);
  c.close(from);
}

void reset_by_linger(Party& c, Party& s) {
  const auto [from, to] = connected(c, s);
  const linger at_once{.l_onoff = 1, .l_linger = 0};
  s.note("SO_LINGER", s.raw().setsockopt(to, SOL_SOCKET, SO_LINGER, &at_once, sizeof(at_once)));
  s.close(to);
  c.await(from, POLLHUP);
  c.send(from, "x");
  c.send(from, "x");
  c.receive(from, 1);
  c.get(from, SOL_SOCKET, SO_ERROR, "SO_ERROR");
  c.close(from);
}

void write_to_who_is_gone(Party& c, Party& s) {
  const auto [from, to] = connected(c, s);
  s.close(to);
  c.await(from, POLLRDHUP);
  c.send(from, "answered by a reset");
  c.await(from, POLLHUP);
  c.poll(from);
  c.send(from, "x");
  c.send(from, "x");
  c.receive(from, 1);
  c.close(from);
}

void both_shut(Party& c, Party& s) {
  const auto [from, to] = connected(c, s);
  c.shutdown(from, SHUT_RDWR);
  c.poll(from);
  c.receive(from, 1);
  c.send(from, "x");
  s.await(to, POLLRDHUP);
  s.shutdown(to, SHUT_RDWR);
  s.await(to, POLLHUP);
  s.poll(to);
  s.shutdown(to, SHUT_RDWR);
  s.receive(to, 1);
  c.close(from);
  s.close(to);
}

void disconnected(Party& c, Party& s) {
  const auto [from, to] = connected(c, s);
  sockaddr_in nobody{};
  nobody.sin_family = AF_UNSPEC;
  c.connect(from, nobody);
  c.poll(from);
  c.has_peer(from);
  c.receive(from, 1);
  s.await(to, POLLHUP);
  s.receive(to, 1);
  c.close(from);
  s.close(to);
}

void waits_for_the_end(Party& c, Party& s) {
  const auto [from, to] = connected(c, s);
  const linger patient{.l_onoff = 1, .l_linger = 5};
  c.note("SO_LINGER", c.raw().setsockopt(from, SOL_SOCKET, SO_LINGER, &patient, sizeof(patient)));
  c.send(from, "all of it");
  c.close(from);
  s.await(to, POLLRDHUP);
  s.receive(to, 20);
  s.receive(to, 20);
  s.close(to);
}

}  // namespace

std::vector<Behaviour> closing_behaviours() {
  return {{"end_of_stream", end_of_stream},
          {"half_close", half_close},
          {"shut_for_reading", shut_for_reading},
          {"unread", unread},
          {"reset_by_linger", reset_by_linger},
          {"write_to_who_is_gone", write_to_who_is_gone},
          {"both_shut", both_shut},
          {"disconnected", disconnected},
          {"waits_for_the_end", waits_for_the_end}};
}

}  // namespace arrakis::differential
