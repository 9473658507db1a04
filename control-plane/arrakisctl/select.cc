#include "control-plane/arrakisctl/select.h"

#include <algorithm>
#include <iterator>

#include "control-plane/model/quote.h"

namespace arrakis::ctl {

Result<std::vector<VfRecord>> select(std::span<const VfRecord> vfs, std::string_view name) {
  for (const VfRecord& vf : vfs)
    if (vf.vnic.name == name) return std::vector{vf};
  std::vector<VfRecord> of_app;
  std::ranges::copy_if(vfs, std::back_inserter(of_app),
                       [&](const VfRecord& vf) { return vf.vnic.app == name; });
  if (!of_app.empty()) return of_app;
  return fail(Exit::not_found,
              "no VF and no application with a VF is called " + control::quote(name),
              "see `arrakisctl list-vfs`");
}

Result<VfRecord> select_one(std::span<const VfRecord> vfs, std::string_view name) {
  auto selected = select(vfs, name);
  if (!selected) return std::unexpected(std::move(selected).error());
  if (selected->size() == 1) return std::move(selected->front());
  std::string names;
  for (const VfRecord& vf : *selected) names += ' ' + vf.vnic.name;
  return fail(Exit::conflict, control::quote(name) + " has several VFs:" + names,
              "name one of them");
}

}  // namespace arrakis::ctl
