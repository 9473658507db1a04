#include "control-plane/providers/sriov/put_settings.h"

#include <fmt/format.h>

#include <array>

#include "control-plane/model/rate.h"

namespace arrakis::control::sriov {
namespace {

struct Part {
  Attribute attribute;
  std::string_view step;
  bool (*same)(const VfSettings&, const VfSettings&);
};

constexpr std::array parts{
    Part{Attribute::mac, "sriov.mac", [](const auto& a, const auto& b) { return a.mac == b.mac; }},
    Part{Attribute::vlan, "sriov.vlan",
         [](const auto& a, const auto& b) { return a.vlan == b.vlan; }},
    Part{Attribute::spoof_check, "sriov.spoof_check",
         [](const auto& a, const auto& b) { return a.spoof_check == b.spoof_check; }},
    Part{Attribute::trust, "sriov.trust",
         [](const auto& a, const auto& b) { return a.trust == b.trust; }},
    Part{Attribute::rate, "sriov.rate",
         [](const auto& a, const auto& b) { return a.rate_mbps == b.rate_mbps; }}};

Outcome<VfSettings> read(VfLinks& links, const std::string& netdev, std::uint16_t vf) {
  const auto link = links.read(netdev);
  if (!link) return std::unexpected(link.error());
  if (vf < link->vfs.size()) return link->vfs[vf].settings;
  return fail(Error::Code::not_found,
              fmt::format("VF {} of {} is gone: it has {}", vf, netdev, link->vfs.size()),
              "somebody else changed their number: see sriov_numvfs");
}

}  // namespace

Outcome<void> put_settings(VfLinks& links, const std::string& netdev, std::uint16_t vf,
                           const VfSettings& wanted, const Step& step) {
  const auto before = read(links, netdev, vf);
  if (!before) return std::unexpected(before.error());
  for (const Part& part : parts) {
    if (part.same(*before, wanted)) continue;
    if (auto changed = links.change(netdev, vf, part.attribute, wanted); !changed) return changed;
    step(part.step);
  }
  const auto after = read(links, netdev, vf);
  if (!after) return std::unexpected(after.error());
  if (*after == wanted) return {};
  std::string differences;
  const auto is = to_texts(*after), should = to_texts(wanted);
  for (std::size_t i = 0; i < is.size(); ++i)
    if (is[i] != should[i]) differences += fmt::format("; asked: {}, kept: {}", should[i], is[i]);
  return fail(Error::Code::unavailable,
              fmt::format("VF {} of {} was not set as asked{}", vf, netdev, differences),
              "its driver cannot do that: leave it out, or use another card");
}

std::vector<std::string> to_texts(const VfSettings& settings) {
  constexpr std::uint64_t mega = 1'000'000;
  return {"mac " + settings.mac.to_string(),
          settings.vlan == 0 ? "vlan none" : fmt::format("vlan {}", settings.vlan),
          std::string{"spoof check "} + (settings.spoof_check ? "on" : "off"),
          std::string{"trust "} + (settings.trust ? "on" : "off"),
          "rate " + to_string(Rate{settings.rate_mbps * mega})};
}

}  // namespace arrakis::control::sriov
