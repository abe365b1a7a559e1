#include "shim/pod/sandbox_view.h"

#include <fcntl.h>
#include <sched.h>
#include <sys/mount.h>

#include <cerrno>

#include "libcni/base/fd.h"
#include "libcni/runtime/file.h"
#include "shim/pod/mounts.h"

namespace podwire::pod {
namespace {

namespace fs = std::filesystem;

constexpr unsigned long kInert = MS_NOSUID | MS_NODEV | MS_NOEXEC;

Result<void> mount_kind(const char* kind, const fs::path& target, unsigned long flags, const char* options) {
  if (::mount(kind, target.c_str(), kind, flags, options) == 0) return {};
  return fail_errno(Code::kKernel, "cannot mount " + target.string(), errno);
}

/// A directory or file as a mount that is not attached anywhere yet, so that it can be put where something
/// else hides its source.
Result<Fd> detached_copy(const fs::path& source) {
  Fd tree(::open_tree(AT_FDCWD, source.c_str(), OPEN_TREE_CLONE | OPEN_TREE_CLOEXEC));
  if (!tree) return fail_errno(Code::kKernel, "cannot bind " + source.string(), errno);
  return tree;
}

Result<void> attach(const Fd& tree, const fs::path& target) {
  // Symbolic links are followed: /etc/resolv.conf often is one.
  if (::move_mount(tree.get(), "", AT_FDCWD, target.c_str(),
                   MOVE_MOUNT_F_EMPTY_PATH | MOVE_MOUNT_T_SYMLINKS) == 0) {
    return {};
  }
  return fail_errno(Code::kKernel, "cannot mount " + target.string(), errno);
}

bool is_directory(const fs::path& path) {
  std::error_code unreadable;
  return fs::is_directory(path, unreadable);
}

/// Private copies of the host's namespace mounts would keep a removed pod's network alive as long as we live.
/// When a pod is removed right now, the kernel takes our copies along with the files they are mounted on.
Result<void> release_namespaces(const fs::path& run_directory) {
  for (const std::string& point : TRY(mounts_below(run_directory / "pods"))) {
    const bool released = ::umount2(point.c_str(), MNT_DETACH | UMOUNT_NOFOLLOW) == 0;
    const bool gone = !released && (errno == ENOENT || errno == EINVAL);  // no file; not a mount point
    if (!released && !gone) return fail_errno(Code::kKernel, "cannot unmount " + point, errno);
  }
  return {};
}

Result<void> mount_volume(const Fd& volume) {
  const fs::path target = kVolumePath;
  TRY(runtime::ensure_directory(target.parent_path(), 0700));
  TRY(mount_kind("tmpfs", target.parent_path(), kInert, "mode=0755,size=64k"));
  TRY(runtime::ensure_directory(target, 0755));
  return attach(volume, target);
}

}  // namespace

Result<void> lay_out_mounts(const PodDirectory& directory, const fs::path& run_directory) {
  if (::unshare(CLONE_NEWNS) != 0) return fail_errno(Code::kKernel, "cannot make a mount namespace", errno);
  if (::mount(nullptr, "/", nullptr, MS_REC | MS_PRIVATE, nullptr) != 0) {
    return fail_errno(Code::kKernel, "cannot make / private", errno);
  }
  std::error_code unreadable;
  const bool has_dns = fs::exists(directory.resolv_conf(), unreadable);
  const Fd volume = TRY(detached_copy(directory.volume()));
  const Fd shm = TRY(detached_copy(directory.shm()));
  const Fd dns = has_dns ? TRY(detached_copy(directory.resolv_conf())) : Fd();
  TRY(release_namespaces(run_directory));
  TRY(mount_volume(volume));
  if (is_directory("/dev/shm")) TRY(attach(shm, "/dev/shm"));
  if (dns) TRY(attach(dns, "/etc/resolv.conf"));
  TRY(mount_kind("sysfs", "/sys", kInert, nullptr));
  if (is_directory("/dev/mqueue")) TRY(mount_kind("mqueue", "/dev/mqueue", kInert, nullptr));
  return mount_kind("proc", "/proc", kInert, nullptr);
}

}  // namespace podwire::pod
