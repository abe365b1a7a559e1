// What the machine sets at boot, and whenever somebody runs `sysctl --system`.
#pragma once

#include <filesystem>
#include <vector>

#include "shim/doctor/observation.h"

namespace podwire::doctor {

/// Settings of sysctl.d(5) directories and /etc/sysctl.conf below `root`, in the order of procps: files by
/// name, whichever directory they are in, one of the same name in an earlier directory instead of the others;
/// /etc/sysctl.conf last. Keys with slashes.
[[nodiscard]] std::vector<SysctlSetting> read_sysctl_files(const std::filesystem::path& root = "/");

}  // namespace podwire::doctor
