// Building an index from the files of a directory; on the way, what is no longer a lease is left out.
#pragma once

#include <functional>
#include <string_view>
#include <vector>

#include "libcni/base/error.h"
#include "plugins/host-local-ipam/lease_files.h"
#include "plugins/host-local-ipam/lease_index.h"

namespace podwire::host_local {

struct RebuildPolicy {
  /// Index of an earlier boot, or null. A lease that it knows and whose file is still the same (address,
  /// inode, time stamp, content) belonged to a container that died with that boot.
  const LeaseIndex* earlier_boot = nullptr;
  /// GC: whether a file with this record stays. Empty: all stay.
  std::function<bool(std::string_view record)> keep;
  /// Whether files left out are removed (the lock is held), or only not counted (a look from outside).
  bool remove = true;
};

struct Rebuilt {
  LeaseIndex index;
  /// Files that could not be read or removed. Their addresses count as used, so nothing depends on these but
  /// what is told to the user.
  std::vector<Error> errors;
};

/// Reads every file named like an address. Left out are: empty files (their writer died), leases of an
/// earlier boot, and what `keep` refuses. Whatever else bears such a name keeps its address used. Error: kIo,
/// if the directory cannot be listed.
[[nodiscard]] Result<Rebuilt> rebuild(const LeaseFiles& files, std::string_view boot_id,
                                      const RebuildPolicy& policy);

/// An index of the addresses that have an entry of their name, made without opening one. It knows no leases.
[[nodiscard]] Result<LeaseIndex> index_names(const LeaseFiles& files);

}  // namespace podwire::host_local
