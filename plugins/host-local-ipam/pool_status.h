// Whether an ADD would find an address now, looked at from outside: no lock is waited for, nothing is
// written.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "libcni/base/error.h"
#include "plugins/host-local-ipam/boot_id.h"
#include "plugins/host-local-ipam/range.h"

namespace podwire::host_local {

/// Errors (kNotAvailable): `no IP addresses available in range set: S` for the first set that has none, since
/// an ADD needs one of each; `cannot keep leases in D: ...` when a lease could not be written. Leases that an
/// ADD would drop first (of an earlier boot, empty files) count as free, else a node whose pool was full when
/// it went down would never become ready.
[[nodiscard]] Result<void> check_pool(const std::filesystem::path& directory,
                                      const std::vector<RangeSet>& sets,
                                      const std::string& boot_id_path = kBootIdPath);

}  // namespace podwire::host_local
