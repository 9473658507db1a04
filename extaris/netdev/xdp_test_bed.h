// xdp_test_bed.h: a veth pair in a network namespace of the process's own, an AF_XDP socket on one
// end (made the way a daemon would, with privilege), and frames in and out of the other.
//
// For tests; needs root. Gone with the process: the namespace has no name.
#pragma once

#include <cstddef>
#include <cstdint>
#include <memory>
#include <optional>
#include <span>
#include <string>

#include "extaris/netdev/descriptor.h"
#include "extaris/netdev/xdp_device.h"

struct xsk_umem;
struct xsk_socket;

namespace arrakis::extaris {

class XdpTestBed {
 public:
  static constexpr std::uint32_t frame_bytes = 2048;
  static constexpr std::uint32_t frame_count = 1024;
  static constexpr std::uint32_t ring_size = 512;

  XdpTestBed();
  XdpTestBed(const XdpTestBed&) = delete;
  XdpTestBed& operator=(const XdpTestBed&) = delete;
  ~XdpTestBed();

  // Empty: it stands. Otherwise what went wrong.
  std::string build();

  // Descriptors of the AF_XDP queue, as an application would inherit them.
  XdpOptions grant() const;

  // On the other end of the pair.
  bool send(std::span<const std::byte> frame);
  std::optional<std::size_t> receive(std::span<std::byte> frame, int wait_ms);

 private:
  struct Rings;
  std::string make_socket();
  std::string open_peer();

  std::unique_ptr<Rings> rings_;
  Descriptor umem_memory_, peer_;
  void* umem_area_ = nullptr;
  xsk_umem* umem_ = nullptr;
  xsk_socket* socket_ = nullptr;
};

}  // namespace arrakis::extaris
