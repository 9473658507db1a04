// completion.h: completion scripts for shells, made from the tree of commands and options itself.
//
// Values are completed by the type that an option names: VF and APP by asking arrakisctl, PATH,
// USER and NETDEV by asking the machine, "xdp|wire" by its own words, any other not at all.
#pragma once

#include <CLI/CLI.hpp>
#include <string>
#include <vector>

namespace arrakis::ctl {

struct CommandTree {
  struct Option {
    std::string name;  // "--rate"
    std::string what;
    std::string type;  // "RATE"; empty: a flag
  };
  std::string name, what;
  std::vector<Option> options;
  std::vector<std::string> positionals;  // types, in their order
  std::vector<CommandTree> commands;
};

CommandTree tree_of(const CLI::App& app);

std::string bash_completion(const CommandTree& tree);
std::string zsh_completion(const CommandTree& tree);
std::string fish_completion(const CommandTree& tree);

}  // namespace arrakis::ctl
