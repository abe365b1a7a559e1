// Running a CNI executable: find it in CNI_PATH, give it an environment and standard input, read what it
// printed.
#pragma once

#include <cstdint>
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

/// Where the executable's stderr goes.
enum class Stderr : std::uint8_t {
  kOurs,    ///< it is our stderr: what a plugin does with its delegates (DLG-4)
  kQuoted,  ///< collected: quoted in the error if stdout says nothing about a failure, else passed to ours at
            ///< the end: what a runtime does (ERR-4)
};

/// Runs the executable to its end, which is its exit: a daemon that it leaves behind with our pipes does not
/// hold us up. Its environment is ours with `overrides` replaced; it gets SIGKILL if the calling
/// thread dies (PR_SET_PDEATHSIG). EPIPE on its stdin is not an error (ENV-14) and raises no SIGPIPE. ETXTBSY
/// is retried for up to 5 s (ERR-8). More than 16 MiB on stdout: killed, kDelegate. Returns stdout of a
/// successful run. A failure becomes the CNI error that the executable printed, code and all (ERR-6), or,
/// when it printed none: kDelegate, `netplugin failed with no error message: exit status N`, `netplugin
/// failed: "<stderr>": exit status N` (kQuoted), or `netplugin failed but error parsing its diagnostic
/// message "...": ...` (ERR-4).
[[nodiscard]] Result<std::string> exec_plugin(const std::string& executable,
                                              const EnvironmentOverrides& overrides,
                                              std::string_view standard_input,
                                              Stderr standard_error = Stderr::kOurs);

}  // namespace podwire::plugin
