// list-apps, status, doctor.
#include <algorithm>

#include "control-plane/arrakisctl/checks.h"
#include "control-plane/arrakisctl/command.h"
#include "control-plane/arrakisctl/json.h"
#include "control-plane/arrakisctl/output.h"
#include "control-plane/arrakisctl/present.h"

namespace arrakis::ctl {
namespace {

class ListApps final : public Command {
 public:
  explicit ListApps(CLI::App& root)
      : Command{root,
                {"list-apps", "The applications that the policy knows", "arrakisctl list-apps"}} {}

  Result<int> run(const Context& context) override {
    return with_admin(context, [&](Admin& admin) -> Result<int> {
      const auto apps = admin.list_apps();
      if (!apps) return std::unexpected(apps.error());
      if (context.json)
        print(render(list_document("App", items_of(*apps))));
      else if (apps->empty())
        note("the policy knows no application");
      else
        print(render(table_of(*apps)));
      return 0;
    });
  }
};

class ShowStatus final : public Command {
 public:
  explicit ShowStatus(CLI::App& root)
      : Command{root, {"status", "The daemon: release, policy, providers", "arrakisctl status"}} {}

  Result<int> run(const Context& context) override {
    return with_admin(context, [&](Admin& admin) -> Result<int> {
      const auto status = admin.status();
      if (!status) return std::unexpected(status.error());
      print(context.json ? render(document("Status", to_json(*status)))
                         : render(table_of(*status)));
      return 0;
    });
  }
};

// A failure to reach or to use the daemon, as a finding beside the others.
Finding finding_of(const Failure& failure, Finding::Verdict verdict) {
  return {verdict, "arrakisd", failure.error.message, failure.error.remedy};
}

std::vector<Finding> findings_of_daemon(const Context& context) {
  auto connection = Connection::open(context.target);
  if (!connection) return {finding_of(connection.error(), Finding::Verdict::fail)};
  const std::string place = "answers at " + context.target.socket;
  auto admin = Admin::of(**connection);
  if (!admin && admin.error().exit == Exit::denied)
    return {finding_of(admin.error(), Finding::Verdict::warn)};
  auto findings = admin ? admin->doctor() : std::unexpected(admin.error());
  if (!findings) return {finding_of(findings.error(), Finding::Verdict::fail)};
  findings->insert(findings->begin(), {Finding::Verdict::pass, "arrakisd", place, ""});
  return *std::move(findings);
}

class Doctor final : public Command {
 public:
  explicit Doctor(CLI::App& root)
      : Command{root,
                {"doctor", "What is missing, and the line that mends it; needs no daemon",
                 "arrakisctl doctor"}} {}

  Result<int> run(const Context& context) override {
    const std::vector<Finding> findings = merged(judge(look()), findings_of_daemon(context));
    print(context.json ? render(list_document("Finding", items_of(findings)))
                       : report_of(findings, colour_of_stdout()));
    const bool failed = std::ranges::count(findings, Finding::Verdict::fail, &Finding::verdict) > 0;
    return static_cast<int>(failed ? Exit::preflight : Exit::ok);
  }
};

}  // namespace

void add_daemon_commands(CLI::App& root, Commands& commands) {
  commands.push_back(std::make_unique<ListApps>(root));
  commands.push_back(std::make_unique<ShowStatus>(root));
  commands.push_back(std::make_unique<Doctor>(root));
}

}  // namespace arrakis::ctl
