// assign-vf, release-vf, list-vfs, show-vf.
#include <fmt/format.h>

#include "control-plane/arrakisctl/assign_options.h"
#include "control-plane/arrakisctl/change.h"
#include "control-plane/arrakisctl/command.h"
#include "control-plane/arrakisctl/json.h"
#include "control-plane/arrakisctl/output.h"
#include "control-plane/arrakisctl/present.h"
#include "control-plane/arrakisctl/select.h"

namespace arrakis::ctl {
namespace {

class AssignVf final : public Command {
 public:
  explicit AssignVf(CLI::App& root)
      : Command{root,
                {"assign-vf", "Give an application a virtual function of its own",
                 "arrakisctl assign-vf --app udp_echo --rate 100M --filter \"rx udp port 7\""}},
        options_{cli()},
        dry_run_{cli()} {}

  Result<int> run(const Context& context) override {
    const auto request = options_.request();
    if (!request) return std::unexpected(request.error());
    return with_admin(context, [&](Admin& admin) -> Result<int> {
      const auto vf = admin.assign(*request, dry_run_.asked());
      if (!vf) return std::unexpected(vf.error());
      return dry_run_.print(context, *vf,
                            fmt::format("assigned {} to {}", vf->vnic.name, vf->vnic.app));
    });
  }

 private:
  AssignOptions options_;
  DryRunOption dry_run_;
};

class ReleaseVf final : public Command {
 public:
  explicit ReleaseVf(CLI::App& root)
      : Command{root,
                {"release-vf", "Take a virtual function away from its application",
                 "arrakisctl release-vf vf0"}},
        dry_run_{cli()} {
    cli().add_option("vf", vf_, "Its name, or its application's")->type_name("VF|APP")->required();
  }

  Result<int> run(const Context& context) override {
    if (const auto valid = control::validate_vf_name(vf_); !valid)
      return std::unexpected(valid.error());
    return with_admin(context, [&](Admin& admin) -> Result<int> {
      const auto vf = admin.release(vf_, dry_run_.asked());
      if (!vf) return std::unexpected(vf.error());
      return dry_run_.print(context, *vf,
                            fmt::format("released {} of {}", vf->vnic.name, vf->vnic.app));
    });
  }

 private:
  std::string vf_;
  DryRunOption dry_run_;
};

class ListVfs final : public Command {
 public:
  explicit ListVfs(CLI::App& root)
      : Command{root,
                {"list-vfs", "All virtual functions, and whose they are", "arrakisctl list-vfs"}} {}

  Result<int> run(const Context& context) override {
    return with_admin(context, [&](Admin& admin) -> Result<int> {
      const auto vfs = admin.list_vfs();
      if (!vfs) return std::unexpected(vfs.error());
      if (context.json)
        print(render(list_document("Vf", items_of(*vfs))));
      else if (vfs->empty())
        note("no VF is assigned");
      else
        print(render(table_of(*vfs)));
      return 0;
    });
  }
};

class ShowVf final : public Command {
 public:
  explicit ShowVf(CLI::App& root)
      : Command{root,
                {"show-vf", "One virtual function and its counters", "arrakisctl show-vf vf0"}} {
    cli().add_option("vf", vf_, "Its name, or its application's")->type_name("VF|APP")->required();
  }

  Result<int> run(const Context& context) override {
    if (const auto valid = control::validate_vf_name(vf_); !valid)
      return std::unexpected(valid.error());
    return with_admin(context, [&](Admin& admin) -> Result<int> {
      const auto vfs = admin.list_vfs();
      if (!vfs) return std::unexpected(vfs.error());
      const auto vf = select_one(*vfs, vf_);
      if (!vf) return std::unexpected(vf.error());
      if (context.json)
        print(render(document("Vf", to_json(*vf))));
      else
        print(render(description_of(*vf)) + '\n' + render(counters_of(*vf)));
      return 0;
    });
  }

 private:
  std::string vf_;
};

}  // namespace

void add_vf_commands(CLI::App& root, Commands& commands) {
  commands.push_back(std::make_unique<AssignVf>(root));
  commands.push_back(std::make_unique<ReleaseVf>(root));
  commands.push_back(std::make_unique<ListVfs>(root));
  commands.push_back(std::make_unique<ShowVf>(root));
}

}  // namespace arrakis::ctl
