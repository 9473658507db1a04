// linux_tcp_echo: the TCP echo server on kernel sockets and epoll that others are compared with.
//
// Two modes: `blocking` sleeps in epoll_wait, `spinning` never sleeps.
#include <netinet/in.h>
#include <sys/epoll.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <map>

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
  Server(int listener, EchoService& service) : listener_{listener}, service_{service} {
    watch(listener_);
  }
  ~Server() { close(epoll_); }
  Server(const Server&) = delete;
  Server& operator=(const Server&) = delete;

  // Returns whether there was anything to do.
  bool turn(int timeout_ms) {
    const int count = epoll_wait(epoll_, events_.data(), events_max, timeout_ms);
    for (int i = 0; i < count; ++i) {
      const int fd = events_[static_cast<std::size_t>(i)].data.fd;
      if (fd == listener_)
        accept_all();
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
  void accept_all() {
    for (int fd; (fd = accept4(listener_, nullptr, nullptr, SOCK_NONBLOCK)) >= 0;) watch(fd);
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
  int listener_;
  EchoService& service_;
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
  CLI11_PARSE(cli, argc, argv);

  if (const auto applied = options.apply(); !applied) return complain(applied.error());
  const auto listener = bound_socket(SOCK_STREAM | SOCK_NONBLOCK, options.port);
  if (!listener) return complain(listener.error());
  if (listen(*listener, SOMAXCONN) != 0)
    return complain(port_error("listen on", options.port).error());
  EchoService service{options.work()};
  Server server{*listener, service};
  // Wakes up for SIGTERM even when it comes just before epoll_wait.
  const int timeout_ms = mode == Mode::blocking ? 200 : 0;
  while (!stop_requested()) {
    const bool found_work = server.turn(timeout_ms);
    if (mode == Mode::spinning) service.polled(found_work);
  }
  close(*listener);
  service.print();
  return 0;
}

}  // namespace
}  // namespace arrakis::bench

int main(int argc, char** argv) { return arrakis::bench::run(argc, argv); }
