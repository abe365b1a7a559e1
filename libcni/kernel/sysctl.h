// Network sysctls as files below /proc/sys.
//
// A key is written with slashes, "net/ipv4/conf/eth0/arp_notify". Keys below "net" are those of the network
// namespace of the thread that opens a folder above them, and stay those (kernel net_sysctl.c): a folder
// opened once inside a pod drives the pod from outside.
#pragma once

#include <optional>
#include <string>
#include <string_view>

#include "libcni/base/error.h"
#include "libcni/base/fd.h"

namespace podwire::kernel {

/// The keys of one folder, such as "net/ipv6/conf/eth0".
class SysctlFolder {
 public:
  /// In the calling thread's network namespace. A folder that does not exist has no keys; it is no error.
  [[nodiscard]] static Result<SysctlFolder> open(std::string_view folder);

  /// Nothing when the key does not exist. kKernel otherwise.
  [[nodiscard]] Result<std::optional<std::string>> read(std::string_view name) const;
  /// Writes unless the value is there already, because /proc/sys may be read-only (user namespaces). A key
  /// that does not exist is an error, unless `optional`.
  [[nodiscard]] Result<void> ensure(std::string_view name, std::string_view value, bool optional) const;

 private:
  SysctlFolder(std::string folder, Fd fd) : folder_(std::move(folder)), fd_(std::move(fd)) {}
  std::string folder_;
  Fd fd_;
};

/// SysctlFolder::read() and SysctlFolder::ensure() of one key, in the calling thread's network namespace.
[[nodiscard]] Result<std::optional<std::string>> read_sysctl(std::string_view key);
[[nodiscard]] Result<void> ensure_sysctl(std::string_view key, std::string_view value, bool optional = false);

}  // namespace podwire::kernel
