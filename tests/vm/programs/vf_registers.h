// vf_registers.h: what a virtual function of the 82576 shows in its BAR 0, as far as the scenarios
// need it. Names and bits: Intel 82576EB data sheet, 8.26 (virtual function device
// registers), 7.1.5 and 7.2.2 (descriptors), 7.10.2.9 (mailbox).
#pragma once

#include <cstdint>

#include "vfio/iova.h"
#include "vfio/mmio.h"

namespace arrakis::vm {

using vfio::Field;
using vfio::Register;

struct Control {  // VTCTRL
  static constexpr Register<Control, std::uint32_t> reg{0x0};
  using reset = Field<std::uint32_t, 26>;
};

struct DeviceStatus {  // VTSTATUS
  static constexpr Register<DeviceStatus, std::uint32_t> reg{0x8};
  using link_up = Field<std::uint32_t, 1>;
};

// One bit a vector; a cause that is set already raises nothing.
inline constexpr Register<struct SetCause, std::uint32_t> set_interrupt_cause{0x1520};    // VTEICS
inline constexpr Register<struct SetMask, std::uint32_t> enable_interrupt_cause{0x1524};  // VTEIMS
inline constexpr Register<struct Cause, std::uint32_t> clear_interrupt_cause{0x1580};     // VTEICR

struct Mailbox {  // VFMailbox
  static constexpr Register<Mailbox, std::uint32_t> reg{0xc40};
  static constexpr std::uint32_t request = 1U << 0;
  static constexpr std::uint32_t acknowledge = 1U << 1;
  static constexpr std::uint32_t taken_by_vf = 1U << 2;
  static constexpr std::uint32_t physical_has_written = 1U << 4;
  static constexpr std::uint32_t reset_done = 1U << 7;
};

// VMBMEM: sixteen words. What they say is between the two drivers (Linux, igb's e1000_mbx.h).
constexpr Register<struct MailboxMemory, std::uint32_t> mailbox_word(unsigned index) {
  return {0x800 + 4 * index};
}
inline constexpr std::uint32_t message_reset = 0x01;
inline constexpr std::uint32_t message_acknowledged = 0x8000'0000;

struct Ring {  // of queue 0; receive at 0x2800, transmit at 0x3800, laid out alike
  std::uint32_t base;
  constexpr Register<struct BaseLow, std::uint32_t> base_low() const { return {base}; }
  constexpr Register<struct BaseHigh, std::uint32_t> base_high() const { return {base + 0x4}; }
  constexpr Register<struct Length, std::uint32_t> length_bytes() const { return {base + 0x8}; }
  constexpr Register<struct Split, std::uint32_t> split() const { return {base + 0xc}; }  // SRRCTL
  constexpr Register<struct Head, std::uint32_t> head() const { return {base + 0x10}; }
  constexpr Register<struct Tail, std::uint32_t> tail() const { return {base + 0x18}; }
  constexpr Register<struct Queue, std::uint32_t> control() const { return {base + 0x28}; }
};
inline constexpr Ring receive_ring{0x2800}, transmit_ring{0x3800};
using queue_enable = Field<std::uint32_t, 25>;         // RXDCTL, TXDCTL
using buffer_kilobytes = Field<std::uint32_t, 6, 0>;   // SRRCTL.BSIZEPACKET
using descriptor_type = Field<std::uint32_t, 27, 25>;  // SRRCTL.DESCTYPE; 1: advanced, one buffer

// Advanced descriptors, as written to the device and as it writes them back.
struct ReceiveDescriptor {
  std::uint64_t buffer;  // back: packet type, RSS
  std::uint32_t status;  // in: low half of the header's address, 0
  std::uint16_t length_bytes, vlan;
};
struct TransmitDescriptor {
  std::uint64_t buffer;
  std::uint32_t command_length;  // back: reserved
  std::uint32_t status;          // in: payload length << 14
};
static_assert(sizeof(ReceiveDescriptor) == 16 && sizeof(TransmitDescriptor) == 16);
inline constexpr std::uint32_t descriptor_done = 1;
// One whole packet in one advanced data descriptor, with its FCS, reported when done.
inline constexpr std::uint32_t send_whole =
    (1U << 24) | (1U << 25) | (1U << 27) | (1U << 29) | (3U << 20);

}  // namespace arrakis::vm
