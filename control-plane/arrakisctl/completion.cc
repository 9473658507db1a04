#include "control-plane/arrakisctl/completion.h"

#include <fmt/format.h>

#include <algorithm>

namespace arrakis::ctl {
namespace {

constexpr const char* list_vfs =
    "arrakisctl --timeout 2 list-vfs 2>/dev/null | awk 'NR > 1 {print $1}'";
constexpr const char* list_apps =
    "arrakisctl --timeout 2 list-apps 2>/dev/null | awk 'NR > 1 {print $1}'";
constexpr const char* list_netdevs = "ls /sys/class/net";

// A line of shell that prints the values of a type; empty: none are known.
std::string values_of(const std::string& type) {
  if (type == "VF") return list_vfs;
  if (type == "APP") return list_apps;
  if (type == "VF|APP") return fmt::format("{}; {}", list_vfs, list_apps);
  if (type == "NETDEV") return list_netdevs;
  if (type == "USER") return "cut -d: -f1 /etc/passwd";
  if (type.find('|') == std::string::npos) return "";
  std::string words = type;
  std::ranges::replace(words, '|', ' ');
  return "printf '%s\\n' " + words;
}

std::string replaced(std::string text, std::string_view old, std::string_view with) {
  for (auto at = text.find(old); at != std::string::npos; at = text.find(old, at + with.size()))
    text.replace(at, old.size(), with);
  return text;
}

std::string single_quoted(const std::string& text) {
  return '\'' + replaced(text, "'", "'\\''") + '\'';
}

std::string option_words(const CommandTree& command) {
  std::string words;
  for (const auto& option : command.options) words += option.name + ' ';
  return words;
}

// "--socket|--timeout"
std::string options_with_value(const CommandTree& command) {
  std::string pattern;
  for (const auto& option : command.options)
    if (!option.type.empty()) pattern += (pattern.empty() ? "" : "|") + option.name;
  return pattern;
}

// The lines of `case $command:$previous in` for one command.
std::string bash_values(const CommandTree& command, const std::string& pattern) {
  std::string lines, without;
  for (const auto& option : command.options) {
    if (option.type.empty()) continue;
    const std::string values =
        option.type == "PATH" ? "compgen -f -- \"$current\"" : values_of(option.type);
    if (values.empty())
      without += fmt::format("{}{}:{}", without.empty() ? "" : "|", pattern, option.name);
    else
      lines += fmt::format("    {}:{}) values=$({}) ;;\n", pattern, option.name, values);
  }
  return without.empty() ? lines : lines + fmt::format("    {}) ;;\n", without);
}

std::string bash_words(const CommandTree& command, const CommandTree& root) {
  const std::string values =
      command.positionals.empty() ? "" : values_of(command.positionals.front());
  return fmt::format("    {}) values=\"{}{}{}\" ;;\n", command.name, option_words(command),
                     option_words(root), values.empty() ? "" : "$(" + values + ")");
}

std::string zsh_text(const std::string& text) {
  std::string escaped = replaced(text, "\\", "\\\\");
  for (const char* special : {"[", "]", ":", "`"})
    escaped = replaced(escaped, special, std::string{"\\"} + special);
  return replaced(escaped, "'", "'\\''");
}

std::string zsh_action(const std::string& type) {
  if (type == "PATH") return "_files";
  const std::string values = values_of(type);
  return values.empty() ? " " : "{compadd -- $(" + replaced(values, "'", "'\\''") + ")}";
}

std::string zsh_option(const CommandTree::Option& option) {
  const std::string value =
      option.type.empty() ? "" : fmt::format(":{}:{}", option.type, zsh_action(option.type));
  return fmt::format("'*{}[{}]{}'", option.name, zsh_text(option.what), value);
}

std::string zsh_arguments(const CommandTree& command, const CommandTree& root) {
  std::string text = fmt::format("        {}) _arguments", command.name);
  for (const auto* part : {&command, &root})
    for (const auto& option : part->options) text += " \\\n          " + zsh_option(option);
  for (const std::string& type : command.positionals)
    text += fmt::format(" \\\n          ':{}:{}'", type, zsh_action(type));
  return text + " ;;\n";
}

std::string fish_option(const std::string& condition, const CommandTree::Option& option) {
  std::string line =
      fmt::format("complete -c arrakisctl -n {} -l {} -d {}", single_quoted(condition),
                  option.name.substr(2), single_quoted(option.what));
  if (option.type.empty()) return line + '\n';
  if (option.type == "PATH") return line + " -r\n";
  const std::string values = values_of(option.type);
  return line + " -x" + (values.empty() ? "" : " -a " + single_quoted('(' + values + ')')) + '\n';
}

}  // namespace

CommandTree tree_of(const CLI::App& app) {
  CommandTree tree{.name = app.get_name(), .what = app.get_description()};
  for (const CLI::Option* option : app.get_options()) {
    const bool is_flag = option->get_items_expected_max() == 0;
    if (option->get_positional())
      tree.positionals.push_back(option->get_type_name());
    else if (option != app.get_help_ptr() || app.get_parent() == nullptr)  // once is enough
      tree.options.push_back({"--" + option->get_lnames().front(), option->get_description(),
                              is_flag ? "" : option->get_type_name()});
  }
  for (const CLI::App* command : app.get_subcommands([](const CLI::App*) { return true; }))
    tree.commands.push_back(tree_of(*command));
  return tree;
}

std::string bash_completion(const CommandTree& tree) {
  std::string names, values, words;
  for (const CommandTree& command : tree.commands) {
    names += command.name + ' ';
    values += bash_values(command, command.name);
    words += bash_words(command, tree);
  }
  return fmt::format(
      R"(# bash completion of arrakisctl; use it with: source <(arrakisctl completion bash)
_arrakisctl() {{
  local current=${{COMP_WORDS[COMP_CWORD]}} previous=${{COMP_WORDS[COMP_CWORD - 1]}}
  local command= values= i IFS=$' \t\n'
  COMPREPLY=()
  for ((i = 1; i < COMP_CWORD; i++)); do
    case ${{COMP_WORDS[i]}} in
      --) compopt -o default; return ;;
      {}) ((i++)) ;;
      -*) ;;
      *) command=${{COMP_WORDS[i]}}; break ;;
    esac
  done
  case $command:$previous in
{}{}    *) case $command in
    '') values="{}{}" ;;
{}    esac ;;
  esac
  mapfile -t COMPREPLY < <(compgen -W "$values" -- "$current")
}}
complete -F _arrakisctl arrakisctl
)",
      options_with_value(tree), values, bash_values(tree, "*"), names, option_words(tree), words);
}

std::string zsh_completion(const CommandTree& tree) {
  std::string names, options, cases;
  for (const auto& option : tree.options) options += "    " + zsh_option(option) + " \\\n";
  for (const CommandTree& command : tree.commands) {
    names += fmt::format("    '{}:{}'\n", command.name, zsh_text(command.what));
    cases += zsh_arguments(command, tree);
  }
  return fmt::format(R"(#compdef arrakisctl
_arrakisctl() {{
  local curcontext=$curcontext state line
  local -a commands=(
{}  )
  _arguments -C \
{}    '1:command:->command' '*::argument:->argument'
  case $state in
    command) _describe command commands ;;
    argument)
      case $words[1] in
{}      esac ;;
  esac
}}
if [[ $funcstack[1] = _arrakisctl ]]; then _arrakisctl "$@"; else compdef _arrakisctl arrakisctl; fi
)",
                     names, options, cases);
}

std::string fish_completion(const CommandTree& tree) {
  std::string text =
      "# fish completion of arrakisctl; use it with: arrakisctl completion fish | source\n"
      "complete -c arrakisctl -f\n";
  for (const auto& option : tree.options) text += fish_option("true", option);
  for (const CommandTree& command : tree.commands) {
    text += fmt::format("complete -c arrakisctl -n __fish_use_subcommand -a {} -d {}\n",
                        command.name, single_quoted(command.what));
    const std::string seen = "__fish_seen_subcommand_from " + command.name;
    for (const auto& option : command.options) text += fish_option(seen, option);
    for (const std::string& type : command.positionals)
      if (const std::string values = values_of(type); !values.empty())
        text += fmt::format("complete -c arrakisctl -n {} -a {}\n", single_quoted(seen),
                            single_quoted('(' + values + ')'));
  }
  return text;
}

}  // namespace arrakis::ctl
