// sriov_provider.h: a VNIC that is a virtual function (VF) of a network card, driven by its
// application through VFIO and the IOMMU. What bounds it is the card itself.
//
// The card's physical function stays with its kernel driver, which keeps MAC, VLAN, spoof check and
// rate of each VF. The VF goes to vfio-pci, its group's node in /dev/vfio to the application's
// user. A VF at rest has no driver, no MAC and no VLAN; its group belongs to root. The VFs
// themselves stay when nobody uses them: to make or take away one of them takes away all.
//
// The group is never opened here: only one process can, and that is the application.
#pragma once

#include <map>
#include <memory>
#include <set>

#include "control-plane/providers/provider.h"
#include "control-plane/providers/sriov/card.h"
#include "control-plane/providers/sriov/dma_faults.h"
#include "control-plane/providers/sriov/link_news.h"
#include "control-plane/providers/sriov/put_settings.h"
#include "control-plane/providers/sriov/vf_links.h"

namespace arrakis::control {

class SriovProvider final : public Provider {
 public:
  struct Parts {
    std::unique_ptr<vfio::Sysfs> sysfs;
    std::unique_ptr<sriov::VfLinks> links;
    std::set<std::string> cards;  // that are ours by policy: what is left behind there is removed
    sriov::Step step = [](std::string_view) {};
    // What a process may lock: DMA memory is pinned, and VFIO charges all of it to the process.
    // Packets of some ten queues.
    std::uint64_t locked_bytes = 512u << 20;
  };
  explicit SriovProvider(Parts parts) : parts_{std::move(parts)} {}

  std::string_view name() const override { return "sriov"; }
  std::vector<Finding> diagnose() override;
  Outcome<std::vector<std::string>> check(const VnicSpec& spec) override;
  Outcome<void> reserve(const VnicSpec& spec) override;
  Outcome<void> create(VnicSpec& spec) override;
  Outcome<void> admit(const VnicSpec& spec, const Holder& holder) override;
  Outcome<QueueGrant> open(const VnicSpec& spec, std::uint16_t index) override;
  void destroy(const VnicSpec& spec) noexcept override { (void)scrub(spec); }
  Outcome<void> scrub(const VnicSpec& spec) noexcept override;
  Outcome<void> set_rate(const VnicSpec& spec, Rate rate) override;
  Outcome<void> set_filters(const VnicSpec& spec, std::span<const Filter> filters) override;
  Outcome<VnicCounters> counters(const VnicSpec& spec) override;
  std::vector<std::string> read_back(const VnicSpec& spec) override;
  std::string device(const VnicSpec& spec) const override;
  std::vector<std::string> adopt(std::span<const VnicSpec> live) override;
  std::vector<int> news_fds() const override;
  std::vector<VnicNews> take_news(std::span<const VnicSpec> present) override;

 private:
  Outcome<void> check_card(const VnicSpec& spec);
  Outcome<void> check_mac(const VnicSpec& spec, const sriov::Card& card);
  Outcome<void> check_function(const VirtualFunction& function);
  Outcome<void> make(const VnicSpec& spec);
  Outcome<void> scrub_function(const std::string& physical, std::uint16_t index);
  bool is_at_rest(const VirtualFunction& function) const;
  Outcome<void> return_node(vfio::PciAddress function);
  void scrub_leftovers(const std::string& physical, std::span<const VnicSpec> live);
  void wait_for_link(const std::string& netdev, const sriov::PfLink& before);
  void remember_carrier(const std::string& physical);
  void step(std::string_view name) { parts_.step(name); }

  Parts parts_;
  sriov::LinkNews news_ = sriov::LinkNews::listen();
  sriov::DmaFaults dma_faults_{*parts_.sysfs};
  std::map<std::string, bool> carriers_;  // last seen, by card
  std::set<vfio::PciAddress> at_rest_;    // scrubbed by us, and given to nobody since
};

}  // namespace arrakis::control
