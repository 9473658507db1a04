#include "control-plane/providers/sriov/sriov_provider.h"

#include <fmt/format.h>

#include <chrono>
#include <thread>

#include "control-plane/providers/sriov/bounds.h"
#include "control-plane/providers/sriov/hand_over.h"
#include "vfio/driver_binding.h"
#include "vfio/iommu_group.h"

namespace arrakis::control {

using sriov::VfSettings;

namespace {

constexpr const char* vfio_driver = "vfio-pci";
constexpr std::uint64_t mega = 1'000'000;
// A process that holds the function is asked for it by the kernel, and has so long to let go.
constexpr Duration let_go_time = Duration::seconds(3);

VfSettings settings_of(const VnicSpec& spec) {
  return {.mac = spec.mac,
          .vlan = spec.function->vlan,
          .rate_mbps = static_cast<std::uint32_t>(spec.rate.bits_per_second / mega)};
}

}  // namespace

Outcome<void> SriovProvider::reserve(const VnicSpec& spec) {
  if (auto possible = check(spec); !possible) return std::unexpected(possible.error());
  const auto card = sriov::find_card(*parts_.sysfs, spec.function->physical);
  if (!card) return std::unexpected(card.error());
  const auto before = parts_.links->read(card->netdev);
  if (!before) return std::unexpected(before.error());
  // A PF that is down answers none of its VFs.
  if (auto up = parts_.links->bring_up(card->netdev); !up) return up;
  step("sriov.up");
  if (card->physical.sriov->enabled_vfs == 0) {
    if (auto made = vfio::set_virtual_functions(*parts_.sysfs, card->physical.address,
                                                spec.function->count);
        !made)
      return made;
    step("sriov.vfs");
    wait_for_link(card->netdev, *before);
  }
  return check_function(*spec.function);
}

// Making VFs restarts many a card, and until its link is back its driver refuses rates. Once in the
// life of a card, and nobody drives a VF of it yet.
void SriovProvider::wait_for_link(const std::string& netdev, const sriov::PfLink& before) {
  constexpr auto pause = std::chrono::milliseconds{50};
  constexpr int tries = 100;
  if (!before.has_carrier) return;
  for (int i = 0; i < tries; ++i) {
    const auto link = parts_.links->read(netdev);
    if (!link || link->has_carrier) return;
    std::this_thread::sleep_for(pause);
  }
}

Outcome<void> SriovProvider::create(VnicSpec& spec) {
  if (auto reserved = reserve(spec); !reserved) return reserved;
  if (!is_at_rest(*spec.function))
    if (auto clean = scrub(spec); !clean) return clean;  // what an earlier life left behind
  auto made = make(spec);
  if (!made) (void)scrub(spec);
  return made;
}

// Only root has met it since it was reset; and VFIO resets it once more for whoever opens it.
bool SriovProvider::is_at_rest(const VirtualFunction& function) const {
  const auto address = sriov::find_function(*parts_.sysfs, function);
  if (!address || !at_rest_.contains(*address)) return false;
  const auto found = vfio::read_function(*parts_.sysfs, *address);
  return found && found->driver.empty();
}

Outcome<void> SriovProvider::make(const VnicSpec& spec) {
  const VirtualFunction& function = *spec.function;
  const auto card = sriov::find_card(*parts_.sysfs, function.physical);
  if (!card) return std::unexpected(card.error());
  // The MAC stands before any driver asks for it.
  if (auto put = sriov::put_settings(*parts_.links, card->netdev, function.index, settings_of(spec),
                                     parts_.step);
      !put)
    return put;
  const auto address = sriov::find_function(*parts_.sysfs, function);
  if (!address) return std::unexpected(address.error());
  at_rest_.erase(*address);
  const auto bound = vfio::bind_driver(*parts_.sysfs, *address, vfio_driver);
  if (!bound) return std::unexpected(bound.error());
  step("sriov.bound");
  remember_carrier(function.physical);
  dma_faults_.forget(spec.name);
  const auto group = vfio::iommu_group_of(*parts_.sysfs, *address);
  if (!group) return std::unexpected(group.error());
  return vfio::check_viable(*group);
}

Outcome<void> SriovProvider::admit(const VnicSpec& spec, const Holder& holder) {
  const auto address = sriov::find_function(*parts_.sysfs, *spec.function);
  if (!address) return std::unexpected(address.error());
  const auto group = vfio::iommu_group_of(*parts_.sysfs, *address);
  if (!group) return std::unexpected(group.error());
  if (auto allowed = sriov::allow_locked_memory(holder.pid, parts_.locked_bytes); !allowed)
    return allowed;
  step("sriov.memlock");
  const std::string node = parts_.sysfs->vfio_group(group->id);
  if (auto given = sriov::give_node(node, holder.uid); !given) return given;
  step("sriov.node");
  return {};
}

Outcome<QueueGrant> SriovProvider::open(const VnicSpec& spec, std::uint16_t index) {
  const auto address = sriov::find_function(*parts_.sysfs, *spec.function);
  if (!address) return std::unexpected(address.error());
  return QueueGrant{SriovQueueGrant{
      .function = address->to_string(), .index = index, .locked_bytes = parts_.locked_bytes}};
}

Outcome<void> SriovProvider::scrub(const VnicSpec& spec) noexcept {
  if (!spec.function) return {};
  auto scrubbed = scrub_function(spec.function->physical, spec.function->index);
  if (!scrubbed) scrubbed.error().message = spec.name + ": " + scrubbed.error().message;
  return scrubbed;
}

// Nobody new can open it; who holds it lets go; then nothing of him may be left, in the function or
// in the card.
Outcome<void> SriovProvider::scrub_function(const std::string& physical, std::uint16_t index) {
  vfio::Sysfs& sysfs = *parts_.sysfs;
  const auto card = sriov::find_card(sysfs, physical);
  if (!card) return {};  // unplugged, and its functions with it
  const auto all = vfio::virtual_functions(sysfs, card->physical.address);
  if (index >= all.size()) return {};
  const vfio::PciAddress function = all[index];
  if (auto returned = return_node(function); !returned) return returned;
  step("sriov.closed");
  if (auto unbound = vfio::restore_driver(sysfs, function, {}, let_go_time); !unbound)
    return fail(
        Error::Code::conflict,
        fmt::format("{} is not given back: {}", function.to_string(), unbound.error().message),
        "end the process that holds it, then repeat");
  step("sriov.unbound");
  if (auto reset = vfio::reset_function(sysfs, function); !reset) return reset;
  step("sriov.reset");
  auto rest = sriov::put_settings(*parts_.links, card->netdev, index, {}, parts_.step);
  if (!rest) return rest;
  at_rest_.insert(function);
  step("sriov.rested");
  return {};
}

Outcome<void> SriovProvider::return_node(vfio::PciAddress function) {
  const auto found = vfio::read_function(*parts_.sysfs, function);
  if (!found) return std::unexpected(found.error());
  if (!found->iommu_group) return {};
  const std::string node = parts_.sysfs->vfio_group(*found->iommu_group);
  return vfio::exists(node) ? sriov::give_node(node, 0) : Outcome<void>{};
}

Outcome<void> SriovProvider::set_rate(const VnicSpec& spec, Rate rate) {
  VnicSpec changed = spec;
  changed.rate = rate;
  if (auto possible = sriov::check_rate(changed); !possible) return possible;
  const auto card = sriov::find_card(*parts_.sysfs, spec.function->physical);
  if (!card) return std::unexpected(card.error());
  return sriov::put_settings(*parts_.links, card->netdev, spec.function->index,
                             settings_of(changed), parts_.step);
}

Outcome<void> SriovProvider::set_filters(const VnicSpec& spec, std::span<const Filter> filters) {
  VnicSpec changed = spec;
  changed.filters.assign(filters.begin(), filters.end());
  return sriov::check_filters(changed);
}

std::string SriovProvider::device(const VnicSpec& spec) const {
  if (!spec.function) return {};
  const auto address = sriov::find_function(*parts_.sysfs, *spec.function);
  return address ? address->to_string()
                 : fmt::format("{} vf {}", spec.function->physical, spec.function->index);
}

}  // namespace arrakis::control
