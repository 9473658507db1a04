// pci_address.h: which PCI function: domain, bus, device, function, as in 0000:3b:02.1.
#pragma once

#include <compare>
#include <cstdint>
#include <optional>
#include <string>
#include <string_view>

namespace arrakis::vfio {

class PciAddress {
 public:
  // "0000:3b:02.1", or "3b:02.1" in domain 0. Nothing but an address that can be.
  static std::optional<PciAddress> parse(std::string_view text);

  // As sysfs writes it.
  std::string to_string() const;

  std::uint32_t domain() const { return domain_; }
  std::uint8_t bus() const { return bus_; }
  std::uint8_t device() const { return device_; }      // 0..31
  std::uint8_t function() const { return function_; }  // 0..7

  friend auto operator<=>(const PciAddress&, const PciAddress&) = default;

 private:
  PciAddress() = default;

  std::uint32_t domain_ = 0;  // above 16 bits behind a VMD
  std::uint8_t bus_ = 0, device_ = 0, function_ = 0;
};

}  // namespace arrakis::vfio
