// linux_udp_echo: the echo server on kernel sockets that others are compared with.
//
// Three modes, so that like is compared with like: `blocking` sleeps in recvfrom, `spinning` never
// sleeps, `batched` uses recvmmsg and sendmmsg, which is the best that sockets give on one core.
#include <netinet/in.h>
#include <sys/socket.h>
#include <unistd.h>

#include <array>
#include <cerrno>
#include <cstring>
#include <memory>

#include "bench/servers/bound_socket.h"
#include "bench/servers/options.h"
#include "bench/servers/service.h"

namespace arrakis::bench {
namespace {

enum class Mode : std::uint8_t { blocking, spinning, batched };

constexpr std::size_t buffer_bytes = 65'536;
constexpr std::size_t batch_max = 64;

void serve_one_by_one(int fd, int flags, EchoService& service) {
  const auto buffer = std::make_unique<std::array<std::byte, buffer_bytes>>();
  while (!stop_requested()) {
    sockaddr_storage peer;
    socklen_t peer_bytes = sizeof peer;
    auto* address = reinterpret_cast<sockaddr*>(&peer);
    const ssize_t got = recvfrom(fd, buffer->data(), buffer_bytes, flags, address, &peer_bytes);
    if (got >= 0) {
      const std::span payload{buffer->data(), static_cast<std::size_t>(got)};
      const Answer answer = service.serve(payload);
      if (answer == Answer::counters) service.answer(payload);
      // A full send buffer loses the answer, as the wire may; the generator counts it.
      const Order order = answer == Answer::order ? EchoService::order_in(payload)
                                                  : Order{.count = answer != Answer::none};
      for (std::uint32_t i = 0; i < order.count; ++i)
        sendto(fd, payload.data(), payload.size(), 0, address, peer_bytes);
    }
    if (flags == MSG_DONTWAIT) service.polled(got >= 0);
  }
}

// One message a slot; what was received is sent from the same buffer to the same address.
class Batch {
 public:
  Batch() {
    for (std::size_t i = 0; i < batch_max; ++i) {
      pieces_[i].iov_base = buffers_[i].data();
      messages_[i].msg_hdr.msg_iov = &pieces_[i];
      messages_[i].msg_hdr.msg_iovlen = 1;
      messages_[i].msg_hdr.msg_name = &peers_[i];
    }
  }

  int receive(int fd) {
    for (std::size_t i = 0; i < batch_max; ++i) {
      pieces_[i].iov_len = buffer_bytes;
      messages_[i].msg_hdr.msg_namelen = sizeof peers_[i];
    }
    return recvmmsg(fd, messages_.data(), batch_max, MSG_WAITFORONE, nullptr);
  }
  std::span<std::byte> payload(std::size_t i) { return {buffers_[i].data(), messages_[i].msg_len}; }
  void send(int fd, std::size_t count) {
    for (std::size_t i = 0; i < count; ++i) pieces_[i].iov_len = messages_[i].msg_len;
    sendmmsg(fd, messages_.data(), static_cast<unsigned>(count), 0);
  }

 private:
  std::array<mmsghdr, batch_max> messages_{};
  std::array<iovec, batch_max> pieces_{};
  std::array<sockaddr_in6, batch_max> peers_{};
  std::array<std::array<std::byte, buffer_bytes>, batch_max> buffers_;
};

void serve_in_batches(int fd, EchoService& service) {
  const auto batch = std::make_unique<Batch>();
  while (!stop_requested()) {
    const int got = batch->receive(fd);
    if (got <= 0) continue;
    const auto count = static_cast<std::size_t>(got);
    for (std::size_t i = 0; i < count; ++i)
      if (service.serve(batch->payload(i)) == Answer::counters) service.answer(batch->payload(i));
    batch->send(fd, count);
  }
}

int run(int argc, char** argv) {
  CLI::App cli{"UDP echo server on kernel sockets, for comparison."};
  ServerOptions options;
  options.add_to(cli);
  Mode mode = Mode::blocking;
  cli.add_option("--mode", mode, "blocking, spinning or batched (recvmmsg)")
      ->transform(CLI::CheckedTransformer(std::map<std::string, Mode>{
          {"blocking", Mode::blocking}, {"spinning", Mode::spinning}, {"batched", Mode::batched}}));
  CLI11_PARSE(cli, argc, argv);

  if (const auto applied = options.apply(); !applied) return complain(applied.error());
  // Wakes up for SIGTERM even when it comes just before recvfrom. The timer has its price: where
  // instructions are counted there is none, and the server is killed.
  const Duration patience = options.counts_instructions ? Duration{} : Duration::milliseconds(200);
  const auto fd = bound_socket(SOCK_DGRAM, options.port);
  if (!fd) return complain(fd.error());
  const timeval timeout{.tv_sec = 0, .tv_usec = patience.ns / 1000};
  setsockopt(*fd, SOL_SOCKET, SO_RCVTIMEO, &timeout, sizeof timeout);
  EchoService service{options.work(),
                      options.counts(EchoService::Counts::instructions_and_interrupts)};
  std::optional<IdleLoop> idle;
  if (options.counts_instructions && mode != Mode::spinning) service.sleep_beside(idle.emplace());
  switch (mode) {
    case Mode::blocking: serve_one_by_one(*fd, 0, service); break;
    case Mode::spinning: serve_one_by_one(*fd, MSG_DONTWAIT, service); break;
    case Mode::batched: serve_in_batches(*fd, service); break;
  }
  close(*fd);
  service.print();
  return 0;
}

}  // namespace
}  // namespace arrakis::bench

int main(int argc, char** argv) { return arrakis::bench::run(argc, argv); }
