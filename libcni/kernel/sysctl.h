// Network sysctls of the calling thread's network namespace, as files below /proc/sys.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "libcni/base/error.h"

namespace podwire::kernel {

/// `key` with slashes: "net/ipv4/conf/eth0/arp_notify". Nothing when the key does not exist. kKernel
/// otherwise.
[[nodiscard]] Result<std::optional<std::string>> read_sysctl(std::string_view key);
/// Writes unless the value is there already, because /proc/sys may be read-only (user namespaces). A key that
/// does not exist is an error, unless `optional`.
[[nodiscard]] Result<void> ensure_sysctl(std::string_view key, std::string_view value, bool optional = false);

}  // namespace podwire::kernel
