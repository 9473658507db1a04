// wire_socket.h: the other end of the wire: raw frames of one EtherType on an interface of the
// kernel's. Needs CAP_NET_RAW.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "base/address.h"
#include "base/error.h"
#include "vfio/descriptor.h"

namespace arrakis::vm {

// IEEE Std 802, local experimental EtherType 1: nothing else on the wire uses it.
inline constexpr std::uint16_t experimental_ethertype = 0x88b5;

struct FrameEnds {
  MacAddress destination, source;
};
// An Ethernet frame of that EtherType, at least 60 bytes long. `vlan`: with a tag (802.1Q).
std::vector<std::byte> make_frame(const FrameEnds& ends, std::string_view payload,
                                  std::optional<std::uint16_t> vlan = std::nullopt);

bool contains(std::span<const std::byte> frame, std::string_view text);

// As the kernel has it: without its tag.
struct SeenFrame {
  std::vector<std::byte> bytes;
  std::optional<std::uint16_t> vlan;
};

class WireSocket {
 public:
  // Takes every frame that the interface sees, whoever it is for.
  static Outcome<WireSocket> open(const std::string& netdev);

  MacAddress mac() const { return mac_; }
  bool send(std::span<const std::byte> frame) const;
  // The next frame with one of these texts in it; nothing: none came. To see that a frame does not
  // come, another is sent behind it that does: a wire keeps the order.
  std::optional<SeenFrame> receive(std::initializer_list<std::string_view> texts) const;

 private:
  WireSocket(vfio::Descriptor socket, MacAddress mac) : socket_{std::move(socket)}, mac_{mac} {}

  vfio::Descriptor socket_;
  MacAddress mac_;
};

}  // namespace arrakis::vm
