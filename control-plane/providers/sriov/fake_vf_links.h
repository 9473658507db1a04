// fake_vf_links.h: for tests: a PF's driver that keeps settings, and refuses or ignores as told.
#pragma once

#include <optional>
#include <set>
#include <utility>

#include "control-plane/providers/sriov/vf_links.h"

namespace arrakis::control::sriov {

class FakeVfLinks final : public VfLinks {
 public:
  PfLink link{.mac = {{0x52, 0x54, 0, 0, 0, 1}}, .is_up = false, .has_carrier = true, .vfs = {}};
  std::optional<Attribute> refused;  // is an error
  std::optional<Attribute> ignored;  // succeeds, and changes nothing
  std::vector<Attribute> changes;    // in their order
  std::string netdev = "ens1f0";

  Outcome<PfLink> read(const std::string& name) override {
    if (name == netdev) return link;
    return fail(Error::Code::not_found, "no netdev " + name);
  }
  Outcome<void> bring_up(const std::string& name) override {
    link.is_up = true;
    return read(name) ? Outcome<void>{} : fail(Error::Code::not_found, "no netdev " + name);
  }
  Outcome<void> change(const std::string&, std::uint16_t vf, Attribute attribute,
                       const VfSettings& to) override {
    if (refused == attribute) return fail(Error::Code::unavailable, "refused", "do without");
    changes.push_back(attribute);
    if (ignored == attribute) return {};
    VfSettings& settings = link.vfs.at(vf).settings;
    switch (attribute) {
      case Attribute::mac: settings.mac = to.mac; break;
      case Attribute::vlan: settings.vlan = to.vlan; break;
      case Attribute::spoof_check: settings.spoof_check = to.spoof_check; break;
      case Attribute::trust: settings.trust = to.trust; break;
      case Attribute::rate: settings.rate_mbps = to.rate_mbps; break;
    }
    return {};
  }
};

}  // namespace arrakis::control::sriov
