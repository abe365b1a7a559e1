// Shell completion, generated from the command line's own tree: sub-commands, options, and for values what
// their kind (Values) says: names of pods, files, directories, network lists, programs.
#pragma once

#include <string>

#include "shim/command_tree.h"

namespace podwire::shim {

/// A script for bash 4.3 and later.
[[nodiscard]] std::string bash_completion(const CommandTree& root);

/// A script for zsh, with descriptions. It works as a file `_podwire` of $fpath, and by `source`.
[[nodiscard]] std::string zsh_completion(const CommandTree& root);

}  // namespace podwire::shim
