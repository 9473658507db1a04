// linux_tcp_echo: the TCP echo server on kernel sockets and epoll that others are compared with.
//
// Two modes: `blocking` sleeps in epoll_wait, `spinning` never sleeps.
#include <netinet/in.h>
#include <netinet/tcp.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <map>
#include <vector>

#include "bench/lib/messages.h"
#include "bench/servers/bound_socket.h"
#include "bench/servers/options.h"
#include "bench/servers/service.h"

namespace arrakis::bench {
namespace {

enum class Mode : std::uint8_t { blocking, spinning };

constexpr int events_max = 64;

class Server {
 public:
  Server(EchoService& service, int keepalive_s) : service_{service}, keepalive_s_{keepalive_s} {}
  ~Server() {
    for (const int listener : listeners_) close(listener);
    close(epoll_);
  }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  Outcome<void> listen(std::uint16_t port) {
    const auto listener = bound_socket(SOCK_STREAM | SOCK_NONBLOCK, port);
    if (!listener) return std::unexpected(listener.error());
    if (::listen(*listener, SOMAXCONN) != 0) return port_error("listen on", port);
    if (keepalive_s_ != 0) {  // whom it accepts inherits them
      const int on = 1;
      setsockopt(*listener, SOL_SOCKET, SO_KEEPALIVE, &on, sizeof on);
      setsockopt(*listener, IPPROTO_TCP, TCP_KEEPIDLE, &keepalive_s_, sizeof keepalive_s_);
    }
    listeners_.push_back(*listener);
    watch(*listener);
    return {};
  }

  // Returns whether there was anything to do.
  bool turn(int timeout_ms) {
    const int count = epoll_wait(epoll_, events_.data(), events_max, timeout_ms);
    for (int i = 0; i < count; ++i) {
      const int fd = events_[static_cast<std::size_t>(i)].data.fd;
      if (std::ranges::find(listeners_, fd) != listeners_.end())
        accept_all(fd);
      else
        answer(fd);
    }
    return count > 0;
  }

 private:
  void watch(int fd) {
    epoll_event event{.events = EPOLLIN, .data = {.fd = fd}};
    epoll_ctl(epoll_, EPOLL_CTL_ADD, fd, &event);
  }
  void accept_all(int listener) {
    for (int fd; (fd = accept4(listener, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) watch(fd);
  }
  void answer(int fd) {
    const ssize_t got = read(fd, buffer_.data(), buffer_.size());
    if (got < 0 && (errno == EAGAIN || errno == EINTR)) return;
    if (got <= 0) {
      close(fd);  // which leaves the epoll set too
      return;
    }
    const std::span text{buffer_.data(), static_cast<std::size_t>(got)};
    for_each_message(text, [&](std::span<std::byte> message) {
      if (service_.serve(message) == Answer::counters) service_.answer(message);
    });
    // A generator has one request a connection outstanding: the send buffer has room for it.
    if (write(fd, text.data(), text.size()) != got) close(fd);
  }

  int epoll_ = epoll_create1(0);
  std::vector<int> listeners_;
  EchoService& service_;
  int keepalive_s_;
  std::array<epoll_event, events_max> events_;
  std::array<std::byte, 65'536> buffer_;
};

int run(int argc, char** argv) {
  CLI::App cli{"TCP echo server on kernel sockets, for comparison."};
  ServerOptions options;
  options.add_to(cli);
  Mode mode = Mode::blocking;
  cli.add_option("--mode", mode, "blocking or spinning")
      ->transform(CLI::CheckedTransformer(
          std::map<std::string, Mode>{{"blocking", Mode::blocking}, {"spinning", Mode::spinning}}));
  std::uint16_t ports = 1;
  cli.add_option("--ports", ports, "listen on so many, from --port on")->capture_default_str();
  int keepalive_s = 0;
  cli.add_option("--keepalive-s", keepalive_s, "ask after whom is silent for so long; 0: never");
  CLI11_PARSE(cli, argc, argv);

  if (const auto applied = options.apply(); !applied) return complain(applied.error());
  EchoService service{options.work()};
  Server server{service, keepalive_s};
  for (std::uint16_t i = 0; i < ports; ++i)
    if (const auto good = server.listen(static_cast<std::uint16_t>(options.port + i)); !good)
      return complain(good.error());
  // Wakes up for SIGTERM even when it comes just before epoll_wait.
  const int timeout_ms = mode == Mode::blocking ? 200 : 0;
  while (!stop_requested()) {
    const bool found_work = server.turn(timeout_ms);
    if (mode == Mode::spinning) service.polled(found_work);
  }
  service.print();
  return 0;
}

}  // namespace
}  // namespace arrakis::bench

int main(int argc, char** argv) { return arrakis::bench::run(argc, argv); }
