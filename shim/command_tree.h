// The command line as a value: what --help says, for the generators of completion scripts and manual pages.
#pragma once

#include <CLI/CLI.hpp>
#include <cstdint>
#include <string>
#include <vector>

namespace podwire::shim {

/// What stands for a value, and so what a shell may offer in its place.
enum class Values : std::uint8_t {
  kText,         ///< anything; nothing to offer
  kFiles,        ///< PATH
  kDirectories,  ///< DIR
  kNetworks,     ///< CONFLIST: files .conflist, .conf, .json
  kPods,         ///< NAME of a pod that exists
  kPrograms,     ///< COMMAND: a program and its arguments
  kTopics,       ///< SUBCOMMAND: the words of a command of podwire
  kChoices,      ///< one of Argument::choices
};

/// An option, a flag or a positional argument.
struct Argument {
  std::vector<std::string> names;  ///< "-q", "--quiet"; none for a positional
  std::string metavar;             ///< "DIR"; "" for a flag
  std::string description;
  std::string default_value;
  bool required = false;
  bool repeatable = false;
  bool ends_parsing = false;          ///< --help and --version: nothing else counts beside them
  std::vector<std::string> excludes;  ///< names of options that cannot stand beside it
  Values values = Values::kText;
  std::vector<std::string> choices;

  [[nodiscard]] bool takes_value() const { return !metavar.empty(); }
};

struct CommandTree {
  std::string path;  ///< "podwire pod add"
  std::string description;
  std::string footer;
  std::vector<Argument> options;
  std::vector<Argument> positionals;
  std::vector<CommandTree> subcommands;

  [[nodiscard]] std::string name() const;  ///< the last word of the path
};

[[nodiscard]] CommandTree describe_command_line(const CLI::App& root);

/// The command and all below it, parents first. The pointers live as long as the tree.
[[nodiscard]] std::vector<const CommandTree*> all_commands(const CommandTree& root);

}  // namespace podwire::shim
