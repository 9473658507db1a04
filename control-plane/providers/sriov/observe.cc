// What the machine says of VFs: their settings and counters, what a daemon before this one left
// behind, and news.
#include <algorithm>

#include "control-plane/providers/sriov/sriov_provider.h"

namespace arrakis::control {
namespace {

bool is_ours(const vfio::PciFunction& function) { return function.driver == "vfio-pci"; }

}  // namespace

Outcome<VnicCounters> SriovProvider::counters(const VnicSpec& spec) {
  const auto card = sriov::find_card(*parts_.sysfs, spec.function->physical);
  if (!card) return std::unexpected(card.error());
  const auto link = parts_.links->read(card->netdev);
  if (!link) return std::unexpected(link.error());
  if (spec.function->index >= link->vfs.size()) return VnicCounters{};
  const sriov::VfTraffic& traffic = link->vfs[spec.function->index].traffic;
  return VnicCounters{.received_packets = traffic.received_packets,
                      .received_bytes = traffic.received_bytes,
                      .transmitted_packets = traffic.transmitted_packets,
                      .transmitted_bytes = traffic.transmitted_bytes,
                      .dma_faults = dma_faults_.count(spec.name)};
}

std::vector<std::string> SriovProvider::read_back(const VnicSpec& spec) {
  const auto card = sriov::find_card(*parts_.sysfs, spec.function->physical);
  if (!card) return {card.error().message};
  const auto link = parts_.links->read(card->netdev);
  if (!link) return {link.error().message};
  std::vector<std::string> texts{"card " + card->physical.address.to_string() + " " + card->netdev +
                                 (link->has_carrier ? " with a link" : " without a link")};
  if (spec.function->index < link->vfs.size())
    std::ranges::move(sriov::to_texts(link->vfs[spec.function->index].settings),
                      std::back_inserter(texts));
  return texts;
}

// Every function of the card that nobody alive has, and that is not at rest. One that a driver of
// the kernel's has is not ours, whatever its settings.
void SriovProvider::scrub_leftovers(const std::string& physical, std::span<const VnicSpec> live) {
  const auto card = sriov::find_card(*parts_.sysfs, physical);
  const auto link = card ? parts_.links->read(card->netdev) : std::unexpected(card.error());
  if (!link) return;
  std::uint16_t index = 0;
  for (const vfio::PciAddress address :
       vfio::virtual_functions(*parts_.sysfs, card->physical.address)) {
    const std::uint16_t own = index++;
    const bool is_live = std::ranges::any_of(live, [&](const VnicSpec& spec) {
      return spec.function->physical == physical && spec.function->index == own;
    });
    const auto function = vfio::read_function(*parts_.sysfs, address);
    if (is_live || !function) continue;
    const bool is_set = function->driver.empty() && own < link->vfs.size() &&
                        link->vfs[own].settings != sriov::VfSettings{};
    if (is_ours(*function) || is_set) (void)scrub_function(physical, own);
  }
}

std::vector<std::string> SriovProvider::adopt(std::span<const VnicSpec> live) {
  std::set<std::string> cards = parts_.cards;
  for (const VnicSpec& spec : live) cards.insert(spec.function->physical);
  for (const std::string& physical : cards) scrub_leftovers(physical, live);
  std::vector<std::string> lost;
  for (const VnicSpec& spec : live) {
    remember_carrier(spec.function->physical);
    const auto address = sriov::find_function(*parts_.sysfs, *spec.function);
    const auto function =
        address ? vfio::read_function(*parts_.sysfs, *address) : std::unexpected(address.error());
    if (!function || !is_ours(*function)) lost.push_back(spec.name);
  }
  return lost;
}

void SriovProvider::remember_carrier(const std::string& physical) {
  const auto card = sriov::find_card(*parts_.sysfs, physical);
  const auto link = card ? parts_.links->read(card->netdev) : std::unexpected(card.error());
  if (link) carriers_[physical] = link->has_carrier;
}

std::vector<int> SriovProvider::news_fds() const {
  std::vector<int> fds{news_.fd(), dma_faults_.fd()};
  std::erase(fds, -1);
  return fds;
}

std::vector<VnicNews> SriovProvider::take_news(std::span<const VnicSpec> present) {
  news_.drain();
  std::vector<VnicNews> news = dma_faults_.take(*parts_.sysfs, present);
  std::map<std::string, bool> before;
  before.swap(carriers_);
  for (const VnicSpec& spec : present) {
    if (!spec.function) continue;
    const std::string& physical = spec.function->physical;
    const auto card = sriov::find_card(*parts_.sysfs, physical);
    const auto link = card ? parts_.links->read(card->netdev) : Outcome<sriov::PfLink>{};
    const bool was_there = before.contains(physical);
    if (!card || !link) {
      if (was_there) news.push_back({spec.name, VnicNews::Kind::removed});
      continue;
    }
    carriers_[physical] = link->has_carrier;
    if (was_there && before[physical] != link->has_carrier)
      news.push_back(
          {spec.name, link->has_carrier ? VnicNews::Kind::link_up : VnicNews::Kind::link_down});
  }
  return news;
}

}  // namespace arrakis::control
