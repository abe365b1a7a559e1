#include "libcni/kernel/netns.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <linux/nsfs.h>
#include <sched.h>
#include <sys/ioctl.h>
#include <sys/stat.h>

#include <cerrno>
#include <cstdlib>

namespace podwire::kernel {

Result<Netns> Netns::open(const std::string& path) {
  Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  const std::string what = fmt::format("failed to open netns {:?}", path);
  if (!fd) return fail_errno(Code::kInvalidNetns, what, errno);
  const int type = ::ioctl(fd.get(), NS_GET_NSTYPE);
  if (type < 0) return fail(Code::kInvalidNetns, what + ": it is not a namespace file");
  if (type != CLONE_NEWNET) return fail(Code::kInvalidNetns, what + ": it is another kind of namespace");
  return Netns(std::move(fd));
}

Result<Netns> Netns::own() {
  return in_context(open("/proc/thread-self/ns/net"), "the plugin's own namespace");
}

Result<bool> Netns::same_as(const Netns& other) const {
  struct stat a{};
  struct stat b{};
  if (::fstat(fd(), &a) != 0 || ::fstat(other.fd(), &b) != 0) {
    return fail_errno(Code::kInvalidNetns, "cannot compare network namespaces", errno);
  }
  return a.st_dev == b.st_dev && a.st_ino == b.st_ino;
}

Result<void> Netns::run(const Netns& home, const std::function<Result<void>()>& body) const {
  if (::setns(fd(), CLONE_NEWNET) != 0)
    return fail_errno(Code::kInvalidNetns, "cannot enter the netns", errno);
  Result<void> outcome = body();
  if (::setns(home.fd(), CLONE_NEWNET) != 0) std::abort();
  return outcome;
}

}  // namespace podwire::kernel
