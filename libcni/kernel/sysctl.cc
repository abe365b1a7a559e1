#include "libcni/kernel/sysctl.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "libcni/base/text.h"

namespace podwire::kernel {
namespace {

/// A key's file: where openat() finds it, and what messages call it.
struct File {
  int folder = AT_FDCWD;
  std::string path;
  std::string key;
};

File file_of(std::string_view key) {
  return {.path = fmt::format("/proc/sys/{}", key), .key = std::string(key)};
}

Result<std::string> read_value(const File& file, int fd) {
  std::array<char, 256> buffer;
  const ssize_t size = ::pread(fd, buffer.data(), buffer.size(), 0);
  if (size < 0) return fail_errno(Code::kKernel, fmt::format("cannot read sysctl {}", file.key), errno);
  return std::string(trim(std::string_view(buffer.data(), static_cast<std::size_t>(size))));
}

Result<std::optional<std::string>> read(const File& file) {
  const Fd fd(::openat(file.folder, file.path.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd && errno == ENOENT) return std::nullopt;
  if (!fd) return fail_errno(Code::kKernel, fmt::format("cannot read sysctl {}", file.key), errno);
  return TRY(read_value(file, fd.get()));
}

std::unexpected<Error> cannot_set(const File& file, std::string_view value, int error_number) {
  return fail_errno(Code::kKernel, fmt::format("cannot set sysctl {} = {}", file.key, value), error_number);
}

std::unexpected<Error> does_not_exist(const File& file) {
  return fail(Code::kKernel, fmt::format("sysctl {} does not exist", file.key));
}

Result<void> ensure(const File& file, std::string_view value, bool optional) {
  const Fd fd(::openat(file.folder, file.path.c_str(), O_RDWR | O_CLOEXEC));
  const int refusal = fd ? 0 : errno;
  const auto current = fd ? Result<std::optional<std::string>>(TRY(read_value(file, fd.get()))) : read(file);
  if (!current) return std::unexpected(current.error());
  if (!*current) {
    if (optional) return {};
    return does_not_exist(file);
  }
  if (**current == value) return {};
  if (!fd) return cannot_set(file, value, refusal);
  // At position 0: elsewhere the kernel refuses or ignores the write (sysctl_writes_strict).
  if (::pwrite(fd.get(), value.data(), value.size(), 0) != static_cast<ssize_t>(value.size())) {
    return cannot_set(file, value, errno);
  }
  return {};
}

}  // namespace

Result<SysctlFolder> SysctlFolder::open(std::string_view folder) {
  Fd fd(::open(file_of(folder).path.c_str(), O_PATH | O_DIRECTORY | O_CLOEXEC));
  if (!fd && errno != ENOENT) {
    return fail_errno(Code::kKernel, fmt::format("cannot open sysctl folder {}", folder), errno);
  }
  return SysctlFolder(std::string(folder), std::move(fd));
}

Result<std::optional<std::string>> SysctlFolder::read(std::string_view name) const {
  if (!fd_) return std::nullopt;
  return kernel::read(
      {.folder = fd_.get(), .path = std::string(name), .key = fmt::format("{}/{}", folder_, name)});
}

Result<void> SysctlFolder::ensure(std::string_view name, std::string_view value, bool optional) const {
  const File file{.folder = fd_.get(), .path = std::string(name), .key = fmt::format("{}/{}", folder_, name)};
  if (fd_) return kernel::ensure(file, value, optional);
  if (optional) return {};
  return does_not_exist(file);
}

Result<std::optional<std::string>> read_sysctl(std::string_view key) {
  return read(file_of(key));
}

Result<void> ensure_sysctl(std::string_view key, std::string_view value, bool optional) {
  return ensure(file_of(key), value, optional);
}

}  // namespace podwire::kernel
