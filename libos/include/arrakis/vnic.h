// vnic.h: a virtual network interface card that the control plane gave to this application.
#pragma once

#include <cstdint>
#include <memory>
#include <span>
#include <string>
#include <vector>

#include "arrakis/queue.h"
#include "base/address.h"

namespace arrakis {

class Vnic {
 public:
  Vnic(Vnic&&) noexcept;
  Vnic& operator=(Vnic&&) noexcept;
  ~Vnic();

  const std::string& name() const noexcept { return name_; }          // "vf0"
  const std::string& provider() const noexcept { return provider_; }  // "xdp", "wire", "sriov"
  const MacAddress& mac() const noexcept { return mac_; }
  std::uint16_t mtu_bytes() const noexcept { return mtu_bytes_; }
  std::span<const IpPrefix> addresses() const noexcept { return addresses_; }

  std::span<Queue> queues() noexcept { return queues_; }
  Queue& queue(std::size_t index = 0) noexcept { return queues_[index]; }

 private:
  friend class VnicBuilder;
  Vnic();

  struct Port;  // what all queues are of, where that is one device
  std::string name_;
  std::string provider_;
  MacAddress mac_;
  std::uint16_t mtu_bytes_ = 0;
  std::vector<IpPrefix> addresses_;
  std::unique_ptr<Port> port_;
  std::vector<Queue> queues_;  // go first
};

}  // namespace arrakis
