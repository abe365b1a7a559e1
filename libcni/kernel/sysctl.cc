#include "libcni/kernel/sysctl.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <array>
#include <cerrno>

#include "libcni/base/fd.h"
#include "libcni/base/text.h"

namespace podwire::kernel {
namespace {

std::string sysctl_path(std::string_view key) {
  return fmt::format("/proc/sys/{}", key);
}

}  // namespace

Result<std::optional<std::string>> read_sysctl(std::string_view key) {
  const Fd fd(::open(sysctl_path(key).c_str(), O_RDONLY | O_CLOEXEC));
  if (!fd && errno == ENOENT) return std::nullopt;
  std::array<char, 256> buffer{};
  const ssize_t size = fd ? ::read(fd.get(), buffer.data(), buffer.size()) : -1;
  if (size < 0) return fail_errno(Code::kKernel, fmt::format("cannot read sysctl {}", key), errno);
  return std::string(trim(std::string_view(buffer.data(), static_cast<std::size_t>(size))));
}

Result<void> ensure_sysctl(std::string_view key, std::string_view value, bool optional) {
  const auto current = TRY(read_sysctl(key));
  if (!current) {
    if (optional) return {};
    return fail(Code::kKernel, fmt::format("sysctl {} does not exist", key));
  }
  if (*current == value) return {};
  const Fd fd(::open(sysctl_path(key).c_str(), O_WRONLY | O_CLOEXEC));
  if (!fd || ::write(fd.get(), value.data(), value.size()) != static_cast<ssize_t>(value.size())) {
    return fail_errno(Code::kKernel, fmt::format("cannot set sysctl {} = {}", key, value), errno);
  }
  return {};
}

}  // namespace podwire::kernel
