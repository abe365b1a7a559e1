// The index of a lease directory: which leases has this owner, and which address is free next, in time that
// does not depend on the number of leases. It is a cache of the files and knows nothing of them.
//
// Two open-addressing hash tables stand behind a header:
//   blocks  4096 consecutive addresses each: a bitmap and the number of its ones. A block that is not there
//   is free,
//           so a /8 or a /64 costs nothing until it is used; a full one is skipped by its count.
//   leases  one per lease: hash of the file's record, address, identity of the file.
//
// Every slot that is read is checked (a count against its bitmap, a check sum), and no value read from the
// file is used as an offset, a size or a loop bound unchecked. What fails a check sets damaged(): answers
// given since are meaningless, and the owner of the index builds a new one.
#pragma once

#include <cstdint>
#include <functional>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libcni/base/error.h"
#include "libcni/base/ip.h"
#include "plugins/host-local-ipam/file_create.h"
#include "plugins/host-local-ipam/index_file.h"
#include "plugins/host-local-ipam/index_layout.h"

namespace podwire::host_local {

/// Key of a record (Owner::record() or what a file holds). Not collision-free: whoever finds a lease by it
/// compares the record in the file.
[[nodiscard]] std::uint64_t record_hash(std::string_view record);

struct IndexedLease {
  Ip ip;
  FileId file;
};

class LeaseIndex {
 public:
  /// An empty one in memory.
  explicit LeaseIndex(std::string_view boot_id);
  /// The one in the file, unless it is missing or its header is not sound.
  [[nodiscard]] static std::optional<LeaseIndex> open(int directory, IndexFile::Access access);

  [[nodiscard]] std::string boot_id() const;
  /// Nothing has been left half done, and the directory has not changed since: its time is still `mtime`.
  [[nodiscard]] bool is_current(std::int64_t mtime) const;
  [[nodiscard]] bool damaged() const { return damaged_; }
  [[nodiscard]] std::uint64_t address_count() const { return header_.address_count; }

  /// All leases of the record, in no order; erasing them from the back is cheapest.
  [[nodiscard]] std::vector<IndexedLease> find(std::uint64_t record) const;
  [[nodiscard]] bool is_used(const Ip& ip) const;
  /// The lowest free address in [first, last], both of one family.
  [[nodiscard]] std::optional<Ip> next_free(const Ip& first, const Ip& last) const;

  void mark_used(const Ip& ip);  ///< without a lease: something else has the name
  void insert(std::uint64_t record, const IndexedLease& lease);
  void erase(std::uint64_t record, const Ip& ip);

  [[nodiscard]] bool in_memory() const { return file_.in_memory(); }
  /// Before the first change to the directory or to a file-backed index: the file stops being current.
  void begin_change();
  /// Writes an index in memory to its file, not yet current. Error: kIo.
  [[nodiscard]] Result<void> save(int directory);
  /// Declares a file-backed index current for this time of the directory.
  void end_change(std::int64_t mtime);

 private:
  LeaseIndex(IndexFile file, const index::Header& header) : file_(std::move(file)), header_(header) {}
  [[nodiscard]] std::size_t block_offset(std::size_t slot) const;
  [[nodiscard]] std::size_t lease_offset(std::size_t slot) const;
  [[nodiscard]] const index::Block& block(std::size_t slot) const;
  [[nodiscard]] const index::Lease& lease(std::size_t slot) const;
  /// The slot of the block, or the empty one where it would go.
  [[nodiscard]] std::optional<std::size_t> find_block(const index::BlockKey& key) const;
  /// The block if it is there and sound.
  [[nodiscard]] const index::Block* block_of(const index::BlockKey& key) const;
  [[nodiscard]] std::optional<Ip> free_in_block(const index::BlockKey& key, unsigned from, unsigned to) const;
  void set_bit(const Ip& ip, bool used);
  /// The slot of the record's lease of this number.
  [[nodiscard]] std::optional<std::size_t> find_lease(std::uint64_t record, std::uint32_t number) const;
  [[nodiscard]] std::uint32_t count(std::uint64_t record) const;
  [[nodiscard]] static IndexedLease to_indexed(const index::Lease& lease);
  void put_lease(std::uint64_t record, const IndexedLease& indexed);
  void write_header();
  template <typename T>
  void put(std::size_t offset, const T& object) {
    if (!file_.put(offset, object)) damaged_ = true;
  }
  void make_room();
  void rehash(std::uint32_t block_capacity, std::uint32_t lease_capacity);

  IndexFile file_;
  index::Header header_;
  mutable bool damaged_ = false;
};

}  // namespace podwire::host_local
