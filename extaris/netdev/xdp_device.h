// xdp_device.h: an AF_XDP queue pair, driven through descriptors that somebody else made.
//
// The socket is bound, in its XSKMAP, and its UMEM (a memfd) is registered: all that needs
// capabilities has been done. What is left, mapping the rings and asking the kernel to look at
// them, needs none.
//
// Memory:   frame n of the UMEM is the buffer of exactly one packet of pool(). At any time a frame
// is
//           in the pool, with the kernel to receive into, with the kernel to be sent, or a Packet.
// Copies:   none for packets of pool(); one for others.
// Calls:    the kernel is called only when a ring asks for it (XDP_RING_NEED_WAKEUP); in copy mode
//           (veth) transmit always asks: one call a burst.
// Doorbell: the socket itself; it is readable while frames wait, so arming costs nothing.
// Threads:  one, which holds an EalThread (extaris/packet/eal.h).
// Lifetime: packets must be gone before the device goes.
#pragma once

#include <linux/if_xdp.h>

#include <cstdint>
#include <memory>
#include <vector>

#include "base/error.h"
#include "extaris/netdev/descriptor.h"
#include "extaris/netdev/mapping.h"
#include "extaris/netdev/net_device.h"
#include "extaris/netdev/xdp_rings.h"

namespace arrakis::extaris {

struct XdpOptions {
  Descriptor socket;
  Descriptor umem;                // memfd of frame_count * frame_bytes
  std::uint32_t frame_bytes = 0;  // power of two
  std::uint32_t frame_count = 0;
  std::uint32_t fill_size = 0;  // entries of each ring: powers of two
  std::uint32_t completion_size = 0;
  std::uint32_t receive_size = 0;
  std::uint32_t transmit_size = 0;
  MacAddress mac;
  std::uint16_t mtu_bytes = 1500;
  std::uint16_t queues = 1;  // of the netdev
};

struct XdpCounters {
  std::uint64_t bad_descriptor = 0;  // the kernel named a frame that is not there
  std::uint64_t oversized = 0;       // dropped on transmit: longer than the MTU or a frame
  std::uint64_t kicks = 0;           // calls to make the kernel transmit
};

// Where the frames are; together with the Packets in use they are all there are.
struct XdpFrames {
  std::size_t in_pool, to_receive, to_transmit;
};

class XdpDevice final : public NetDevice {
 public:
  static Outcome<std::unique_ptr<XdpDevice>> create(XdpOptions options);
  XdpDevice(const XdpDevice&) = delete;
  XdpDevice& operator=(const XdpDevice&) = delete;
  ~XdpDevice() override;

  const DeviceInfo& info() const noexcept override { return info_; }
  void receive(Burst& burst) noexcept override;
  void transmit(Burst& burst) noexcept override;
  PacketPool& pool() noexcept override { return pool_; }
  int doorbell() const noexcept override { return socket_.get(); }

  const XdpCounters& counters() const noexcept { return counters_; }
  XdpFrames frames() const noexcept { return {pool_.available(), to_receive_, to_transmit_}; }

 private:
  struct Rings {  // mapped
    Mapping fill, completion, receive, transmit;
  };
  struct Views {
    XdpRingView<std::uint64_t> fill, completion;
    XdpRingView<xdp_desc> receive, transmit;
  };
  XdpDevice(XdpOptions options, Mapping umem, Rings rings, const Views& views, PacketPool pool);
  static Outcome<Views> map_rings(const XdpOptions& options, Rings& rings);

  void know_frames();
  rte_mbuf* packet_at(std::uint64_t address, std::uint32_t frame_bytes_used) noexcept;
  void refill() noexcept;
  void reap_completions() noexcept;
  Packet copy_into_own_frame(const rte_mbuf& foreign) noexcept;
  void kick() noexcept;

  Descriptor socket_;
  Mapping umem_;
  Rings rings_;
  DeviceInfo info_;
  std::uint32_t frame_log2_;
  std::uint32_t frame_count_;
  std::uint32_t frame_bytes_max_;  // of what is sent
  std::size_t fill_target_;
  PacketPool pool_;
  std::vector<rte_mbuf*> packet_of_frame_;
  XdpProducer<std::uint64_t> fill_;
  XdpConsumer<std::uint64_t> completion_;
  XdpConsumer<xdp_desc> receive_;
  XdpProducer<xdp_desc> transmit_;
  std::size_t to_receive_ = 0;
  std::size_t to_transmit_ = 0;
  XdpCounters counters_;
};

}  // namespace arrakis::extaris
