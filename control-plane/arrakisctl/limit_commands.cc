// set-rate, add-filter, list-filters.
#include <fmt/format.h>

#include "control-plane/arrakisctl/change.h"
#include "control-plane/arrakisctl/command.h"
#include "control-plane/arrakisctl/json.h"
#include "control-plane/arrakisctl/output.h"
#include "control-plane/arrakisctl/present.h"
#include "control-plane/arrakisctl/select.h"

namespace arrakis::ctl {
namespace {

class SetRate final : public Command {
 public:
  explicit SetRate(CLI::App& root)
      : Command{root, {"set-rate", "What a VF may send a second", "arrakisctl set-rate vf0 100M"}},
        dry_run_{cli()} {
    cli().add_option("vf", vf_, "Its name")->type_name("VF")->required();
    cli()
        .add_option("rate", rate_, "Bits a second: 100M, 2.5G, none")
        ->type_name("RATE")
        ->required();
  }

  Result<int> run(const Context& context) override {
    const auto rate = control::parse_rate(rate_);
    if (!rate) return std::unexpected(rate.error());
    if (const auto valid = control::validate_vf_name(vf_); !valid)
      return std::unexpected(valid.error());
    return with_admin(context, [&](Admin& admin) -> Result<int> {
      const auto vf = admin.set_rate(vf_, *rate, dry_run_.asked());
      if (!vf) return std::unexpected(vf.error());
      return dry_run_.print(
          context, *vf, fmt::format("rate of {} is {}", vf->vnic.name, to_string(vf->vnic.rate)));
    });
  }

 private:
  std::string vf_, rate_;
  DryRunOption dry_run_;
};

class AddFilter final : public Command {
 public:
  explicit AddFilter(CLI::App& root)
      : Command{root,
                {"add-filter", "Let a VF receive or send more",
                 "arrakisctl add-filter vf0 \"rx udp port 7\""}},
        dry_run_{cli()} {
    cli().add_option("vf", vf_, "Its name")->type_name("VF")->required();
    cli()
        .add_option("filter", words_,
                    "(rx|tx) (ip|udp|tcp) [port N[-M]] [peer CIDR] [peer-port N[-M]]")
        ->type_name("FILTER")
        ->required();
  }

  Result<int> run(const Context& context) override {
    const auto filter = control::parse_filter(fmt::format("{}", fmt::join(words_, " ")));
    if (!filter) return std::unexpected(filter.error());
    if (const auto valid = control::validate_vf_name(vf_); !valid)
      return std::unexpected(valid.error());
    return with_admin(context, [&](Admin& admin) -> Result<int> {
      const auto vf = admin.add_filter(vf_, *filter, dry_run_.asked());
      if (!vf) return std::unexpected(vf.error());
      return dry_run_.print(context, *vf,
                            fmt::format("added \"{}\" to {}", to_string(*filter), vf->vnic.name));
    });
  }

 private:
  std::string vf_;
  std::vector<std::string> words_;  // one quoted filter, or its words as they come
  DryRunOption dry_run_;
};

class ListFilters final : public Command {
 public:
  explicit ListFilters(CLI::App& root)
      : Command{
            root,
            {"list-filters", "The filters of one VF, or of all", "arrakisctl list-filters vf0"}} {
    cli().add_option("vf", vf_, "Name of a VF or of an application")->type_name("VF|APP");
  }

  Result<int> run(const Context& context) override {
    if (const auto valid = control::validate_vf_name(vf_); !vf_.empty() && !valid)
      return std::unexpected(valid.error());
    return with_admin(context, [&](Admin& admin) -> Result<int> {
      auto vfs = admin.list_vfs();
      if (vfs && !vf_.empty()) vfs = select(*vfs, vf_);
      if (!vfs) return std::unexpected(vfs.error());
      show(context, *vfs);
      return 0;
    });
  }

 private:
  static void show(const Context& context, std::span<const VfRecord> vfs) {
    const Table table = filter_table(vfs);
    if (context.json)
      print(render(list_document("Filter", filter_items(vfs))));
    else if (table.rows.empty())
      note("no filter is set: what the VF's own addresses allow is allowed");
    else
      print(render(table));
  }

  static Json filter_items(std::span<const VfRecord> vfs) {
    Json items = Json::array();
    for (const VfRecord& vf : vfs)
      for (const control::Filter& filter : vf.vnic.filters) {
        Json item{{"vf", vf.vnic.name}, {"app", vf.vnic.app}};
        item.update(to_json(filter));
        items.push_back(std::move(item));
      }
    return items;
  }

  std::string vf_;
};

}  // namespace

void add_limit_commands(CLI::App& root, Commands& commands) {
  commands.push_back(std::make_unique<SetRate>(root));
  commands.push_back(std::make_unique<AddFilter>(root));
  commands.push_back(std::make_unique<ListFilters>(root));
}

}  // namespace arrakis::ctl
