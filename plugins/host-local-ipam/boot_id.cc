#include "plugins/host-local-ipam/boot_id.h"

#include <fcntl.h>
#include <unistd.h>

#include <array>

#include "libcni/base/fd.h"
#include "libcni/base/text.h"

namespace podwire::host_local {

std::string read_boot_id(const std::string& path) {
  constexpr std::size_t kUuidLength = 36;
  const Fd fd(::open(path.c_str(), O_RDONLY | O_CLOEXEC));
  std::array<char, kUuidLength> buffer{};
  const ssize_t size = fd ? ::read(fd.get(), buffer.data(), buffer.size()) : -1;
  if (size <= 0) return "";
  return std::string(trim({buffer.data(), static_cast<std::size_t>(size)}));
}

}  // namespace podwire::host_local
