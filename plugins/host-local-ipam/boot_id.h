// Which boot of the machine this is.
#pragma once

#include <string>

namespace podwire::host_local {

inline constexpr const char* kBootIdPath = "/proc/sys/kernel/random/boot_id";

/// The boot id in a file of the kernel's format; "" when it cannot be read, which callers take for "unknown".
[[nodiscard]] std::string read_boot_id(const std::string& path);

}  // namespace podwire::host_local
