#include "plugins/host-local-ipam/lease_files.h"

#include <dirent.h>
#include <fcntl.h>
#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/random.h>
#include <sys/stat.h>
#include <sys/vfs.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <memory>

#include "libcni/base/text.h"

namespace podwire::host_local {
namespace {

constexpr mode_t kDirectoryMode = 0755;
constexpr mode_t kFileMode = 0600;

/// Container IDs have no length limit, file names that carry them do; nothing longer than this is a lease.
constexpr std::size_t kMaxRecord = 4096;

/// File systems that several hosts may write to. linux/magic.h lacks some of them; the others are in the
/// kernel's fs/ceph/super.h, fs/gfs2, fs/ocfs2.
constexpr std::array<std::uint64_t, 9> kSharedFileSystems{
    NFS_SUPER_MAGIC, SMB_SUPER_MAGIC,  CIFS_SUPER_MAGIC, SMB2_SUPER_MAGIC, CEPH_SUPER_MAGIC,
    V9FS_MAGIC,      FUSE_SUPER_MAGIC, 0x01161970,       OCFS2_SUPER_MAGIC};

/// Every missing directory of the path.
Result<void> make_directories(const std::filesystem::path& path) {
  std::filesystem::path prefix;
  for (const auto& element : path) {
    prefix /= element;
    if (::mkdir(prefix.c_str(), kDirectoryMode) == 0 || errno == EEXIST) continue;
    const int error = errno;
    struct stat status{};
    // On a read-only file system mkdir says EROFS for directories that exist, too.
    if (::stat(prefix.c_str(), &status) == 0 && S_ISDIR(status.st_mode)) continue;
    return fail_errno(Code::kIo, fmt::format("cannot create directory {}", prefix.string()), error);
  }
  return {};
}

Result<std::string> read_all(int fd) {
  std::array<char, kMaxRecord> buffer{};
  std::size_t size = 0;
  while (size < buffer.size()) {
    const ssize_t got = ::read(fd, buffer.data() + size, buffer.size() - size);
    if (got < 0 && errno == EINTR) continue;
    if (got < 0) return fail_errno(Code::kIo, "read", errno);
    if (got == 0) break;
    size += static_cast<std::size_t>(got);
  }
  return std::string(trim({buffer.data(), size}));
}

}  // namespace

std::string last_reserved_name(std::size_t set) {
  return fmt::format("last_reserved_ip.{}", set);
}

Result<std::optional<LeaseFiles>> LeaseFiles::open(const std::filesystem::path& path) {
  Fd fd(::open(path.c_str(), O_DIRECTORY | O_RDONLY | O_CLOEXEC));
  if (fd) return LeaseFiles(std::move(fd), path.string());
  if (errno == ENOENT || errno == ENOTDIR) return std::nullopt;
  return fail_errno(Code::kIo, fmt::format("cannot open {}", path.string()), errno);
}

Result<LeaseFiles> LeaseFiles::open_or_create(const std::filesystem::path& path) {
  if (auto files = TRY(open(path))) return std::move(*files);
  TRY(make_directories(path));
  if (auto files = TRY(open(path))) return std::move(*files);
  return fail_errno(Code::kIo, fmt::format("cannot open {}", path.string()), ENOTDIR);
}

bool LeaseFiles::is_local() const {
  struct statfs status{};
  if (::fstatfs(directory(), &status) != 0) return false;
  const auto type = static_cast<std::uint64_t>(status.f_type);
  return std::ranges::find(kSharedFileSystems, type) == kSharedFileSystems.end();
}

Result<std::vector<Ip>> LeaseFiles::list() const {
  // A descriptor of its own: readdir moves the position, and closedir closes.
  const int fd = ::openat(directory(), ".", O_DIRECTORY | O_RDONLY | O_CLOEXEC);
  const std::unique_ptr<DIR, int (*)(DIR*)> stream(fd < 0 ? nullptr : ::fdopendir(fd), ::closedir);
  if (!stream) return fail_errno(Code::kIo, fmt::format("cannot list {}", path_), errno);
  std::vector<Ip> ips;
  for (errno = 0; const dirent* entry = ::readdir(stream.get()); errno = 0) {
    const auto ip = Ip::parse(entry->d_name);
    if (ip && ip->text() == entry->d_name) ips.push_back(*ip);
  }
  if (errno != 0) return fail_errno(Code::kIo, fmt::format("cannot list {}", path_), errno);
  return ips;
}

Result<std::optional<LeaseFile>> LeaseFiles::read(const Ip& ip) const {
  const std::string name = ip.text();
  // O_NONBLOCK: opening a FIFO of that name must not wait for a writer.
  const Fd fd(::openat(directory(), name.c_str(), O_RDONLY | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  if (!fd && errno == ENOENT) return std::nullopt;
  if (!fd && (errno == ELOOP || errno == ENXIO)) return LeaseFile{};  // a symbolic link, a socket
  struct stat status{};
  if (!fd || ::fstat(fd.get(), &status) != 0) {
    return fail_errno(Code::kIo, fmt::format("cannot open {}", name_of(name)), errno);
  }
  if (!S_ISREG(status.st_mode)) return LeaseFile{};
  return LeaseFile{.regular = true,
                   .empty = status.st_size == 0,
                   .id = file_id(status),
                   .record = TRY(in_context(read_all(fd.get()), name_of(name)))};
}

Result<std::optional<FileId>> LeaseFiles::create(const Ip& ip, std::string_view record) const {
  const std::string name = ip.text();
  const Creation creation =
      TRY(in_context(create_complete(directory(), name, record), "cannot create lease " + name_of(name)));
  if (creation.outcome == Creation::Outcome::kTaken) return std::nullopt;
  return creation.id;
}

Result<void> LeaseFiles::remove(const Ip& ip) const {
  const std::string name = ip.text();
  if (::unlinkat(directory(), name.c_str(), 0) == 0 || errno == ENOENT) return {};
  return fail_errno(Code::kIo, fmt::format("cannot remove lease {}", name_of(name)), errno);
}

std::optional<Ip> LeaseFiles::read_last_reserved(std::size_t set) const {
  const Fd fd(::openat(directory(), last_reserved_name(set).c_str(), O_RDONLY | O_CLOEXEC));
  const auto text = fd ? read_all(fd.get()) : Result<std::string>("");
  const auto ip = text ? Ip::parse(*text) : fail(Code::kIo, "");
  return ip ? std::optional(*ip) : std::nullopt;
}

Result<void> LeaseFiles::write_last_reserved(std::size_t set, const Ip& ip) const {
  const std::string name = last_reserved_name(set);
  const auto failure = [&] {
    return fail_errno(Code::kIo, fmt::format("cannot write {}", name_of(name)), errno);
  };
  const Fd fd(::openat(directory(), name.c_str(), O_CREAT | O_WRONLY | O_CLOEXEC, kFileMode));
  if (!fd) return failure();
  const std::string text = ip.text();
  TRY(in_context(write_all(fd.get(), text), "cannot write " + name_of(name)));
  // Cut afterwards, so that a kill in between leaves an address, if a wrong one, and not an empty file.
  if (::ftruncate(fd.get(), static_cast<off_t>(text.size())) != 0) return failure();
  return {};
}

Result<std::int64_t> LeaseFiles::mtime() const {
  struct stat status{};
  if (::fstat(directory(), &status) != 0)
    return fail_errno(Code::kIo, fmt::format("cannot stat {}", path_), errno);
  return nanoseconds(status.st_mtim);
}

Result<std::int64_t> LeaseFiles::stamp() const {
  // The kernel's own times advance in ticks, so a change by another writer within our tick would go unnoticed
  // if we kept the time it gave us.
  constexpr std::uint32_t kNanosecondsPerSecond = 1'000'000'000;
  const auto failure = [&](int error) {
    return fail_errno(Code::kIo, fmt::format("cannot stamp {} (every call reads all leases)", path_), error);
  };
  std::uint32_t random = 0;
  if (::getrandom(&random, sizeof random, GRND_NONBLOCK) != sizeof random) return failure(errno);
  timespec now{};
  ::clock_gettime(CLOCK_REALTIME, &now);
  const std::array<timespec, 2> times{
      timespec{.tv_sec = 0, .tv_nsec = UTIME_OMIT},
      timespec{.tv_sec = now.tv_sec, .tv_nsec = static_cast<long>(random % kNanosecondsPerSecond)}};
  if (::futimens(directory(), times.data()) != 0) return failure(errno);
  // Some file systems keep whole seconds: such a time would prove nothing.
  const std::int64_t kept = TRY(mtime());
  if (kept != nanoseconds(times[1])) return failure(EOPNOTSUPP);
  return kept;
}

}  // namespace podwire::host_local
