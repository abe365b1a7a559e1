#include "shim/pod/directory.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/file.h>
#include <sys/mount.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <thread>

#include "libcni/runtime/file.h"
#include "shim/pod/mounts.h"

namespace podwire::pod {
namespace {

namespace fs = std::filesystem;

// State holds capability arguments and DNS; nobody but root has business there.
constexpr mode_t kDirectoryMode = 0700;
constexpr mode_t kStateMode = 0600;
constexpr mode_t kVolumeMode = 0755;
constexpr mode_t kShmMode = 01777;  // as /dev/shm is
constexpr auto kLockLimit = std::chrono::seconds(60);
constexpr auto kLockPause = std::chrono::milliseconds(10);

/// mkdir with a mode that the umask has no say in.
Result<void> make_directory(const fs::path& directory, mode_t mode) {
  if (::mkdir(directory.c_str(), mode) == 0 && ::chmod(directory.c_str(), mode) == 0) return {};
  return fail_errno(Code::kIo, "cannot make " + directory.string(), errno);
}

/// Is the directory behind the descriptor still the one at this path?
bool is_current(const Fd& fd, const fs::path& path) {
  struct stat opened{};
  struct stat named{};
  return ::fstat(fd.get(), &opened) == 0 && ::stat(path.c_str(), &named) == 0 &&
         opened.st_dev == named.st_dev && opened.st_ino == named.st_ino;
}

}  // namespace

bool PodDirectory::exists() const {
  std::error_code unreadable;
  return fs::is_directory(path_, unreadable);
}

Result<void> PodDirectory::create() const {
  TRY(runtime::ensure_directory(path_.parent_path(), kDirectoryMode));
  if (::mkdir(path_.c_str(), kDirectoryMode) != 0) {
    if (errno == EEXIST) {
      return fail(Code::kIo, fmt::format("pod \"{}\" exists already", name_),
                  fmt::format("podwire pod rm {}", name_));
    }
    return fail_errno(Code::kIo, "cannot make " + path_.string(), errno);
  }
  return {};
}

Result<void> PodDirectory::populate() const {
  TRY(make_directory(path_ / "ns", kDirectoryMode));
  TRY(make_directory(volume(), kVolumeMode));
  return make_directory(shm(), kShmMode);
}

Result<Fd> PodDirectory::lock() const {
  const auto deadline = std::chrono::steady_clock::now() + kLockLimit;
  for (;;) {
    Fd fd(::open(path_.c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
    if (!fd && errno == ENOENT) return fail(Code::kUnknownContainer, "no such pod: " + name_);
    if (!fd) return fail_errno(Code::kIo, "cannot open " + path_.string(), errno);
    if (::flock(fd.get(), LOCK_EX | LOCK_NB) == 0) {
      // Who held the lock before us may have removed the pod, and somebody may have made it again.
      if (is_current(fd, path_)) return fd;
      continue;
    }
    if (errno != EWOULDBLOCK && errno != EINTR)
      return fail_errno(Code::kIo, "cannot lock " + path_.string(), errno);
    if (std::chrono::steady_clock::now() >= deadline) {
      return fail(Code::kTryAgainLater,
                  fmt::format("pod \"{}\" is being added or removed: try again later", name_));
    }
    std::this_thread::sleep_for(kLockPause);
  }
}

Result<Pod> PodDirectory::load() const {
  const auto bytes = TRY(runtime::read_file(path_ / "pod.json"));
  if (!bytes && !exists()) return fail(Code::kUnknownContainer, "no such pod: " + name_);
  if (!bytes) return Pod{.name = name_};
  const std::string where = (path_ / "pod.json").string();
  const Json document = TRY(in_context(Json::parse(*bytes), where));
  return in_context(decode_pod(document.view()), where);
}

Result<void> PodDirectory::save(const Pod& pod) const {
  const Json state = TRY(encode_pod(pod));
  return runtime::write_file_atomic(path_ / "pod.json", state.dump(2) + "\n", kStateMode);
}

Result<void> PodDirectory::remove() const {
  for (const char* kind : {"net", "ipc", "uts"}) {
    const fs::path file = ns(kind);
    // More than one mount may lie here; EINVAL is the end of them.
    while (::umount2(file.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0) {
    }
    if (errno != EINVAL && errno != ENOENT && errno != ENOTDIR) {
      return fail_errno(Code::kIo, "cannot unmount " + file.string(), errno);
    }
  }
  const std::vector<std::string> mounted = TRY(mounts_below(path_));
  if (!mounted.empty()) {
    return fail(Code::kIo, fmt::format("something is mounted at {}: unmount it first", mounted.front()));
  }
  std::error_code error;
  fs::remove_all(path_, error);
  if (error) return fail_errno(Code::kIo, "cannot remove " + path_.string(), error.value());
  return {};
}

Result<std::vector<std::string>> list_pods(const fs::path& run_directory) {
  std::vector<std::string> names;
  std::error_code error;
  for (fs::directory_iterator it(run_directory / "pods", error), end; !error && it != end;
       it.increment(error)) {
    names.push_back(it->path().filename().string());
  }
  if (error && error != std::errc::no_such_file_or_directory) {
    return fail_errno(Code::kIo, "cannot list " + (run_directory / "pods").string(), error.value());
  }
  std::ranges::sort(names);
  return names;
}

}  // namespace podwire::pod
