#include "extaris/netdev/xdp_test_bed.h"

#include <linux/if_packet.h>
#include <net/ethernet.h>
#include <net/if.h>
#include <poll.h>
#include <sched.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <unistd.h>
#include <xdp/xsk.h>

#include <cerrno>
#include <cstdlib>
#include <cstring>

#include "base/big_endian.h"

namespace arrakis::extaris {
namespace {

constexpr const char* near_end = "ark_near";  // has the AF_XDP socket
constexpr const char* far_end = "ark_far";

std::string failed(const char* what) { return std::string{what} + ": " + std::strerror(errno); }

}  // namespace

// libxdp maps the rings for itself as well; it does not touch them once they stand.
struct XdpTestBed::Rings {
  xsk_ring_prod fill, transmit;
  xsk_ring_cons completion, receive;
};

XdpTestBed::XdpTestBed() : rings_{std::make_unique<Rings>()} {}

XdpTestBed::~XdpTestBed() {
  if (socket_ != nullptr) xsk_socket__delete(socket_);
  if (umem_ != nullptr) xsk_umem__delete(umem_);
  if (umem_area_ != nullptr) munmap(umem_area_, std::size_t{frame_bytes} * frame_count);
}

std::string XdpTestBed::build() {
  if (unshare(CLONE_NEWNET) != 0) return failed("no network namespace");
  const std::string commands = std::string{"ip link add "} + near_end +
                               " numrxqueues 1 numtxqueues 1 type veth peer name " + far_end +
                               " numrxqueues 1 numtxqueues 1"
                               " && sysctl -qw net.ipv6.conf.all.disable_ipv6=1"
                               " && ip link set " +
                               near_end + " up && ip link set " + far_end + " up";
  if (std::system(commands.c_str()) != 0) return "ip could not make a veth pair";
  if (std::string error = make_socket(); !error.empty()) return error;
  return open_peer();
}

std::string XdpTestBed::make_socket() {
  const std::size_t area_bytes = std::size_t{frame_bytes} * frame_count;
  umem_memory_ = Descriptor{memfd_create("umem", MFD_CLOEXEC)};
  if (ftruncate(umem_memory_.get(), static_cast<off_t>(area_bytes)) != 0) return failed("memfd");
  umem_area_ = mmap(nullptr, area_bytes, PROT_READ | PROT_WRITE, MAP_SHARED, umem_memory_.get(), 0);
  if (umem_area_ == MAP_FAILED) return failed("mmap");

  const xsk_umem_config umem_config{.fill_size = ring_size,
                                    .comp_size = ring_size,
                                    .frame_size = frame_bytes,
                                    .frame_headroom = 0,
                                    .flags = 0};
  errno = -xsk_umem__create(&umem_, umem_area_, area_bytes, &rings_->fill, &rings_->completion,
                            &umem_config);
  if (errno != 0) return failed("UMEM");
  xsk_socket_config config{};
  config.rx_size = ring_size;
  config.tx_size = ring_size;
  config.bind_flags = XDP_COPY | XDP_USE_NEED_WAKEUP;
  errno = -xsk_socket__create(&socket_, near_end, 0, umem_, &rings_->receive, &rings_->transmit,
                              &config);
  if (errno != 0) return failed("AF_XDP socket");
  return {};
}

std::string XdpTestBed::open_peer() {
  peer_ = Descriptor{socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, be16_t{ETH_P_IP}.raw())};
  if (peer_.get() < 0) return failed("AF_PACKET socket");
  sockaddr_ll address{};
  address.sll_family = AF_PACKET;
  address.sll_protocol = be16_t{ETH_P_IP}.raw();
  address.sll_ifindex = static_cast<int>(if_nametoindex(far_end));
  if (bind(peer_.get(), reinterpret_cast<const sockaddr*>(&address), sizeof(address)) != 0)
    return failed("AF_PACKET socket");
  const int on = 1;  // the frames we send are none of our business
  setsockopt(peer_.get(), SOL_PACKET, PACKET_IGNORE_OUTGOING, &on, sizeof(on));
  return {};
}

XdpOptions XdpTestBed::grant() const {
  return {.socket = Descriptor{dup(xsk_socket__fd(socket_))},
          .umem = Descriptor{dup(umem_memory_.get())},
          .frame_bytes = frame_bytes,
          .frame_count = frame_count,
          .fill_size = ring_size,
          .completion_size = ring_size,
          .receive_size = ring_size,
          .transmit_size = ring_size,
          .mac = {{2, 0, 0, 0, 0, 1}}};
}

bool XdpTestBed::send(std::span<const std::byte> frame) {
  return ::send(peer_.get(), frame.data(), frame.size(), 0) == static_cast<ssize_t>(frame.size());
}

std::optional<std::size_t> XdpTestBed::receive(std::span<std::byte> frame, int wait_ms) {
  pollfd fd{.fd = peer_.get(), .events = POLLIN, .revents = 0};
  if (poll(&fd, 1, wait_ms) != 1) return std::nullopt;
  const ssize_t got = recv(peer_.get(), frame.data(), frame.size(), MSG_DONTWAIT);
  if (got < 0) return std::nullopt;
  return static_cast<std::size_t>(got);
}

}  // namespace arrakis::extaris
