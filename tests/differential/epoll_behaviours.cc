// epoll: what is told, when, and how often.
#include "tests/differential/script.h"

namespace arrakis::differential {
namespace {

void membership(Party& c, Party& s) {
  const auto [from, to] = connected(c, s);
  const int set = s.raw().epoll_create();
  s.watch(set, EPOLL_CTL_DEL, to, 0);
  s.watch(set, EPOLL_CTL_MOD, to, EPOLLIN);
  s.watch(set, EPOLL_CTL_ADD, to, EPOLLIN);
  s.watch(set, EPOLL_CTL_ADD, to, EPOLLIN);
  s.watch(set, 17, to, EPOLLIN);
  s.watch(set, EPOLL_CTL_ADD, 30'000, EPOLLIN);
  s.watch(set, EPOLL_CTL_ADD, set, EPOLLIN);
  s.watch(to, EPOLL_CTL_ADD, set, EPOLLIN);
  s.watch(set, EPOLL_CTL_DEL, to, 0);
  s.watch(set, EPOLL_CTL_DEL, to, 0);
  epoll_event event{};
  s.note("no room", s.raw().epoll_wait(set, &event, 0, 0));
  s.note("no set", s.raw().epoll_wait(to, &event, 1, 0));
  s.close(set);
  c.close(from);
  s.close(to);
}

void level(Party& c, Party& s) {
  const auto [from, to] = connected(c, s);
  const int set = s.raw().epoll_create();
  s.watch(set, EPOLL_CTL_ADD, to, EPOLLIN);
  s.epoll(set);
  c.send(from, "two");
  s.await(to, POLLIN);
  s.epoll(set);
  s.receive(to, 1);
  s.epoll(set);
  s.receive(to, 5);
  s.epoll(set);
  s.watch(set, EPOLL_CTL_MOD, to, EPOLLOUT);
  s.epoll(set);
  s.epoll(set);
  c.close(from);
  s.await(to, POLLRDHUP);
  s.watch(set, EPOLL_CTL_MOD, to, EPOLLIN | EPOLLRDHUP);
  s.epoll(set);
  s.close(to);
  s.epoll(set);
  s.close(set);
}

void edge(Party& c, Party& s) {
  const auto [from, to] = connected(c, s);
  const int set = s.raw().epoll_create();
  s.watch(set, EPOLL_CTL_ADD, to, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
  s.epoll(set);
  s.epoll(set);
  c.send(from, "a");
  s.await(to, POLLIN);
  s.epoll(set);
  s.epoll(set);
  c.send(from, "b");
  s.raw().poll(nullptr, 0, 20);
  s.epoll(set);
  s.epoll(set);
  s.receive(to, 10);
  s.epoll(set);
  s.watch(set, EPOLL_CTL_MOD, to, EPOLLIN | EPOLLOUT | EPOLLET);
  s.epoll(set);
  c.close(from);
  s.await(to, POLLRDHUP);
  s.epoll(set);
  s.epoll(set);
  s.close(set);
  s.close(to);
}

void one_shot(Party& c, Party& s) {
  const auto [from, to] = connected(c, s);
  const int set = s.raw().epoll_create();
  s.watch(set, EPOLL_CTL_ADD, to, EPOLLIN | EPOLLONESHOT);
  c.send(from, "a");
  s.await(to, POLLIN);
  s.epoll(set);
  s.epoll(set);
  c.send(from, "b");
  s.epoll(set);
  s.watch(set, EPOLL_CTL_MOD, to, EPOLLIN | EPOLLONESHOT);
  s.epoll(set);
  s.epoll(set);
  c.close(from);
  s.close(to);
  s.close(set);
}

void nested(Party& c, Party& s) {
  const auto [from, to] = connected(c, s);
  const int inner = s.raw().epoll_create();
  const int outer = s.raw().epoll_create();
  s.watch(inner, EPOLL_CTL_ADD, to, EPOLLIN);
  s.watch(outer, EPOLL_CTL_ADD, inner, EPOLLIN);
  s.watch(inner, EPOLL_CTL_ADD, outer, EPOLLIN);
  s.epoll(outer);
  c.send(from, "x");
  s.await(to, POLLIN);
  s.epoll(outer);
  s.epoll(inner);
  s.poll(inner);
  s.receive(to, 1);
  s.epoll(outer);
  c.close(from);
  s.close(to);
  s.close(inner);
  s.close(outer);
}

void acceptors(Party& c, Party& s) {
  const int listener = listening(s);
  const int set = s.raw().epoll_create();
  s.watch(set, EPOLL_CTL_ADD, listener, EPOLLIN | EPOLLEXCLUSIVE);
  s.watch(set, EPOLL_CTL_MOD, listener, EPOLLIN);
  s.epoll(set);
  const int from = c.socket(SOCK_STREAM);
  c.connect(from, s.name_of(listener));
  s.await(listener, POLLIN);
  s.epoll(set);
  s.close(s.accept(listener));
  s.epoll(set);
  c.close(from);
  s.close(listener);
  s.close(set);
}

void connecting(Party& c, Party& s) {
  const int listener = listening(s);
  const int set = c.raw().epoll_create();
  const int fd = c.socket(SOCK_STREAM);
  c.watch(set, EPOLL_CTL_ADD, fd, EPOLLIN | EPOLLOUT | EPOLLRDHUP | EPOLLET);
  c.epoll(set);
  c.connect(fd, s.name_of(listener));
  c.await(fd, POLLOUT);
  c.epoll(set);
  c.epoll(set);
  c.close(fd);
  c.close(set);
  s.close(listener);
}

}  // namespace

std::vector<Behaviour> epoll_behaviours() {
  return {
      {"epoll_membership", membership}, {"epoll_level", level},   {"epoll_edge", edge},
      {"epoll_one_shot", one_shot},     {"epoll_nested", nested}, {"epoll_acceptors", acceptors},
      {"epoll_connecting", connecting}};
}

}  // namespace arrakis::differential
