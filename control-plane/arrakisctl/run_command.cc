// run: a program with a VF of its own, for as long as it runs.
#include <cstdlib>
#include <filesystem>
#include <optional>
#include <string>

#include "control-plane/arrakisctl/assign_options.h"
#include "control-plane/arrakisctl/command.h"
#include "control-plane/arrakisctl/launch.h"
#include "control-plane/arrakisctl/output.h"
#include "control-plane/arrakisctl/select.h"
#include "control-plane/model/quote.h"

namespace arrakis::ctl {
namespace {

using VfName = std::string;

// Whether the failure leaves open what the daemon did.
bool is_uncertain(const Failure& failure) {
  return failure.exit == Exit::timeout || failure.exit == Exit::unreachable;
}

// The VF that was made for the application; nothing when it had one.
Result<std::optional<VfName>> assign_if_none(const Context& context,
                                             const control::AssignRequest& request,
                                             bool describes) {
  return with_admin(context, [&](Admin& admin) -> Result<std::optional<VfName>> {
    const auto vfs = admin.list_vfs();
    if (!vfs) return std::unexpected(vfs.error());
    for (const VfRecord& vf : *vfs) {
      if (vf.vnic.app != request.app) continue;
      if (!describes) return std::nullopt;
      return fail(Exit::conflict, request.app + " has " + vf.vnic.name + " already",
                  "leave out the options that describe a VF, or release it with `arrakisctl "
                  "release-vf " +
                      vf.vnic.name + '`');
    }
    const auto vf = admin.assign(request, DryRun::no);
    if (vf) return vf->vnic.name;
    if (is_uncertain(vf.error())) (void)admin.release(request.app, DryRun::no);
    return std::unexpected(vf.error());
  });
}

Result<void> release(const Context& context, const VfName& name) {
  return with_admin(context, [&](Admin& admin) -> Result<void> {
    const auto vf = admin.release(name, DryRun::no);
    if (vf || vf.error().exit == Exit::not_found) return {};  // gone is what was asked for
    return std::unexpected(vf.error());
  });
}

// Sockets for programs that know nothing of Arrakis: installed beside this tool, or built with it.
// Empty: neither.
std::string posix_library() {
  std::error_code error;
  const auto folder = std::filesystem::read_symlink("/proc/self/exe", error).parent_path();
  for (const char* place : {ARRAKIS_LIBRARIES "/libarrakis-posix.so",
                            "../../libos/posix/preload/libarrakis-posix.so"}) {
    const auto library = folder / place;
    if (std::filesystem::exists(library, error))
      return std::filesystem::weakly_canonical(library, error).string();
  }
  return {};
}

// What is preloaded already stays, behind it.
std::string preloaded_with(const std::string& library) {
  const char* others = std::getenv("LD_PRELOAD");
  return others != nullptr && *others != '\0' ? library + ':' + others : library;
}

class Run final : public Command {
 public:
  explicit Run(CLI::App& root)
      : Command{root,
                {"run",
                 "Run the program after -- with a VF, without privileges; then release the VF",
                 "arrakisctl run --app udp_echo --user nobody --filter \"rx udp port 7\" -- "
                 "udp_echo 7"}},
        options_{cli()} {
    cli()
        .add_option("--user", user_, "Run it as this user (default: as the caller)")
        ->type_name("USER");
    cli().add_flag("--native", native_,
                   "The program speaks to Arrakis itself: leave its sockets to Linux");
  }

  bool takes_program() const override { return true; }

  Result<int> run(const Context& context) override {
    if (context.program.empty())
      return fail(Exit::usage, "there is no program to run",
                  "write it after --, as in: arrakisctl run --app udp_echo -- udp_echo 7");
    const auto request = options_.request();
    if (!request) return std::unexpected(request.error());
    Program program{.arguments = context.program,
                    .environment = {{"ARRAKIS_APP", request->app},
                                    {"ARRAKIS_SOCKET",
                                     std::filesystem::absolute(context.target.socket).string()}}};
    if (const std::string library = posix_library(); !native_ && !library.empty())
      program.environment.emplace_back("LD_PRELOAD", preloaded_with(library));
    if (!user_.empty()) {
      auto user = find_user(user_);
      if (!user) return std::unexpected(std::move(user).error());
      program.user = *std::move(user);
    }
    return run_with_vf(context, *request, program);
  }

 private:
  Result<int> run_with_vf(const Context& context, const control::AssignRequest& request,
                          const Program& program) {
    // From here on nothing but SIGKILL comes between assigning and releasing.
    Signals signals;
    const auto made = assign_if_none(context, request, options_.describes());
    if (!made) return std::unexpected(made.error());
    const auto interrupted = signals.take_pending();
    Result<int> status = interrupted ? 128 + *interrupted : launch(program, signals);
    if (!*made) return status;
    const auto released = release(context, **made);
    if (released) return status;
    if (!status || *status != 0) {  // what the program said matters more
      report(released.error());
      return status;
    }
    return std::unexpected(released.error());
  }

  AssignOptions options_;
  std::string user_;
  bool native_ = false;
};

}  // namespace

void add_run_command(CLI::App& root, Commands& commands) {
  commands.push_back(std::make_unique<Run>(root));
}

}  // namespace arrakis::ctl
