// Mount points of the calling process's mount namespace.
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "libcni/base/error.h"

namespace podwire::pod {

/// A path in a mountinfo file, where the kernel writes space, tab, newline and backslash as three octal
/// digits.
[[nodiscard]] std::string unescape_mountinfo(std::string_view text);

/// Mount points in the text of /proc/<pid>/mountinfo that lie below the directory (not the directory itself),
/// in the order they were mounted, unescaped.
[[nodiscard]] std::vector<std::string> mount_points_below(std::string_view mountinfo,
                                                          const std::filesystem::path& directory);

/// The same of this process. The directory's symbolic links are resolved first. Error: kIo.
[[nodiscard]] Result<std::vector<std::string>> mounts_below(const std::filesystem::path& directory);

}  // namespace podwire::pod
