// test_socket.h: for tests only, the application's side of an XdpQueueGrant: maps memory and rings
// and moves whole frames by copy. Not fast, and no older kernels.
#pragma once

#include <linux/if_xdp.h>
#include <poll.h>
#include <sys/mman.h>
#include <sys/socket.h>

#include <atomic>
#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <vector>

#include "base/check.h"
#include "control-plane/providers/provider.h"
#include "control-plane/providers/xdp/test_frames.h"

namespace arrakis::control {

class TestSocket {
 public:
  explicit TestSocket(const XdpQueueGrant& grant) : grant_{grant} {
    const std::size_t bytes = std::size_t{grant.frame_bytes} * grant.frame_count;
    memory_ = map(grant.umem, bytes, 0);
    xdp_mmap_offsets offsets{};
    socklen_t size = sizeof(offsets);
    ARK_CHECK(getsockopt(grant.socket, SOL_XDP, XDP_MMAP_OFFSETS, &offsets, &size) == 0);
    fill_ =
        Ring<std::uint64_t>{grant.socket, offsets.fr, XDP_UMEM_PGOFF_FILL_RING, grant.fill_size};
    completion_ = Ring<std::uint64_t>{grant.socket, offsets.cr, XDP_UMEM_PGOFF_COMPLETION_RING,
                                      grant.completion_size};
    receive_ = Ring<xdp_desc>{grant.socket, offsets.rx, XDP_PGOFF_RX_RING, grant.receive_size};
    transmit_ = Ring<xdp_desc>{grant.socket, offsets.tx, XDP_PGOFF_TX_RING, grant.transmit_size};
    for (std::uint32_t i = 0; i < grant.frame_count / 2; ++i) fill_.push(i * grant.frame_bytes);
    for (std::uint32_t i = grant.frame_count / 2; i < grant.frame_count; ++i)
      free_.push_back(i * grant.frame_bytes);
  }

  bool memory_is_zero() const {
    const std::size_t bytes = std::size_t{grant_.frame_bytes} * grant_.frame_count;
    for (std::size_t i = 0; i < bytes; ++i)
      if (memory_[i] != 0) return false;
    return true;
  }
  std::uint8_t* memory() { return memory_; }

  // False: no room.
  bool queue(const Bytes& frame) {
    collect();
    if (free_.empty()) return false;
    const std::uint64_t at = free_.back();
    free_.pop_back();
    std::memcpy(memory_ + at, frame.data(), frame.size());
    transmit_.push(
        xdp_desc{.addr = at, .len = static_cast<std::uint32_t>(frame.size()), .options = 0});
    return true;
  }
  // Until the kernel has taken all: it takes some tens of frames a call.
  void kick() {
    while (transmit_.pending() != 0) {
      sendto(grant_.socket, nullptr, 0, MSG_DONTWAIT, nullptr, 0);
      collect();
    }
  }
  void send(const Bytes& frame) {
    ARK_CHECK(queue(frame));
    kick();
  }

  std::optional<Bytes> receive(int timeout_ms) {
    pollfd wait{.fd = grant_.socket, .events = POLLIN, .revents = 0};
    if (receive_.empty() && poll(&wait, 1, timeout_ms) <= 0) return std::nullopt;
    if (receive_.empty()) return std::nullopt;
    const xdp_desc desc = receive_.pop();
    Bytes frame(memory_ + desc.addr, memory_ + desc.addr + desc.len);
    fill_.push(desc.addr / grant_.frame_bytes * grant_.frame_bytes);
    return frame;
  }

 private:
  static std::uint8_t* map(int fd, std::size_t bytes, off_t offset) {
    void* at = mmap(nullptr, bytes, PROT_READ | PROT_WRITE, MAP_SHARED, fd, offset);
    ARK_CHECK(at != MAP_FAILED);
    return static_cast<std::uint8_t*>(at);
  }

  template <class T>
  struct Ring {
    Ring() = default;
    Ring(int socket, const xdp_ring_offset& offset, std::uint64_t page, std::uint32_t entries)
        : size{entries} {
      std::uint8_t* base =
          map(socket, offset.desc + std::size_t{entries} * sizeof(T), static_cast<off_t>(page));
      producer = reinterpret_cast<std::uint32_t*>(base + offset.producer);
      consumer = reinterpret_cast<std::uint32_t*>(base + offset.consumer);
      slots = reinterpret_cast<T*>(base + offset.desc);
    }
    std::uint32_t pending() const {
      return *producer - std::atomic_ref(*consumer).load(std::memory_order_acquire);
    }
    bool empty() const {
      return std::atomic_ref(*producer).load(std::memory_order_acquire) == *consumer;
    }
    void push(const T& value) {
      slots[*producer % size] = value;
      std::atomic_ref(*producer).store(*producer + 1, std::memory_order_release);
    }
    T pop() {
      const T value = slots[*consumer % size];
      std::atomic_ref(*consumer).store(*consumer + 1, std::memory_order_release);
      return value;
    }
    std::uint32_t *producer = nullptr, *consumer = nullptr;
    T* slots = nullptr;
    std::uint32_t size = 0;
  };

  void collect() {
    while (!completion_.empty()) free_.push_back(completion_.pop());
  }

  const XdpQueueGrant& grant_;
  std::uint8_t* memory_ = nullptr;
  Ring<std::uint64_t> fill_, completion_;
  Ring<xdp_desc> receive_, transmit_;
  std::vector<std::uint64_t> free_;
};

}  // namespace arrakis::control
