// The bytes of an index: in memory while it is being built, else in a file that is read through a mapping and
// written with pwrite(2). (Not through the mapping: a full or failing disk would then raise SIGBUS instead of
// an error.)
#pragma once

#include <cstddef>
#include <cstdint>
#include <cstring>
#include <optional>
#include <type_traits>
#include <vector>

#include "libcni/base/error.h"
#include "libcni/base/fd.h"

namespace podwire::host_local {

/// In the lease directory. Both implementations skip it: it is not named like an address, and no container is
/// named like its content.
inline constexpr const char* kIndexName = ".podwire-index";

class IndexFile {
 public:
  /// Zeroes, in memory.
  explicit IndexFile(std::size_t size) : memory_(size) {}
  enum class Access : std::uint8_t { kRead, kWrite };
  /// nullopt: none, not a regular file, or not accessible.
  [[nodiscard]] static std::optional<IndexFile> open(int directory, Access access);

  IndexFile(IndexFile&& other) noexcept { swap(other); }
  IndexFile& operator=(IndexFile&& other) noexcept {
    swap(other);
    return *this;
  }
  IndexFile(const IndexFile&) = delete;
  IndexFile& operator=(const IndexFile&) = delete;
  ~IndexFile();

  [[nodiscard]] std::size_t size() const { return mapping_ != nullptr ? mapped_size_ : memory_.size(); }
  [[nodiscard]] bool in_memory() const { return mapping_ == nullptr; }
  /// The object at an offset that the caller has checked against size() and aligned.
  template <typename T>
  [[nodiscard]] const T& at(std::size_t offset) const {
    static_assert(std::is_trivially_copyable_v<T>);
    return *reinterpret_cast<const T*>(data() + offset);
  }
  /// False when the file could not be written; it is then worthless.
  template <typename T>
  [[nodiscard]] bool put(std::size_t offset, const T& object) {
    static_assert(std::is_trivially_copyable_v<T>);
    return write(offset, &object, sizeof object);
  }

  /// Replaces the file by what is in memory and goes on with the file. Error: kIo.
  [[nodiscard]] Result<void> save(int directory);

 private:
  IndexFile() = default;
  [[nodiscard]] const std::byte* data() const { return mapping_ != nullptr ? mapping_ : memory_.data(); }
  [[nodiscard]] bool write(std::size_t offset, const void* bytes, std::size_t count);
  [[nodiscard]] bool map(Fd fd, std::size_t size);
  void swap(IndexFile& other) noexcept;

  std::vector<std::byte> memory_;
  const std::byte* mapping_ = nullptr;
  std::size_t mapped_size_ = 0;
  Fd fd_;
};

}  // namespace podwire::host_local
