#include "plugins/host-local-ipam/file_create.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <cerrno>

#include "libcni/base/fd.h"

namespace podwire::host_local {
namespace {

constexpr mode_t kFileMode = 0600;
/// Not the name of an address: neither implementation takes a left-over for a lease.
constexpr const char* kTemporaryName = ".podwire-lease.new";

/// What open(2) returns where O_TMPFILE is unknown to the file system (EOPNOTSUPP) or to the kernel (EISDIR,
/// EINVAL).
bool is_unsupported(int error) {
  return error == EOPNOTSUPP || error == EISDIR || error == EINVAL;
}

Result<FileId> fill(const Fd& fd, std::string_view content) {
  TRY(write_all(fd.get(), content));
  struct stat status{};
  if (::fstat(fd.get(), &status) != 0) return fail_errno(Code::kIo, "fstat", errno);
  return file_id(status);
}

}  // namespace

std::int64_t nanoseconds(const timespec& time) {
  return time.tv_sec * 1'000'000'000 + time.tv_nsec;
}

FileId file_id(const struct stat& status) {
  return {.inode = status.st_ino, .mtime = nanoseconds(status.st_mtim)};
}

Result<void> write_all(int fd, std::string_view content) {
  while (!content.empty()) {
    const ssize_t written = ::write(fd, content.data(), content.size());
    if (written < 0 && errno == EINTR) continue;
    if (written < 0) return fail_errno(Code::kIo, "write", errno);
    content.remove_prefix(static_cast<std::size_t>(written));
  }
  return {};
}

Result<Creation> create_by_tmpfile(int directory, const std::string& name, std::string_view content) {
  const Fd fd(::openat(directory, ".", O_TMPFILE | O_WRONLY | O_CLOEXEC, kFileMode));
  if (!fd && is_unsupported(errno)) return Creation{.outcome = Creation::Outcome::kUnsupported};
  if (!fd) return fail_errno(Code::kIo, "open", errno);
  const FileId id = TRY(fill(fd, content));
  // AT_EMPTY_PATH instead of the detour through /proc would need CAP_DAC_READ_SEARCH.
  const std::string self = fmt::format("/proc/self/fd/{}", fd.get());
  if (::linkat(AT_FDCWD, self.c_str(), directory, name.c_str(), AT_SYMLINK_FOLLOW) == 0)
    return Creation{.id = id};
  if (errno == EEXIST) return Creation{.outcome = Creation::Outcome::kTaken};
  if (errno == ENOENT || is_unsupported(errno)) return Creation{.outcome = Creation::Outcome::kUnsupported};
  return fail_errno(Code::kIo, "link", errno);
}

Result<Creation> create_by_link(int directory, const std::string& name, std::string_view content) {
  // A left-over of a writer that was killed: we hold the lock, so nobody is using it.
  if (::unlinkat(directory, kTemporaryName, 0) != 0 && errno != ENOENT) {
    return fail_errno(Code::kIo, "unlink", errno);
  }
  const Fd fd(::openat(directory, kTemporaryName, O_CREAT | O_EXCL | O_WRONLY | O_CLOEXEC, kFileMode));
  if (!fd) return fail_errno(Code::kIo, "open", errno);
  const auto id = fill(fd, content);
  const bool linked = id && ::linkat(directory, kTemporaryName, directory, name.c_str(), 0) == 0;
  const int link_error = errno;
  ::unlinkat(directory, kTemporaryName, 0);  // if it stays, the next writer removes it
  if (!id) return std::unexpected(id.error());
  if (linked) return Creation{.id = *id};
  if (link_error == EEXIST) return Creation{.outcome = Creation::Outcome::kTaken};
  return fail_errno(Code::kIo, "link", link_error);
}

Result<Creation> create_complete(int directory, const std::string& name, std::string_view content) {
  const Creation creation = TRY(create_by_tmpfile(directory, name, content));
  if (creation.outcome != Creation::Outcome::kUnsupported) return creation;
  return create_by_link(directory, name, content);
}

}  // namespace podwire::host_local
