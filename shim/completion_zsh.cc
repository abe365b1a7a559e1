#include <fmt/format.h>

#include <algorithm>

#include "libcni/base/text.h"
#include "shim/completion.h"

namespace podwire::shim {
namespace {

/// Inside '...' and behind a backslash where _arguments and _describe give a character a meaning.
std::string escaped(std::string_view text, std::string_view special) {
  std::string out;
  for (const char c : text) {
    if (c == '\'') {
      out += R"('\'')";
      continue;
    }
    if (special.contains(c)) out += '\\';
    out += c;
  }
  return out;
}

/// "podwire pod add" -> "_podwire_pod_add"
std::string function_name(const CommandTree& command) {
  std::string name = "_" + command.path;
  std::ranges::replace_if(
      name, [](char c) { return c == ' ' || c == '-'; }, '_');
  return name;
}

std::string action_of(const Argument& argument) {
  switch (argument.values) {
    case Values::kFiles:
      return "_files";
    case Values::kDirectories:
      return "_files -/";
    case Values::kNetworks:
      return R"x(_files -g "*.(conflist|conf|json)(-.)")x";
    case Values::kPods:
      return "_podwire_pods";
    case Values::kPrograms:
      return "_podwire_program";
    case Values::kTopics:
      return "_podwire_topics";
    case Values::kChoices:
      return "(" + join(argument.choices, " ") + ")";
    case Values::kText:
      break;
  }
  return " ";
}

std::string exclusions(const Argument& option) {
  if (option.ends_parsing) return "(- *)";
  std::vector<std::string> excluded = option.excludes;
  if (!option.repeatable && option.names.size() > 1) {
    excluded.insert(excluded.begin(), option.names.begin(), option.names.end());
  }
  return excluded.empty() ? "" : "(" + join(excluded, " ") + ")";
}

/// One line of _arguments: '(-q --quiet)'{-q,--quiet}'[Print names only]'
std::string option_spec(const Argument& option) {
  std::vector<std::string> names = option.names;
  for (std::string& name : names) {
    // "=" lets the value stand in the same word too.
    if (option.takes_value() && name.starts_with("--")) name += '=';
  }
  std::string spec = fmt::format("'{}{}", exclusions(option), option.repeatable ? "*" : "");
  spec += names.size() == 1 ? names.front() : "'{" + join(names, ",") + "}'";
  spec += fmt::format("[{}]", escaped(option.description, "[]\\"));
  if (option.takes_value()) {
    spec += fmt::format(":{}:{}", escaped(option.metavar, ":\\"), escaped(action_of(option), ""));
  }
  return spec + "'";
}

std::string positional_spec(const Argument& positional, std::size_t index) {
  const std::string message = escaped(positional.metavar, ":\\");
  const std::string action = escaped(action_of(positional), "");
  // From a program on, the words are its own command line.
  if (positional.values == Values::kPrograms) {
    return fmt::format("'*::{}: {} {}'", message, action, index);
  }
  const std::string place = positional.repeatable ? "*" : std::to_string(index + 1);
  return fmt::format("'{}:{}:{}'", place, message, action);
}

std::string leaf_function(const CommandTree& command) {
  std::vector<std::string> specs;
  for (const Argument& option : command.options) specs.push_back(option_spec(option));
  for (std::size_t i = 0; i < command.positionals.size(); ++i) {
    specs.push_back(positional_spec(command.positionals[i], i));
  }
  return fmt::format("{}() {{\n  _arguments -s -S \\\n    {}\n}}\n\n", function_name(command),
                     join(specs, " \\\n    "));
}

std::string group_function(const CommandTree& command) {
  std::string options;
  for (const Argument& option : command.options) options += fmt::format("    {} \\\n", option_spec(option));
  std::string commands;
  std::string branches;
  for (const CommandTree& child : command.subcommands) {
    commands += fmt::format("        '{}:{}'\n", child.name(), escaped(child.description, ":\\"));
    branches += fmt::format("        {}) {} && ret=0 ;;\n", child.name(), function_name(child));
  }
  return fmt::format(R"zsh({}() {{
  local curcontext=$curcontext state line ret=1
  local -A opt_args
  local -a subcommands
  _arguments -C \
{}    '1: :->command' '*:: :->arguments' && ret=0
  case $state in
    command)
      subcommands=(
{}      )
      _describe -t commands '{} command' subcommands && ret=0 ;;
    arguments)
      curcontext=${{curcontext%:*:*}}:{}-$line[1]:
      case $line[1] in
{}      esac ;;
  esac
  return ret
}}

)zsh",
                     function_name(command), options, commands, command.path, command.name(), branches);
}

/// The words of a command of podwire, for `podwire man pod add`: a case branch per group.
std::string topics_function(const CommandTree& root) {
  std::string branches;
  for (const CommandTree* command : all_commands(root)) {
    if (command->subcommands.empty()) continue;
    branches += fmt::format("    '{}') topics=(\n", command->path);
    for (const CommandTree& child : command->subcommands) {
      branches += fmt::format("      '{}:{}'\n", child.name(), escaped(child.description, ":\\"));
    }
    branches += "    ) ;;\n";
  }
  return fmt::format(R"zsh(_podwire_topics() {{
  local -a topics
  case "podwire${{line:+ $line}}" in
{}  esac
  _describe -t topics 'podwire command' topics
}}

)zsh",
                     branches);
}

constexpr std::string_view kHead = R"zsh(#compdef podwire
# zsh completion for podwire; put it in force with: source <(podwire completion zsh)

_podwire_pods() {
  local -a pods
  pods=(${(f)"$(podwire pod ls --quiet 2>/dev/null)"})
  _describe -t pods 'pod' pods -F line
}

# The command line of another program, behind so many arguments of our own and perhaps "--".
_podwire_program() {
  local ours=$1
  [[ $words[ours+1] == -- ]] && ((CURRENT > ours + 1)) && ((ours++))
  shift $ours words
  ((CURRENT -= ours))
  _normal
}

)zsh";

constexpr std::string_view kTail = R"zsh(if [[ ${funcstack[1]} == _podwire ]]; then
  _podwire "$@"
else
  compdef _podwire podwire
fi
)zsh";

}  // namespace

std::string zsh_completion(const CommandTree& root) {
  std::string script(kHead);
  script += topics_function(root);
  for (const CommandTree* command : all_commands(root)) {
    script += command->subcommands.empty() ? leaf_function(*command) : group_function(*command);
  }
  return script += kTail;
}

}  // namespace podwire::shim
