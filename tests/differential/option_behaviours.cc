// Options: what they start as, what they take, and what becomes of it.
#include <fcntl.h>
#include <netinet/tcp.h>

#include <array>

#include "tests/differential/script.h"

namespace arrakis::differential {
namespace {

struct Named {
  int level;
  int name;
  const char* text;
};

#define NAMED(level, name) \
  Named { level, name, #name }

// A macro, because a transcript wants the name.
constexpr std::array of_sockets{NAMED(SOL_SOCKET, SO_TYPE),       NAMED(SOL_SOCKET, SO_DOMAIN),
                                NAMED(SOL_SOCKET, SO_PROTOCOL),   NAMED(SOL_SOCKET, SO_ERROR),
                                NAMED(SOL_SOCKET, SO_ACCEPTCONN), NAMED(SOL_SOCKET, SO_REUSEADDR),
                                NAMED(SOL_SOCKET, SO_REUSEPORT),  NAMED(SOL_SOCKET, SO_KEEPALIVE),
                                NAMED(SOL_SOCKET, SO_BROADCAST),  NAMED(SOL_SOCKET, SO_OOBINLINE),
                                NAMED(SOL_SOCKET, SO_RCVLOWAT),   NAMED(SOL_SOCKET, SO_SNDLOWAT),
                                NAMED(SOL_SOCKET, SO_PRIORITY),   NAMED(SOL_SOCKET, SO_TIMESTAMP),
                                NAMED(SOL_SOCKET, 999),           NAMED(IPPROTO_IP, IP_TOS),
                                NAMED(IPPROTO_IP, IP_TTL),        NAMED(IPPROTO_IPV6, 26)};
constexpr std::array of_tcp{
    NAMED(IPPROTO_TCP, TCP_NODELAY),      NAMED(IPPROTO_TCP, TCP_CORK),
    NAMED(IPPROTO_TCP, TCP_KEEPIDLE),     NAMED(IPPROTO_TCP, TCP_KEEPINTVL),
    NAMED(IPPROTO_TCP, TCP_KEEPCNT),      NAMED(IPPROTO_TCP, TCP_SYNCNT),
    NAMED(IPPROTO_TCP, TCP_LINGER2),      NAMED(IPPROTO_TCP, TCP_DEFER_ACCEPT),
    NAMED(IPPROTO_TCP, TCP_USER_TIMEOUT), NAMED(IPPROTO_TCP, 999)};
#undef NAMED

void defaults(Party& c, Party&) {
  const int stream = c.socket(SOCK_STREAM);
  const int datagram = c.socket(SOCK_DGRAM);
  for (const Named& option : of_sockets) {
    c.get(stream, option.level, option.name, option.text);
    c.get(datagram, option.level, option.name, option.text);
  }
  for (const Named& option : of_tcp) c.get(stream, option.level, option.name, option.text);
  c.get(datagram, IPPROTO_TCP, TCP_NODELAY, "TCP_NODELAY of UDP");
  c.set(datagram, IPPROTO_TCP, TCP_NODELAY, 1, "TCP_NODELAY of UDP");
  c.close(stream);
  c.close(datagram);
}

void switches(Party& c, Party&) {
  const int fd = c.socket(SOCK_STREAM);
  for (const int name : {SO_REUSEADDR, SO_REUSEPORT, SO_KEEPALIVE, SO_BROADCAST, SO_OOBINLINE}) {
    c.set(fd, SOL_SOCKET, name, 5, "switch");
    c.get(fd, SOL_SOCKET, name, "switch");
    c.set(fd, SOL_SOCKET, name, 1, "switch too short", 2);
  }
  c.set(fd, SOL_SOCKET, SO_RCVLOWAT, 0, "SO_RCVLOWAT");
  c.get(fd, SOL_SOCKET, SO_RCVLOWAT, "SO_RCVLOWAT");
  c.set(fd, SOL_SOCKET, SO_TYPE, 1, "SO_TYPE");
  c.set(fd, SOL_SOCKET, SO_ERROR, 1, "SO_ERROR");
  c.set(fd, SOL_SOCKET, SO_ACCEPTCONN, 1, "SO_ACCEPTCONN");
  c.set(fd, SOL_SOCKET, 999, 1, "999");
  c.set(fd, SOL_SOCKET, SO_RCVBUF, 10'000, "SO_RCVBUF");
  c.get(fd, SOL_SOCKET, SO_RCVBUF, "SO_RCVBUF");
  c.set(fd, SOL_SOCKET, SO_SNDBUF, 1, "SO_SNDBUF");
  c.get(fd, SOL_SOCKET, SO_SNDBUF, "SO_SNDBUF");
  c.close(fd);
}

void numbers_of_tcp(Party& c, Party&) {
  const int fd = c.socket(SOCK_STREAM);
  struct Tried {
    int name;
    const char* text;
    std::array<int, 4> values;
  };
  for (const Tried& t :
       {Tried{TCP_KEEPIDLE, "TCP_KEEPIDLE", {0, 1, 32'767, 32'768}},
        Tried{TCP_KEEPINTVL, "TCP_KEEPINTVL", {-1, 5, 32'767, 32'768}},
        Tried{TCP_KEEPCNT, "TCP_KEEPCNT", {0, 1, 127, 128}},
        Tried{TCP_SYNCNT, "TCP_SYNCNT", {0, 1, 127, 128}},
        Tried{TCP_MAXSEG, "TCP_MAXSEG", {87, 88, 1000, 32'768}},
        Tried{TCP_USER_TIMEOUT, "TCP_USER_TIMEOUT", {-1, 0, 500, 70'000}},
        Tried{TCP_NODELAY, "TCP_NODELAY", {0, 1, -1, 2}}, Tried{TCP_CORK, "TCP_CORK", {0, 1, 7, 0}},
        Tried{999, "999", {0, 1, 2, 3}}}) {
    for (const int value : t.values) {
      c.set(fd, IPPROTO_TCP, t.name, value, t.text);
      c.get(fd, IPPROTO_TCP, t.name, t.text);
    }
    c.set(fd, IPPROTO_TCP, t.name, 1, t.text, 3);
  }
  c.note("bad congestion", c.raw().setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "nonsense", 8));
  c.note("cubic", c.raw().setsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, "cubic", 5));
  std::array<char, 32> name{};
  socklen_t length = name.size();
  c.note(name.data(), c.raw().getsockopt(fd, IPPROTO_TCP, TCP_CONGESTION, name.data(), &length));
  c.note(name.data(), length);
  c.close(fd);
}

void structures(Party& c, Party&) {
  const int fd = c.socket(SOCK_STREAM);
  const linger wanted{.l_onoff = 9, .l_linger = 12};
  c.note("set", c.raw().setsockopt(fd, SOL_SOCKET, SO_LINGER, &wanted, sizeof(wanted)));
  c.note("short", c.raw().setsockopt(fd, SOL_SOCKET, SO_LINGER, &wanted, 4));
  linger got{};
  socklen_t length = 200;
  c.note("get", c.raw().getsockopt(fd, SOL_SOCKET, SO_LINGER, &got, &length));
  c.note("length", length);
  c.note("on", got.l_onoff);
  c.note("linger", got.l_linger);
  for (const timeval time : {timeval{1, 500'000}, timeval{0, 0}, timeval{0, 1'000'000},
                             timeval{-3, 0}, timeval{2, 4'000}}) {
    c.note("set", c.raw().setsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &time, sizeof(time)));
    timeval back{};
    length = sizeof(back);
    c.note("get", c.raw().getsockopt(fd, SOL_SOCKET, SO_RCVTIMEO, &back, &length));
    c.note("s", back.tv_sec);
    c.note("us", back.tv_usec);
  }
  std::array<unsigned char, 4> small{};
  length = 2;
  c.note("two bytes", c.raw().getsockopt(fd, SOL_SOCKET, SO_TYPE, small.data(), &length));
  c.note("length", length);
  c.note("value", small[0]);
  c.close(fd);
}

void inherited(Party& c, Party& s) {
  const int listener = listening(s);
  s.set(listener, IPPROTO_TCP, TCP_NODELAY, 1, "TCP_NODELAY");
  s.set(listener, SOL_SOCKET, SO_KEEPALIVE, 1, "SO_KEEPALIVE");
  s.set(listener, IPPROTO_TCP, TCP_KEEPIDLE, 77, "TCP_KEEPIDLE");
  const int from = c.socket(SOCK_STREAM);
  c.connect(from, s.name_of(listener));
  s.await(listener, POLLIN);
  const int to = s.accept(listener);
  s.get(to, IPPROTO_TCP, TCP_NODELAY, "TCP_NODELAY");
  s.get(to, SOL_SOCKET, SO_KEEPALIVE, "SO_KEEPALIVE");
  s.get(to, IPPROTO_TCP, TCP_KEEPIDLE, "TCP_KEEPIDLE");
  s.get(to, SOL_SOCKET, SO_ACCEPTCONN, "SO_ACCEPTCONN");
  s.note("F_GETFL", s.raw().control(to, F_GETFL, 0));
  s.note("F_GETFL", s.raw().control(listener, F_GETFL, 0));
  s.note("F_GETFD", s.raw().control(to, F_GETFD, 0));
  c.close(from);
  s.close(to);
  s.close(listener);
}

void information(Party& c, Party& s) {
  const auto [from, to] = connected(c, s);
  const auto state = [](Party& party, int fd) {
    tcp_info info{};
    socklen_t length = sizeof(info);
    party.note("TCP_INFO", party.raw().getsockopt(fd, IPPROTO_TCP, TCP_INFO, &info, &length));
    party.note("state", info.tcpi_state);
  };
  state(c, from);
  c.shutdown(from, SHUT_WR);
  s.await(to, POLLRDHUP);
  state(s, to);
  s.close(to);
  c.await(from, POLLHUP);
  state(c, from);
  c.close(from);
  const int fd = c.socket(SOCK_STREAM);
  state(c, fd);
  c.close(fd);
  const int listener = listening(s);
  state(s, listener);
  s.close(listener);
}

}  // namespace

std::vector<Behaviour> option_behaviours() {
  return {{"option_defaults", defaults},
          {"option_switches", switches},
          {"option_numbers_of_tcp", numbers_of_tcp},
          {"option_structures", structures},
          {"option_inherited", inherited},
          {"option_information", information}};
}

}  // namespace arrakis::differential
