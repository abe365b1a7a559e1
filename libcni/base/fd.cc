#include "libcni/base/fd.h"

#include <array>
#include <cerrno>

namespace podwire {

std::expected<std::string, int> read_to_end(int fd) {
  std::string bytes;
  std::array<char, 16384> buffer;  // not zeroed: what is read usually fills a small part of it
  for (;;) {
    const ssize_t size = ::read(fd, buffer.data(), buffer.size());
    if (size == 0) return bytes;
    if (size < 0 && errno != EINTR) return std::unexpected(errno);
    if (size > 0) bytes.append(buffer.data(), static_cast<std::size_t>(size));
  }
}

}  // namespace podwire
