// An explanation for people and shells, and for programs.
#pragma once

#include <string>

#include "shim/explain/explanation.h"

namespace podwire::shim {

/// A script for sh(1): comments say what each step is for; the first command that fails ends it.
[[nodiscard]] std::string script(const Explanation& explanation);

/// A JSON array of {plugin, step, comment, commands} and a line end. A plugin that podwire does not know has
/// one entry without commands. Notices are not in it.
[[nodiscard]] std::string steps_json(const Explanation& explanation);

}  // namespace podwire::shim
