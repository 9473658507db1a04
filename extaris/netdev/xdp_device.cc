#include "extaris/netdev/xdp_device.h"

#include <rte_mbuf.h>
#include <rte_prefetch.h>
#include <sys/socket.h>
#include <sys/stat.h>

#include <bit>
#include <cerrno>
#include <cstring>
#include <string>
#include <utility>

#include "extaris/packet/bytes.h"

namespace arrakis::extaris {
namespace {

constexpr std::uint32_t ethernet_header_bytes = 14;
constexpr std::uint32_t headroom_bytes = 128;
constexpr std::uint32_t fill_batch = 32;
constexpr unsigned kicks_max = 4;  // the kernel sends 32 frames a call in copy mode

// Pages of the four rings, as include/uapi/linux/if_xdp.h numbers them.
template <class Entry>
bool map_ring(int socket, const xdp_ring_offset& offset, std::uint32_t size, std::uint64_t page,
              Mapping& mapping, XdpRingView<Entry>& view) {
  mapping = Mapping::of(socket, offset.desc + std::size_t{size} * sizeof(Entry),
                        static_cast<off_t>(page));
  if (!mapping) return false;
  std::byte* base = mapping.bytes().data();
  view = {.producer = reinterpret_cast<std::uint32_t*>(base + offset.producer),
          .consumer = reinterpret_cast<std::uint32_t*>(base + offset.consumer),
          .flags = reinterpret_cast<std::uint32_t*>(base + offset.flags),
          .entries = reinterpret_cast<Entry*>(base + offset.desc),
          .size = size};
  return true;
}

Outcome<void> check(const XdpOptions& options) {
  if (!std::has_single_bit(options.frame_bytes) || options.frame_bytes < 2048 ||
      options.frame_bytes > 32768 || options.frame_count == 0)
    return fail(Error::Code::usage, "AF_XDP frames are a power of two from 2,048 bytes, and some");
  for (const std::uint32_t size :
       {options.fill_size, options.completion_size, options.receive_size, options.transmit_size})
    if (!std::has_single_bit(size))
      return fail(Error::Code::usage, "an AF_XDP ring has a power of two of entries");
  struct stat about{};
  if (fstat(options.umem.get(), &about) != 0 ||
      static_cast<std::uint64_t>(about.st_size) <
          std::uint64_t{options.frame_bytes} * options.frame_count)
    return fail(Error::Code::usage, "the UMEM is smaller than its frames");
  return {};
}

}  // namespace

Outcome<std::unique_ptr<XdpDevice>> XdpDevice::create(XdpOptions options) {
  if (auto good = check(options); !good) return std::unexpected(good.error());
  Rings rings;
  auto views = map_rings(options, rings);
  if (!views) return std::unexpected(views.error());
  Mapping umem =
      Mapping::of(options.umem.get(), std::size_t{options.frame_bytes} * options.frame_count);
  if (!umem) return fail(Error::Code::unavailable, "the UMEM cannot be mapped");
  auto pool = PacketPool::create_over(
      umem.bytes(), {.packets = options.frame_count,
                     .buffer_bytes = static_cast<std::uint16_t>(options.frame_bytes)});
  if (!pool)
    return fail(Error::Code::exhausted, "no memory for the packets of the UMEM",
                "raise EalOptions::memory_mib");
  return std::unique_ptr<XdpDevice>{new XdpDevice{std::move(options), std::move(umem),
                                                  std::move(rings), *views, std::move(*pool)}};
}

Outcome<XdpDevice::Views> XdpDevice::map_rings(const XdpOptions& options, Rings& rings) {
  const int socket = options.socket.get();
  xdp_mmap_offsets offsets{};
  socklen_t length = sizeof(offsets);
  if (getsockopt(socket, SOL_XDP, XDP_MMAP_OFFSETS, &offsets, &length) != 0 ||
      length != sizeof(offsets))
    return fail(Error::Code::unavailable, "this is no AF_XDP socket of Linux 5.4 or later");
  Views views{};
  if (!map_ring(socket, offsets.fr, options.fill_size, XDP_UMEM_PGOFF_FILL_RING, rings.fill,
                views.fill) ||
      !map_ring(socket, offsets.cr, options.completion_size, XDP_UMEM_PGOFF_COMPLETION_RING,
                rings.completion, views.completion) ||
      !map_ring(socket, offsets.rx, options.receive_size, XDP_PGOFF_RX_RING, rings.receive,
                views.receive) ||
      !map_ring(socket, offsets.tx, options.transmit_size, XDP_PGOFF_TX_RING, rings.transmit,
                views.transmit))
    return fail(Error::Code::usage,
                std::string{"an AF_XDP ring cannot be mapped: "} + std::strerror(errno),
                "the sizes must be those the socket was given");
  return views;
}

XdpDevice::XdpDevice(XdpOptions options, Mapping umem, Rings rings, const Views& views,
                     PacketPool pool)
    : socket_{std::move(options.socket)},
      umem_{std::move(umem)},
      rings_{std::move(rings)},
      info_{.mac = options.mac, .mtu_bytes = options.mtu_bytes, .queues = options.queues},
      frame_log2_{static_cast<std::uint32_t>(std::countr_zero(options.frame_bytes))},
      frame_count_{options.frame_count},
      frame_bytes_max_{std::min<std::uint32_t>(options.mtu_bytes + ethernet_header_bytes,
                                               options.frame_bytes - headroom_bytes)},
      // Half of the frames at most wait for the kernel; the rest is for what is sent and held.
      fill_target_{std::min(options.fill_size, options.frame_count / 2)},
      pool_{std::move(pool)},
      fill_{views.fill},
      completion_{views.completion},
      receive_{views.receive},
      transmit_{views.transmit} {
  know_frames();
  refill();
}

// Frames that the kernel still holds go back to their pool, which is about to go as well; the
// memory stays the kernel's until the socket is closed.
XdpDevice::~XdpDevice() = default;

void XdpDevice::know_frames() {
  packet_of_frame_.resize(frame_count_);
  std::vector<Packet> all;
  all.reserve(frame_count_);
  while (Packet packet = pool_.allocate()) {
    const auto* buffer = static_cast<std::byte*>(packet.mbuf()->buf_addr);
    const auto frame = static_cast<std::size_t>(buffer - umem_.bytes().data()) >> frame_log2_;
    packet_of_frame_[frame] = packet.mbuf();
    // The buffers are never detached, so an mbuf without the mark is as good, and cheaper to free.
    packet.mbuf()->ol_flags = 0;
    all.push_back(std::move(packet));
  }
}

rte_mbuf* XdpDevice::packet_at(std::uint64_t address, std::uint32_t frame_bytes_used) noexcept {
  const std::uint64_t frame = address >> frame_log2_;
  const std::uint64_t offset = address & ((std::uint64_t{1} << frame_log2_) - 1);
  if (frame >= frame_count_ || offset + frame_bytes_used > (std::uint64_t{1} << frame_log2_)) {
    ++counters_.bad_descriptor;
    return nullptr;
  }
  return packet_of_frame_[frame];
}

void XdpDevice::receive(Burst& burst) noexcept {
  reap_completions();
  if (to_transmit_ > 0 && transmit_.pending() > 0) [[unlikely]]
    kick();
  const std::size_t count = std::min<std::size_t>(receive_.ready(), Burst::capacity);
  rte_mbuf** slots = burst.slots();
  std::size_t kept = 0;
  for (std::size_t i = 0; i < count; ++i) {
    const xdp_desc descriptor = receive_.take();
    rte_mbuf* m = packet_at(descriptor.addr, descriptor.len);
    if (m == nullptr) continue;
    const std::uint64_t offset = descriptor.addr & ((std::uint64_t{1} << frame_log2_) - 1);
    m->data_off = static_cast<std::uint16_t>(offset);
    m->data_len = static_cast<std::uint16_t>(descriptor.len);
    m->pkt_len = descriptor.len;
    m->ol_flags = 0;
    m->packet_type = 0;
    rte_prefetch0(rte_pktmbuf_mtod(m, void*));
    slots[kept++] = m;
  }
  burst.filled(kept);
  if (count > 0) {
    receive_.release();
    to_receive_ -= count;
  }
  if (to_receive_ + fill_batch <= fill_target_) refill();
  if (fill_.needs_wakeup()) [[unlikely]]
    recvfrom(socket_.get(), nullptr, 0, MSG_DONTWAIT, nullptr, nullptr);
}

void XdpDevice::refill() noexcept {
  while (to_receive_ < fill_target_) {
    const auto missing = static_cast<std::uint32_t>(fill_target_ - to_receive_);
    const std::uint32_t batch = std::min({missing, fill_batch, fill_.room(fill_batch)});
    void* frames[fill_batch];
    if (batch == 0 || rte_mempool_get_bulk(pool_.mempool(), frames, batch) != 0) break;
    for (std::uint32_t i = 0; i < batch; ++i) {
      const auto* buffer = static_cast<std::byte*>(static_cast<rte_mbuf*>(frames[i])->buf_addr);
      fill_.put(static_cast<std::uint64_t>(buffer - umem_.bytes().data()));
    }
    fill_.publish();
    to_receive_ += batch;
  }
}

void XdpDevice::reap_completions() noexcept {
  const std::uint32_t count = completion_.ready();
  if (count == 0) return;
  for (std::uint32_t i = 0; i < count; ++i)
    if (rte_mbuf* m = packet_at(completion_.take(), 0); m != nullptr) give_back(m);
  completion_.release();
  to_transmit_ -= std::min<std::size_t>(count, to_transmit_);
}

void XdpDevice::transmit(Burst& burst) noexcept {
  if (burst.empty()) return;
  reap_completions();
  const std::uint32_t room = transmit_.room(Burst::capacity);
  rte_mbuf** packets = burst.slots();
  std::size_t taken = 0;
  std::uint32_t put = 0;
  for (; taken < burst.size() && put < room; ++taken) {
    rte_mbuf* m = packets[taken];
    if (m->pkt_len > frame_bytes_max_ || m->nb_segs != 1) [[unlikely]] {
      ++counters_.oversized;
      give_back(m);
      continue;
    }
    if (m->pool != pool_.mempool()) [[unlikely]] {
      Packet copy = copy_into_own_frame(*m);
      if (!copy) break;
      give_back(m);
      m = std::move(copy).release();
    }
    const auto* start = rte_pktmbuf_mtod(m, const std::byte*);
    transmit_.put({.addr = static_cast<std::uint64_t>(start - umem_.bytes().data()),
                   .len = m->data_len,
                   .options = 0});
    ++put;
  }
  burst.drop_front(taken);
  if (put == 0) return;
  transmit_.publish();
  to_transmit_ += put;
  kick();
}

Packet XdpDevice::copy_into_own_frame(const rte_mbuf& foreign) noexcept {
  Packet copy = pool_.allocate();
  if (!copy) return {};
  resize(copy, foreign.data_len);
  std::memcpy(bytes(copy).data(), rte_pktmbuf_mtod(&foreign, const std::byte*), foreign.data_len);
  return copy;
}

// Asks the kernel to look at the transmit ring, if it wants to be asked.
void XdpDevice::kick() noexcept {
  if (!transmit_.needs_wakeup()) return;
  for (unsigned i = 0; i < kicks_max && transmit_.pending() > 0; ++i) {
    ++counters_.kicks;
    if (sendto(socket_.get(), nullptr, 0, MSG_DONTWAIT, nullptr, 0) >= 0) continue;
    // EAGAIN: its batch is over, or the completion ring is full. All else (EBUSY, ENOBUFS,
    // ENETDOWN) is over some time; receive() asks again.
    if (errno != EAGAIN) return;
    reap_completions();
  }
}

}  // namespace arrakis::extaris
