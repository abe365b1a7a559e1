// Making a small file appear under a name with its whole content, or not at all, whenever the writer is
// killed.
#pragma once

#include <sys/stat.h>

#include <cstdint>
#include <string>
#include <string_view>

#include "libcni/base/error.h"

namespace podwire::host_local {

/// Tells a file from a later one of the same name. The time is only ever compared for equality.
struct FileId {
  std::uint64_t inode = 0;
  std::int64_t mtime = 0;  ///< nanoseconds since the epoch
  bool operator==(const FileId&) const = default;
};

[[nodiscard]] std::int64_t nanoseconds(const timespec& time);
[[nodiscard]] FileId file_id(const struct stat& status);

struct Creation {
  enum class Outcome : std::uint8_t {
    kCreated,
    kTaken,        ///< the name exists; nothing was changed
    kUnsupported,  ///< the file system or a missing /proc does not allow it this way
  };
  Outcome outcome = Outcome::kCreated;
  FileId id;  ///< of the file created
};

/// A nameless file that gets its name when it is complete (open(2) O_TMPFILE, linkat(2)). Error: kIo.
[[nodiscard]] Result<Creation> create_by_tmpfile(int directory, const std::string& name,
                                                 std::string_view content);

/// A file of a temporary name that gets its second name when it is complete. The temporary name is fixed: the
/// caller holds the directory's lock. Error: kIo.
[[nodiscard]] Result<Creation> create_by_link(int directory, const std::string& name,
                                              std::string_view content);

/// The first way that works. Mode 0600. Errors do not name the file; the caller does.
[[nodiscard]] Result<Creation> create_complete(int directory, const std::string& name,
                                               std::string_view content);

/// write(2) until all is written. Error: kIo.
[[nodiscard]] Result<void> write_all(int fd, std::string_view content);

}  // namespace podwire::host_local
