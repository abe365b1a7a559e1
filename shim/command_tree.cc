#include "shim/command_tree.h"

#include <algorithm>
#include <array>
#include <string_view>
#include <utility>

#include "libcni/base/text.h"

namespace podwire::shim {
namespace {

constexpr std::array<std::pair<std::string_view, Values>, 5> kMetavars{{{"PATH", Values::kFiles},
                                                                        {"DIR", Values::kDirectories},
                                                                        {"CONFLIST", Values::kNetworks},
                                                                        {"COMMAND", Values::kPrograms},
                                                                        {"SUBCOMMAND", Values::kTopics}}};

std::vector<std::string> names_of(const CLI::Option& option) {
  std::vector<std::string> names;
  for (const std::string& name : option.get_snames()) names.push_back("-" + name);
  for (const std::string& name : option.get_lnames()) names.push_back("--" + name);
  return names;
}

/// CLI11 appends the choices of IsMember to the type: "TEXT:{bash,zsh}".
void split_choices(Argument& argument) {
  constexpr std::string_view kOpening = ":{";
  const auto opening = argument.metavar.find(kOpening);
  if (opening == std::string::npos || !argument.metavar.ends_with('}')) return;
  std::string choices = argument.metavar.substr(opening + kOpening.size());
  choices.pop_back();
  argument.choices = split(choices, ',');
  argument.metavar.resize(opening);
}

Values values_of(const Argument& argument, const CLI::App& command) {
  if (!argument.choices.empty()) return Values::kChoices;
  // `pod add` makes a new pod, so its NAME is not one of the existing.
  const bool positional = argument.names.empty();
  if (positional && argument.metavar == "NAME" && command.get_name() != "add") return Values::kPods;
  const auto known =
      std::ranges::find(kMetavars, argument.metavar, &std::pair<std::string_view, Values>::first);
  return known == kMetavars.end() ? Values::kText : known->second;
}

Argument describe_argument(const CLI::Option& option, const CLI::App& command) {
  Argument argument{
      .names = names_of(option),
      .metavar = option.get_type_size() == 0 ? "" : option.get_type_name(),
      .description = option.get_description(),
      .default_value = option.get_default_str(),
      .required = option.get_required(),
      .repeatable = option.get_items_expected_max() > 1,
      .ends_parsing = &option == command.get_help_ptr() || &option == command.get_version_ptr()};
  split_choices(argument);
  if (argument.names.empty()) argument.metavar = option.get_name(true);
  for (const CLI::Option* other : option.get_excludes()) {
    std::ranges::move(names_of(*other), std::back_inserter(argument.excludes));
  }
  std::ranges::sort(argument.excludes);
  argument.values = values_of(argument, command);
  return argument;
}

CommandTree describe(const CLI::App& command, std::string path) {
  CommandTree tree{
      .path = std::move(path), .description = command.get_description(), .footer = command.get_footer()};
  for (const CLI::Option* option : command.get_options()) {
    (option->nonpositional() ? tree.options : tree.positionals)
        .push_back(describe_argument(*option, command));
  }
  for (const CLI::App* child : command.get_subcommands([](const CLI::App*) { return true; })) {
    tree.subcommands.push_back(describe(*child, tree.path + ' ' + child->get_name()));
  }
  return tree;
}

}  // namespace

std::string CommandTree::name() const {
  return path.substr(path.rfind(' ') + 1);
}

CommandTree describe_command_line(const CLI::App& root) {
  return describe(root, root.get_name());
}

std::vector<const CommandTree*> all_commands(const CommandTree& root) {
  std::vector<const CommandTree*> all{&root};
  for (const CommandTree& child : root.subcommands) {
    std::ranges::copy(all_commands(child), std::back_inserter(all));
  }
  return all;
}

}  // namespace podwire::shim
