// command.h: a verb of arrakisctl: its options, and what it does.
#pragma once

#include <CLI/CLI.hpp>
#include <memory>
#include <string>
#include <vector>

#include "control-plane/arrakisctl/admin.h"
#include "control-plane/arrakisctl/connection.h"
#include "control-plane/arrakisctl/result.h"

namespace arrakis::ctl {

struct Context {
  Target target;
  bool json = false;
  std::vector<std::string> program;  // what followed "--"
  const CLI::App* root = nullptr;
};

class Command {
 public:
  struct Text {
    std::string name;
    std::string what;     // one line
    std::string example;  // one line that works as it stands
  };

  Command(CLI::App& root, const Text& text)
      : cli_{*root.add_subcommand(text.name, text.what)}, name_{text.name} {
    cli_.footer("Example:\n  " + text.example);
  }
  Command(const Command&) = delete;
  virtual ~Command() = default;

  bool chosen() const { return cli_.parsed(); }
  const std::string& name() const { return name_; }
  virtual bool takes_program() const { return false; }  // "-- PROGRAM ARGUMENTS..."

  // An exit status; an error has been reported by nobody yet.
  virtual Result<int> run(const Context& context) = 0;

 protected:
  CLI::App& cli() { return cli_; }

 private:
  CLI::App& cli_;
  const std::string name_;
};

using Commands = std::vector<std::unique_ptr<Command>>;

// A connection and the administrator's side of it, for the time of `use(admin)`.
template <class Use>
auto with_admin(const Context& context, Use use) -> decltype(use(std::declval<Admin&>())) {
  auto connection = Connection::open(context.target);
  if (!connection) return std::unexpected(std::move(connection).error());
  auto admin = Admin::of(**connection);
  if (!admin) return std::unexpected(std::move(admin).error());
  return use(*admin);
}

void add_vf_commands(CLI::App& root, Commands& commands);      // assign-vf ... show-vf
void add_limit_commands(CLI::App& root, Commands& commands);   // set-rate, add-filter, list-filters
void add_daemon_commands(CLI::App& root, Commands& commands);  // list-apps, status, doctor
void add_sight_commands(CLI::App& root, Commands& commands);   // ss, stats
void add_capture_command(CLI::App& root, Commands& commands);
void add_run_command(CLI::App& root, Commands& commands);
void add_shell_commands(CLI::App& root, Commands& commands);  // completion, version

}  // namespace arrakis::ctl
