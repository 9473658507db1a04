#include "control-plane/arrakisctl/tool.h"

#include <algorithm>
#include <cstdint>
#include <iterator>

#include "control-plane/arrakisctl/command.h"
#include "control-plane/arrakisctl/output.h"
#include "control-plane/model/quote.h"

namespace arrakis::ctl {
namespace {

constexpr const char* default_socket = "/run/arrakis/arrakisd.sock";
constexpr double seconds_max = 86'400;

struct GlobalOptions {
  std::string socket = default_socket;
  bool json = false;
  double timeout_s = 10;
};

void add_global_options(CLI::App& root, GlobalOptions& options) {
  root.add_option("--socket", options.socket, "Where arrakisd listens")
      ->capture_default_str()
      ->type_name("PATH")
      ->envname("ARRAKIS_SOCKET");
  root.add_flag("--json", options.json, "Print JSON for programs");
  root.add_option("--timeout", options.timeout_s, "How long to wait for each answer")
      ->capture_default_str()
      ->type_name("SECONDS");
  root.require_subcommand(1);
  root.fallthrough();  // global options may follow the command too
  root.footer(
      "Exit status: 0 ok, 1 other, 2 usage, 3 not found, 4 denied, 5 conflict,\n"
      "  6 doctor found a failure, 7 arrakisd not reachable, 8 timeout\n"
      "Each command has its own --help, with an example.");
}

Commands all_commands(CLI::App& root) {
  Commands commands;
  add_vf_commands(root, commands);
  add_limit_commands(root, commands);
  add_daemon_commands(root, commands);
  add_sight_commands(root, commands);
  add_capture_command(root, commands);
  add_run_command(root, commands);
  add_shell_commands(root, commands);
  return commands;
}

Result<Context> context_of(const GlobalOptions& options, const Command& command,
                           std::vector<std::string> program, const CLI::App& root) {
  if (!(options.timeout_s > 0 && options.timeout_s <= seconds_max))  // nor is it NaN
    return fail(Exit::usage, "a timeout is more than 0 and at most a day",
                "give it in seconds, as in --timeout 10");
  if (!program.empty() && !command.takes_program())
    return fail(Exit::usage, command.name() + " takes nothing after --",
                "see `arrakisctl " + command.name() + " --help`");
  const auto timeout_ns = static_cast<std::int64_t>(options.timeout_s * 1e9);
  return Context{.target = {options.socket, timeout_ns * kj::NANOSECONDS},
                 .json = options.json,
                 .program = std::move(program),
                 .root = &root};
}

Failure failure_of(const CLI::ParseError& error, const CLI::App& root) {
  constexpr std::size_t bytes_max = 160;
  if (const auto rest = root.remaining(); root.get_subcommands().empty() && !rest.empty())
    return {Exit::usage, "there is no command " + control::quote(rest.front()),
            "see `arrakisctl --help`"};
  const std::string what = error.what();
  const auto chosen = root.get_subcommands();
  const std::string command = chosen.empty() ? "" : ' ' + chosen.front()->get_name();
  return {Exit::usage, what.substr(0, bytes_max) + (what.size() > bytes_max ? "..." : ""),
          "see `arrakisctl" + command + " --help`"};
}

Result<int> parse_and_run(std::vector<std::string> arguments, std::vector<std::string> program) {
  CLI::App root{"The control plane of Arrakis: who has which virtual NIC, and what bounds it",
                "arrakisctl"};
  GlobalOptions options;
  add_global_options(root, options);
  const Commands commands = all_commands(root);
  try {
    std::ranges::reverse(arguments);  // the order in which CLI11 takes a vector
    root.parse(std::move(arguments));
  } catch (const CLI::Success& success) {  // --help
    return root.exit(success);
  } catch (const CLI::ParseError& error) {
    return std::unexpected(failure_of(error, root));
  }
  const auto command = std::ranges::find_if(commands, [](const auto& c) { return c->chosen(); });
  const auto context = context_of(options, **command, std::move(program), root);
  if (!context) return std::unexpected(context.error());
  return (*command)->run(*context);
}

Result<int> guarded(std::vector<std::string> arguments, std::vector<std::string> program) {
  try {
    return parse_and_run(std::move(arguments), std::move(program));
  } catch (const kj::Exception& e) {  // an answer whose insides are not Cap'n Proto
    return fail(Exit::other,
                std::string{"arrakisd's answer cannot be read: "} + e.getDescription().cStr(),
                "use arrakisctl and arrakisd of one release");
  } catch (const std::exception& e) {
    return fail(Exit::other, e.what());
  }
}

}  // namespace

int run_tool(std::span<const char* const> arguments) {
  const std::vector<std::string> all(arguments.begin() + (arguments.empty() ? 0 : 1),
                                     arguments.end());
  // What follows "--" belongs to the program, even where it looks like an option of ours.
  const auto mark = std::ranges::find(all, "--");
  const bool has_program = mark != all.end();
  Result<int> status =
      guarded({all.begin(), mark}, {has_program ? std::next(mark) : mark, all.end()});
  if (const auto arrived = finish(); status && !arrived) status = std::unexpected(arrived.error());
  if (status) return *status;
  report(status.error());
  return static_cast<int>(status.error().exit);
}

}  // namespace arrakis::ctl
