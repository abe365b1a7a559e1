// Small files read and written whole.
#pragma once

#include <sys/types.h>

#include <filesystem>
#include <optional>
#include <string>
#include <string_view>

#include "libcni/base/error.h"

namespace podwire::runtime {

/// The bytes of a file; nothing when it does not exist. Error: kIo.
[[nodiscard]] Result<std::optional<std::string>> read_file(const std::filesystem::path& file);

/// Replaces a file with temp + rename: a reader sees the old or the new text, never a part. Does not survive
/// a power failure, nor need it: what these files describe does not either. The directory exists. Error: kIo.
[[nodiscard]] Result<void> write_file_atomic(const std::filesystem::path& file, std::string_view bytes,
                                             mode_t mode);

/// Removes a file; one that is gone is fine. Error: kIo.
[[nodiscard]] Result<void> remove_file(const std::filesystem::path& file);

/// Makes the directory and its parents; an existing one is left as it is. Error: kIo.
[[nodiscard]] Result<void> ensure_directory(const std::filesystem::path& directory, mode_t mode);

}  // namespace podwire::runtime
