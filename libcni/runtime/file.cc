#include "libcni/runtime/file.h"

#include <fcntl.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <cstdlib>

#include "libcni/base/fd.h"

namespace podwire::runtime {
namespace {

Result<void> write_all(const Fd& fd, std::string_view bytes) {
  while (!bytes.empty()) {
    const ssize_t wrote = ::write(fd.get(), bytes.data(), bytes.size());
    if (wrote < 0 && errno != EINTR) return fail_errno(Code::kIo, "write", errno);
    if (wrote > 0) bytes.remove_prefix(static_cast<std::size_t>(wrote));
  }
  return {};
}

}  // namespace

Result<std::optional<std::string>> read_file(const std::filesystem::path& file) {
  const Fd fd(::open(file.c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd && (errno == ENOENT || errno == ENOTDIR)) return std::nullopt;
  if (!fd) return fail_errno(Code::kIo, "cannot open " + file.string(), errno);
  auto bytes = read_to_end(fd.get());
  if (!bytes) return fail_errno(Code::kIo, "cannot read " + file.string(), bytes.error());
  return *std::move(bytes);
}

Result<void> write_file_atomic(const std::filesystem::path& file, std::string_view bytes, mode_t mode) {
  std::string temporary = (file.parent_path() / ".podwire-XXXXXX").string();
  const Fd fd(::mkostemp(temporary.data(), O_CLOEXEC));
  if (!fd) return fail_errno(Code::kIo, "cannot create a file beside " + file.string(), errno);
  Result<void> done = write_all(fd, bytes);
  if (done && ::fchmod(fd.get(), mode) != 0) done = fail_errno(Code::kIo, "chmod", errno);
  if (done && ::rename(temporary.c_str(), file.c_str()) != 0) done = fail_errno(Code::kIo, "rename", errno);
  if (!done) ::unlink(temporary.c_str());
  return in_context(std::move(done), "cannot write " + file.string());
}

Result<void> remove_file(const std::filesystem::path& file) {
  if (::unlink(file.c_str()) == 0 || errno == ENOENT || errno == ENOTDIR) return {};
  return fail_errno(Code::kIo, "cannot remove " + file.string(), errno);
}

Result<void> ensure_directory(const std::filesystem::path& directory, mode_t mode) {
  if (::mkdir(directory.c_str(), mode) == 0) return {};
  if (errno == ENOENT && directory.has_parent_path() && directory.parent_path() != directory) {
    TRY(ensure_directory(directory.parent_path(), mode));
    if (::mkdir(directory.c_str(), mode) == 0) return {};
  }
  std::error_code unreadable;
  if (errno == EEXIST && std::filesystem::is_directory(directory, unreadable)) return {};
  return fail_errno(Code::kIo, "cannot make directory " + directory.string(), errno);
}

}  // namespace podwire::runtime
