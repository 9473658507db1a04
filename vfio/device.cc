#include "vfio/device.h"

#include <linux/vfio.h>
#include <sys/ioctl.h>
#include <sys/mman.h>

#include <array>
#include <cerrno>
#include <cstring>

namespace arrakis::vfio {
namespace {

constexpr std::uint16_t command_register = 0x04;  // PCI Local Bus 3.0, 6.2.2
using bus_master = Field<std::uint16_t, 2>;
constexpr unsigned bars_max = 6;

unsigned vectors_of(int device, std::uint32_t index) {
  vfio_irq_info info{.argsz = sizeof(info), .flags = 0, .index = index, .count = 0};
  return ::ioctl(device, VFIO_DEVICE_GET_IRQ_INFO, &info) == 0 ? info.count : 0;
}

// Sets the eventfds of an interrupt index from vector 0 on; none: turns it off.
Outcome<void> set_eventfds(int device, std::uint32_t index, std::span<const int> eventfds) {
  const std::size_t length = sizeof(vfio_irq_set) + eventfds.size_bytes();
  std::vector<std::byte> request(length);
  const std::uint32_t data = eventfds.empty() ? VFIO_IRQ_SET_DATA_NONE : VFIO_IRQ_SET_DATA_EVENTFD;
  const vfio_irq_set head{.argsz = static_cast<std::uint32_t>(length),
                          .flags = data | VFIO_IRQ_SET_ACTION_TRIGGER,
                          .index = index,
                          .start = 0,
                          .count = static_cast<std::uint32_t>(eventfds.size())};
  std::memcpy(request.data(), &head, sizeof(head));
  if (!eventfds.empty())
    std::memcpy(request.data() + sizeof(head), eventfds.data(), eventfds.size_bytes());
  if (::ioctl(device, VFIO_DEVICE_SET_IRQS, request.data()) == 0) return {};
  return failed(errno, "set " + std::to_string(eventfds.size()) + " interrupts of a device");
}

}  // namespace

Bar::~Bar() {
  if (!bytes_.empty()) ::munmap(bytes_.data(), bytes_.size());
}

Outcome<Device> Device::open(const Group& group, PciAddress address) {
  Descriptor device{::ioctl(group.fd(), VFIO_GROUP_GET_DEVICE_FD, address.to_string().c_str())};
  if (!device)
    return failed(errno, "open " + address.to_string() + " in group " + std::to_string(group.id()),
                  "bind it to vfio-pci first");
  vfio_device_info info{};
  info.argsz = sizeof(info);
  if (::ioctl(device.get(), VFIO_DEVICE_GET_INFO, &info) != 0)
    return failed(errno, "ask what " + address.to_string() + " is");
  const unsigned vectors = info.num_irqs > VFIO_PCI_MSIX_IRQ_INDEX
                               ? vectors_of(device.get(), VFIO_PCI_MSIX_IRQ_INDEX)
                               : 0;
  return Device{std::move(device), vectors};
}

Outcome<Device::Region> Device::region(unsigned index) const {
  vfio_region_info info{};
  info.argsz = sizeof(info);
  info.index = index;
  if (::ioctl(device_.get(), VFIO_DEVICE_GET_REGION_INFO, &info) != 0)
    return failed(errno, "ask about region " + std::to_string(index) + " of a device");
  return Region{.offset = info.offset,
                .size = info.size,
                .can_map = (info.flags & VFIO_REGION_INFO_FLAG_MMAP) != 0};
}

Outcome<Bar> Device::map_bar(unsigned index) const {
  ARK_CHECK(index < bars_max);
  const auto found = region(VFIO_PCI_BAR0_REGION_INDEX + index);
  if (!found) return std::unexpected{found.error()};
  const std::string what = "map BAR " + std::to_string(index);
  if (found->size == 0 || !found->can_map) return failed(ENXIO, what);
  void* const memory = ::mmap(nullptr, found->size, PROT_READ | PROT_WRITE, MAP_SHARED,
                              device_.get(), static_cast<off_t>(found->offset));
  if (memory == MAP_FAILED) return failed(errno, what);
  return Bar{{static_cast<std::byte*>(memory), found->size}};
}

Outcome<std::uint16_t> Device::config(std::uint16_t offset) const {
  const auto space = region(VFIO_PCI_CONFIG_REGION_INDEX);
  if (!space) return std::unexpected{space.error()};
  std::uint16_t value = 0;
  const auto where = static_cast<off_t>(space->offset + offset);
  if (::pread(device_.get(), &value, sizeof(value), where) == sizeof(value)) return value;
  return failed(errno, "read the configuration space at " + std::to_string(offset));
}

Outcome<void> Device::set_config(std::uint16_t offset, std::uint16_t value) const {
  const auto space = region(VFIO_PCI_CONFIG_REGION_INDEX);
  if (!space) return std::unexpected{space.error()};
  const auto where = static_cast<off_t>(space->offset + offset);
  if (::pwrite(device_.get(), &value, sizeof(value), where) == sizeof(value)) return {};
  return failed(errno, "write the configuration space at " + std::to_string(offset));
}

Outcome<void> Device::enable_bus_master() const {
  const auto command = config(command_register);
  if (!command) return std::unexpected{command.error()};
  return set_config(command_register, bus_master::set(*command, 1));
}

Outcome<void> Device::set_msix(std::span<const int> eventfds) const {
  if (eventfds.empty()) return clear_msix();
  if (eventfds.size() > msix_vectors_)
    return fail(Error::Code::exhausted, "the device has " + std::to_string(msix_vectors_) +
                                            " interrupts, not " + std::to_string(eventfds.size()));
  return set_eventfds(device_.get(), VFIO_PCI_MSIX_IRQ_INDEX, eventfds);
}

Outcome<void> Device::clear_msix() const {
  return set_eventfds(device_.get(), VFIO_PCI_MSIX_IRQ_INDEX, {});
}

Outcome<void> Device::set_return_request(int eventfd) const {
  const std::array<int, 1> one{eventfd};
  return set_eventfds(device_.get(), VFIO_PCI_REQ_IRQ_INDEX, one);
}

Outcome<void> Device::reset() const {
  if (::ioctl(device_.get(), VFIO_DEVICE_RESET) == 0) return {};
  return failed(errno, "reset a device", "it may be gone, or have no reset of its own");
}

}  // namespace arrakis::vfio
