// A network namespace as a handle. Enter it to open a socket or to write a sysctl; leave; drive it from
// outside.
#pragma once

#include <functional>
#include <string>

#include "libcni/base/error.h"
#include "libcni/base/fd.h"

namespace podwire::kernel {

class Netns {
 public:
  /// Opens the namespace at a path such as /var/run/netns/x or /proc/123/ns/net. Code::kInvalidNetns when the
  /// path does not exist, is not on nsfs (a regular file left by a dead runtime), or is another kind of
  /// namespace.
  [[nodiscard]] static Result<Netns> open(const std::string& path);
  /// The calling thread's.
  [[nodiscard]] static Result<Netns> own();

  /// Same namespace: device and inode of the nsfs file are equal.
  [[nodiscard]] Result<bool> same_as(const Netns& other) const;
  [[nodiscard]] int fd() const { return fd_.get(); }

  /// Runs `body` with the calling thread inside this namespace and returns to `home` afterwards. Not being
  /// able to return would let the caller go on in the wrong namespace: the process aborts.
  [[nodiscard]] Result<void> run(const Netns& home, const std::function<Result<void>()>& body) const;

 private:
  explicit Netns(Fd fd) : fd_(std::move(fd)) {}
  Fd fd_;
};

}  // namespace podwire::kernel
