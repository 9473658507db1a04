// completion, version.
#include <fmt/format.h>

#include "control-plane/arrakisctl/command.h"
#include "control-plane/arrakisctl/completion.h"
#include "control-plane/arrakisctl/json.h"
#include "control-plane/arrakisctl/output.h"
#include "control-plane/model/quote.h"

namespace arrakis::ctl {
namespace {

class Completion final : public Command {
 public:
  explicit Completion(CLI::App& root)
      : Command{root,
                {"completion", "A script that completes commands in your shell",
                 "source <(arrakisctl completion bash)"}} {
    cli().add_option("shell", shell_, "Which shell")->type_name("bash|zsh|fish")->required();
  }

  Result<int> run(const Context& context) override {
    const CommandTree tree = tree_of(*context.root);
    if (shell_ == "bash")
      print(bash_completion(tree));
    else if (shell_ == "zsh")
      print(zsh_completion(tree));
    else if (shell_ == "fish")
      print(fish_completion(tree));
    else
      return fail(Exit::usage, "no completion is known for " + control::quote(shell_),
                  "say bash, zsh or fish");
    return 0;
  }

 private:
  std::string shell_;
};

class Version final : public Command {
 public:
  explicit Version(CLI::App& root)
      : Command{root,
                {"version", "The release of arrakisctl, and the protocol it speaks",
                 "arrakisctl version"}} {}

  Result<int> run(const Context& context) override {
    const Json version{{"release", ARRAKIS_VERSION}, {"protocol", protocol::VERSION}};
    print(context.json ? render(document("Version", version))
                       : fmt::format("arrakisctl {}, protocol {}\n", ARRAKIS_VERSION,
                                     static_cast<unsigned>(protocol::VERSION)));
    return 0;
  }
};

}  // namespace

void add_shell_commands(CLI::App& root, Commands& commands) {
  commands.push_back(std::make_unique<Completion>(root));
  commands.push_back(std::make_unique<Version>(root));
}

}  // namespace arrakis::ctl
