// change.h: --dry-run, and how a change is shown: what was done, or what would be.
#pragma once

#include <CLI/CLI.hpp>
#include <string_view>

#include "control-plane/arrakisctl/admin.h"
#include "control-plane/arrakisctl/command.h"

namespace arrakis::ctl {

class DryRunOption {
 public:
  explicit DryRunOption(CLI::App& cli) {
    cli.add_flag("--dry-run", asked_, "Say what would be done, and change nothing");
  }
  DryRunOption(const DryRunOption&) = delete;

  DryRun asked() const { return asked_ ? DryRun::yes : DryRun::no; }

  // The changed VF as the command's output; `done` is the line of one that was really changed.
  // Returns the exit status.
  int print(const Context& context, const VfRecord& vf, std::string_view done) const;

 private:
  bool asked_ = false;
};

}  // namespace arrakis::ctl
