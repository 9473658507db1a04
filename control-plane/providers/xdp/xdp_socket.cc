#include "control-plane/providers/xdp/xdp_socket.h"

#include <fcntl.h>
#include <linux/if_xdp.h>
#include <sys/mman.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <fmt/format.h>
#include <cerrno>
#include <cstring>

namespace arrakis::control::xdp {
namespace {

// Twice the frames of a ring: one half with the kernel to fill, one in the application's hands.
constexpr std::uint32_t ring_size = 2048, frame_count = 2 * ring_size;

std::unexpected<Error> failure(std::string_view what) {
  const int error = errno;
  auto code = Error::Code::unavailable;
  std::string remedy;
  switch (error) {
    case EPERM: remedy = "give arrakisd CAP_NET_RAW and CAP_NET_ADMIN (root has them)"; break;
    case ENOBUFS: remedy = "give arrakisd CAP_IPC_LOCK, or raise LimitMEMLOCK"; break;
    case EAFNOSUPPORT: remedy = "needs a kernel with CONFIG_XDP_SOCKETS"; break;
    case EBUSY:
      code = Error::Code::conflict;
      remedy = "another process holds an AF_XDP socket on this queue: stop it";
      break;
    case ENOMEM: code = Error::Code::exhausted; break;
    default: break;
  }
  return fail(code, fmt::format("{}: {}", what, std::strerror(error)), remedy);
}

Outcome<kj::AutoCloseFd> make_memory(std::size_t bytes) {
  kj::AutoCloseFd memory(memfd_create("arrakis-umem", MFD_CLOEXEC | MFD_ALLOW_SEALING));
  if (memory.get() < 0 || ftruncate(memory, static_cast<off_t>(bytes)) != 0)
    return failure("cannot make the packet memory");
  // Whoever shrinks a mapped file makes its other users die of SIGBUS.
  if (fcntl(memory, F_ADD_SEALS, F_SEAL_SHRINK | F_SEAL_GROW | F_SEAL_SEAL) != 0)
    return failure("cannot seal the packet memory");
  return memory;
}

Outcome<void> register_memory(int socket, int memory, std::size_t bytes, std::uint32_t frame) {
  void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED | MAP_POPULATE, memory, 0);
  if (at == MAP_FAILED) return failure("cannot map the packet memory");
  xdp_umem_reg umem{};
  umem.addr = reinterpret_cast<std::uintptr_t>(at);
  umem.len = bytes;
  umem.chunk_size = frame;
  const int result = setsockopt(socket, SOL_XDP, XDP_UMEM_REG, &umem, sizeof(umem));
  const int error = errno;
  munmap(at, bytes);  // the kernel holds the pages, not the mapping
  errno = error;
  if (result != 0) return failure("cannot register the packet memory");
  return {};
}

Outcome<void> make_rings(int socket) {
  for (const int ring : {XDP_UMEM_FILL_RING, XDP_UMEM_COMPLETION_RING, XDP_RX_RING, XDP_TX_RING})
    if (setsockopt(socket, SOL_XDP, ring, &ring_size, sizeof(ring_size)) != 0)
      return failure("cannot make a ring of the AF_XDP socket");
  return {};
}

Outcome<void> bind_queue(int socket, unsigned netdev, std::uint16_t queue) {
  sockaddr_xdp address{};
  address.sxdp_family = AF_XDP;
  // Zero copy would run the kernel's own packets of a shared queue through memory that an
  // application could leave unfilled. A veth has no zero copy anyway.
  address.sxdp_flags = XDP_COPY | XDP_USE_NEED_WAKEUP;
  address.sxdp_ifindex = netdev;
  address.sxdp_queue_id = queue;
  // A socket that was closed a moment ago leaves its queue from a work queue of the kernel.
  for (int attempt = 0; attempt < 200; ++attempt) {
    if (bind(socket, reinterpret_cast<const sockaddr*>(&address), sizeof(address)) == 0) return {};
    if (errno != EBUSY) break;
    const timespec pause{.tv_sec = 0, .tv_nsec = 1'000'000};
    nanosleep(&pause, nullptr);
    errno = EBUSY;
  }
  return failure("cannot bind the AF_XDP socket");
}

}  // namespace

Outcome<XdpQueueGrant> open_xdp_socket(unsigned netdev, std::uint16_t queue,
                                       std::uint16_t mtu_bytes) {
  const std::uint32_t frame_bytes = mtu_bytes <= 1500 ? 2048 : 4096;
  const std::size_t bytes = std::size_t{frame_bytes} * frame_count;
  kj::AutoCloseFd socket(::socket(AF_XDP, SOCK_RAW | SOCK_CLOEXEC, 0));
  if (socket.get() < 0) return failure("cannot open an AF_XDP socket");
  auto memory = make_memory(bytes);
  if (!memory) return std::unexpected(memory.error());
  if (auto done = register_memory(socket, *memory, bytes, frame_bytes); !done)
    return std::unexpected(done.error());
  if (auto done = make_rings(socket); !done) return std::unexpected(done.error());
  if (auto done = bind_queue(socket, netdev, queue); !done) return std::unexpected(done.error());
  return XdpQueueGrant{.socket = kj::mv(socket),
                       .umem = kj::mv(*memory),
                       .frame_bytes = frame_bytes,
                       .frame_count = frame_count,
                       .headroom_bytes = 0,
                       .fill_size = ring_size,
                       .completion_size = ring_size,
                       .receive_size = ring_size,
                       .transmit_size = ring_size};
}

std::uint64_t ring_full(int socket) {
  xdp_statistics statistics{};
  socklen_t bytes = sizeof(statistics);
  if (getsockopt(socket, SOL_XDP, XDP_STATISTICS, &statistics, &bytes) != 0) return 0;
  // rx_dropped holds the frames that no fill entry was there for; rx_ring_full those that lost
  // their place in the receive ring.
  return statistics.rx_dropped + statistics.rx_ring_full;
}

}  // namespace arrakis::control::xdp
