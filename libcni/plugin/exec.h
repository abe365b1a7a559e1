// Running a CNI executable: find it in CNI_PATH, give it an environment and standard input, read what it printed.
#pragma once

#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libcni/base/error.h"
#include "libcni/base/json.h"

namespace podwire::plugin {

/// First regular file (symlinks followed) named `type` in the directories. DLG-1. Errors: kDelegate,
/// `no plugin name provided`, `invalid plugin name: x`, `no paths provided`,
/// `failed to find plugin "x" in path [a b]`.
[[nodiscard]] Result<std::string> find_in_path(std::string_view type, const std::vector<std::string>& path);

using EnvironmentOverrides = std::vector<std::pair<std::string, std::string>>;

/// Runs the executable to its end. Its environment is ours with `overrides` replaced; its stderr is ours
/// (DLG-4); it gets SIGKILL if we die (PR_SET_PDEATHSIG). EPIPE on its stdin is not an error (ENV-14).
/// ETXTBSY is retried for up to 5 s (ERR-8).
/// Returns stdout of a successful run. A failure becomes the CNI error that the executable printed, code and
/// all (ERR-6), or, when it printed none: kDelegate, `netplugin failed with no error message: exit status N`
/// or `netplugin failed but error parsing its diagnostic message "...": ...` (ERR-4).
[[nodiscard]] Result<std::string> exec_plugin(const std::string& executable, const EnvironmentOverrides& overrides,
                                              std::string_view standard_input);

}  // namespace podwire::plugin
