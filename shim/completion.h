// Shell completion, generated from the command line's own tree.
#pragma once

#include <CLI/CLI.hpp>
#include <string>

namespace podwire::shim {

/// A script for bash: sub-commands and options of every command of the tree; names of pods for positionals
/// called NAME of commands that take an existing pod; files otherwise.
[[nodiscard]] std::string bash_completion(const CLI::App& root);

}  // namespace podwire::shim
