#include "tests/vm/programs/virtual_function.h"

#include <atomic>
#include <chrono>
#include <cstring>
#include <thread>

#include "vfio/iommu_group.h"

namespace arrakis::vm {
namespace {

constexpr std::uint32_t ring_descriptors = 8;  // a ring is a multiple of 128 bytes
constexpr std::size_t receive_ring_offset = 0;
constexpr std::size_t transmit_ring_offset = 1024;
constexpr std::size_t buffer_offset = 4096;
constexpr std::size_t memory_bytes = buffer_offset + VirtualFunction::buffer_bytes;
// Above all of the guest's memory: no physical address can be taken for one of ours.
constexpr vfio::Iova memory_iova{std::uint64_t{1} << 36};

template <class Condition>
bool comes_true(Condition condition) {
  const auto deadline = std::chrono::steady_clock::now() + std::chrono::seconds{10};
  while (!condition()) {
    if (std::chrono::steady_clock::now() > deadline) return false;
    std::this_thread::sleep_for(std::chrono::milliseconds{1});
  }
  return true;
}

// The device writes it while we look.
std::uint32_t load(std::uint32_t& word) {
  return std::atomic_ref{word}.load(std::memory_order_acquire);
}

}  // namespace

Outcome<VirtualFunction> VirtualFunction::open(const vfio::Sysfs& sysfs, vfio::PciAddress address) {
  const auto id = vfio::iommu_group_of(sysfs, address);
  if (!id) return std::unexpected{id.error()};
  auto opened = vfio::Container::open(sysfs);
  if (!opened) return std::unexpected{opened.error()};
  auto container = std::make_unique<vfio::Container>(*std::move(opened));
  auto group = container->add_group(sysfs, id->id);
  if (!group) return std::unexpected{group.error()};
  auto device = vfio::Device::open(*group, address);
  if (!device) return std::unexpected{device.error()};
  auto bar = device->map_bar(0);
  if (!bar) return std::unexpected{bar.error()};
  auto memory = vfio::DmaBuffer::allocate(*container, memory_bytes, memory_iova);
  if (!memory) return std::unexpected{memory.error()};
  VirtualFunction function{std::move(container), *std::move(group), *std::move(device),
                           *std::move(bar), *std::move(memory)};
  if (const auto started = function.start(); !started) return std::unexpected{started.error()};
  return function;
}

bool VirtualFunction::is_link_up() const {
  return DeviceStatus::link_up::get(bar_.registers().load(DeviceStatus::reg)) != 0;
}

Outcome<void> VirtualFunction::start() {
  if (const auto on = device_.enable_bus_master(); !on) return on;
  const vfio::Mmio registers = bar_.registers();
  registers.store(Control::reg, Control::reset::set(registers.load(Control::reg), 1));
  if (const auto answered = ask_for_mac(); !answered) return answered;
  registers.store(receive_ring.split(), descriptor_type::set(buffer_kilobytes::set(0, 2), 1));
  start_ring(receive_ring, memory_.iova() + receive_ring_offset);
  start_ring(transmit_ring, memory_.iova() + transmit_ring_offset);
  return {};
}

// A VF says that it was reset; its PF lets it receive and send then, and answers with its address.
Outcome<void> VirtualFunction::ask_for_mac() {
  const vfio::Mmio registers = bar_.registers();
  const bool ours = comes_true([&] {
    registers.store(Mailbox::reg, Mailbox::taken_by_vf);
    return (registers.load(Mailbox::reg) & Mailbox::taken_by_vf) != 0;
  });
  if (!ours) return fail(Error::Code::unavailable, "the mailbox is never free");
  registers.store(mailbox_word(0), message_reset);
  registers.store(Mailbox::reg, Mailbox::request);
  const bool answered = comes_true(
      [&] { return (registers.load(Mailbox::reg) & Mailbox::physical_has_written) != 0; });
  if (!answered)
    return fail(Error::Code::unavailable, "the physical function does not answer",
                "is its network interface up?");
  if (registers.load(mailbox_word(0)) != (message_reset | message_acknowledged))
    return fail(Error::Code::unavailable, "the physical function refused the reset",
                "give the function a MAC address: ip link set NETDEV vf INDEX mac MAC");
  const std::uint32_t low = registers.load(mailbox_word(1));
  const std::uint32_t high = registers.load(mailbox_word(2));
  std::memcpy(mac_.bytes.data(), &low, 4);
  std::memcpy(mac_.bytes.data() + 4, &high, 2);
  registers.store(Mailbox::reg, Mailbox::acknowledge);
  return {};
}

void VirtualFunction::start_ring(Ring ring, vfio::Iova descriptors) const {
  const vfio::Mmio registers = bar_.registers();
  registers.store(ring.base_low(), static_cast<std::uint32_t>(bits(descriptors)));
  registers.store(ring.base_high(), static_cast<std::uint32_t>(bits(descriptors) >> 32));
  registers.store(ring.length_bytes(), ring_descriptors * 16);
  registers.store(ring.head(), 0U);
  registers.store(ring.tail(), 0U);
  registers.store(ring.control(), queue_enable::set(0, 1));
}

void VirtualFunction::interrupt(unsigned vector) const {
  bar_.registers().store(clear_interrupt_cause, 1U << vector);
  bar_.registers().store(enable_interrupt_cause, 1U << vector);
  bar_.registers().store(set_interrupt_cause, 1U << vector);
}

std::span<std::byte> VirtualFunction::buffer() const {
  return memory_.bytes().subspan(buffer_offset, buffer_bytes);
}

vfio::Iova VirtualFunction::buffer_iova() const { return memory_.iova() + buffer_offset; }

void VirtualFunction::offer(vfio::Iova buffer) {
  const auto ring = memory_.objects<ReceiveDescriptor>(receive_ring_offset, ring_descriptors);
  ring[next_receive_] = {.buffer = bits(buffer), .status = 0, .length_bytes = 0, .vlan = 0};
  const std::uint32_t after = (next_receive_ + 1) % ring_descriptors;
  bar_.registers().store(receive_ring.tail(), after);
}

std::optional<std::uint16_t> VirtualFunction::wait_for_frame() {
  ReceiveDescriptor& descriptor =
      memory_.objects<ReceiveDescriptor>(receive_ring_offset, ring_descriptors)[next_receive_];
  if (!comes_true([&] { return (load(descriptor.status) & descriptor_done) != 0; }))
    return std::nullopt;
  next_receive_ = (next_receive_ + 1) % ring_descriptors;
  return descriptor.length_bytes;
}

bool VirtualFunction::send(vfio::Iova buffer, std::uint16_t length_bytes) {
  TransmitDescriptor& descriptor =
      memory_.objects<TransmitDescriptor>(transmit_ring_offset, ring_descriptors)[next_transmit_];
  descriptor = {.buffer = bits(buffer),
                .command_length = send_whole | length_bytes,
                .status = std::uint32_t{length_bytes} << 14};
  next_transmit_ = (next_transmit_ + 1) % ring_descriptors;
  bar_.registers().store(transmit_ring.tail(), next_transmit_);
  return comes_true([&] { return (load(descriptor.status) & descriptor_done) != 0; });
}

}  // namespace arrakis::vm
