// The leases of a network, looked at from outside: no lock is taken, nothing is written.
#pragma once

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "libcni/base/error.h"
#include "libcni/base/ip.h"
#include "plugins/host-local-ipam/boot_id.h"
#include "plugins/host-local-ipam/lease_files.h"

namespace podwire::host_local {

struct ListedLease {
  Ip ip;
  Owner owner;             ///< of an old record without an interface name: `ifname` is ""
  std::int64_t mtime = 0;  ///< nanoseconds since the epoch; leases are written once
  /// The next ADD or DEL drops it: an earlier boot's lease, or a file whose writer died.
  bool dropped_next = false;
};

/// In the order of addresses. No directory: no leases. A file that is not a lease (a directory of that name)
/// has no owner. Error: kIo.
[[nodiscard]] Result<std::vector<ListedLease>> list_leases(const std::filesystem::path& directory,
                                                           const std::string& boot_id_path = kBootIdPath);

}  // namespace podwire::host_local
