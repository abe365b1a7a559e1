// Manual pages, generated from the command line's own tree: the words are those of --help.
#pragma once

#include <string>
#include <vector>

#include "shim/command_tree.h"

namespace podwire::shim {

/// "podwire-pod-add"
[[nodiscard]] std::string man_name(const CommandTree& command);

/// The page of one command (man(7), section 1). `root` is the tree it belongs to, for the references.
[[nodiscard]] std::string man_page(const CommandTree& command, const CommandTree& root);

}  // namespace podwire::shim
