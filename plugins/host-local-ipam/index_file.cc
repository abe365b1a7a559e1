#include "plugins/host-local-ipam/index_file.h"

#include <fcntl.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <cerrno>
#include <string_view>
#include <utility>

#include "plugins/host-local-ipam/file_create.h"

namespace podwire::host_local {
namespace {

constexpr const char* kNewIndexName = ".podwire-index.new";
constexpr mode_t kIndexMode = 0600;

}  // namespace

std::optional<IndexFile> IndexFile::open(int directory, Access access) {
  const int mode = access == Access::kRead ? O_RDONLY : O_RDWR;
  Fd fd(::openat(directory, kIndexName, mode | O_NOFOLLOW | O_NONBLOCK | O_CLOEXEC));
  struct stat status{};
  if (!fd || ::fstat(fd.get(), &status) != 0 || !S_ISREG(status.st_mode)) return std::nullopt;
  IndexFile file;
  if (!file.map(std::move(fd), static_cast<std::size_t>(status.st_size))) return std::nullopt;
  return file;
}

IndexFile::~IndexFile() {
  if (mapping_ != nullptr) ::munmap(const_cast<std::byte*>(mapping_), mapped_size_);
}

bool IndexFile::map(Fd fd, std::size_t size) {
  if (size == 0) return false;
  void* address = ::mmap(nullptr, size, PROT_READ, MAP_SHARED, fd.get(), 0);
  if (address == MAP_FAILED) return false;
  mapping_ = static_cast<const std::byte*>(address);
  mapped_size_ = size;
  fd_ = std::move(fd);
  return true;
}

bool IndexFile::write(std::size_t offset, const void* bytes, std::size_t count) {
  if (in_memory()) {
    std::memcpy(memory_.data() + offset, bytes, count);
    return true;
  }
  return ::pwrite(fd_.get(), bytes, count, static_cast<off_t>(offset)) == static_cast<ssize_t>(count);
}

Result<void> IndexFile::save(int directory) {
  Fd fd(::openat(directory, kNewIndexName, O_CREAT | O_TRUNC | O_RDWR | O_NOFOLLOW | O_CLOEXEC, kIndexMode));
  if (!fd) return fail_errno(Code::kIo, "cannot create index", errno);
  const std::string_view content(reinterpret_cast<const char*>(memory_.data()), memory_.size());
  auto written = write_all(fd.get(), content);
  if (written && ::renameat(directory, kNewIndexName, directory, kIndexName) != 0) {
    written = fail_errno(Code::kIo, "cannot rename index", errno);
  }
  if (!written) {
    ::unlinkat(directory, kNewIndexName, 0);  // best effort: a left-over is overwritten by the next writer
    return written;
  }
  const std::size_t size = memory_.size();
  if (!map(std::move(fd), size)) return fail_errno(Code::kIo, "cannot map index", errno);
  memory_ = {};
  return {};
}

void IndexFile::swap(IndexFile& other) noexcept {
  std::swap(memory_, other.memory_);
  std::swap(mapping_, other.mapping_);
  std::swap(mapped_size_, other.mapped_size_);
  std::swap(fd_, other.fd_);
}

}  // namespace podwire::host_local
