// vf_links.h: what a physical function's driver keeps for each of its virtual functions, over
// rtnetlink (IFLA_VFINFO_LIST; linux/if_link.h).
//
// Threads: one.
// Errors:  a refused attribute is named, with what its driver commonly wants.
#pragma once

#include <netlink/netlink.h>

#include <cstdint>
#include <memory>
#include <optional>
#include <string>
#include <vector>

#include "base/address.h"
#include "base/error.h"

namespace arrakis::control::sriov {

// A function at rest has these.
struct VfSettings {
  MacAddress mac;          // zero: none given
  std::uint16_t vlan = 0;  // 0: none
  bool spoof_check = true;
  bool trust = false;
  std::uint32_t rate_mbps = 0;  // megabits a second; 0: no limit

  friend bool operator==(const VfSettings&, const VfSettings&) = default;
};

enum class Attribute : std::uint8_t { mac, vlan, spoof_check, trust, rate };

struct VfTraffic {  // IFLA_VF_STATS; zero where the driver does not count
  std::uint64_t received_packets = 0, received_bytes = 0;
  std::uint64_t transmitted_packets = 0, transmitted_bytes = 0;
};

struct PfLink {
  MacAddress mac;
  bool is_up = false, has_carrier = false;
  struct Vf {
    VfSettings settings;
    VfTraffic traffic;
  };
  std::vector<Vf> vfs;
};

class VfLinks {
 public:
  virtual ~VfLinks() = default;
  virtual Outcome<PfLink> read(const std::string& netdev) = 0;
  virtual Outcome<void> bring_up(const std::string& netdev) = 0;
  // That one attribute of the VF becomes what `to` says.
  virtual Outcome<void> change(const std::string& netdev, std::uint16_t vf, Attribute attribute,
                               const VfSettings& to) = 0;
};

class RtnetlinkVfLinks final : public VfLinks {
 public:
  Outcome<PfLink> read(const std::string& netdev) override;
  Outcome<void> bring_up(const std::string& netdev) override;
  Outcome<void> change(const std::string& netdev, std::uint16_t vf, Attribute attribute,
                       const VfSettings& to) override;

 private:
  Outcome<nl_sock*> socket();

  struct Free {
    void operator()(nl_sock* socket) const { nl_socket_free(socket); }
  };
  std::unique_ptr<nl_sock, Free> socket_;
};

}  // namespace arrakis::control::sriov
