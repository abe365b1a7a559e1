#include "plugins/host-local-ipam/lease_index.h"

#include <algorithm>
#include <cstring>

namespace podwire::host_local {
namespace {

using index::Block;
using index::BlockKey;
using index::Header;
using index::Lease;
using index::SlotState;

/// Probe sequences stay short up to this share of slots in use: 5/8.
constexpr bool is_crowded(std::uint64_t slots, std::uint64_t capacity) {
  return slots * 8 > capacity * 5;
}

std::size_t file_size(const Header& header) {
  return sizeof(Header) + std::size_t{header.block_capacity} * sizeof(Block) +
         std::size_t{header.lease_capacity} * sizeof(Lease);
}

bool is_capacity(std::uint32_t value, std::uint32_t min) {
  return std::has_single_bit(value) && value >= min && value <= index::kMaxCapacity;
}

bool is_sound(const Header& header, std::size_t size) {
  return header.magic == index::kMagic && sealed(header).check == header.check &&
         is_capacity(header.block_capacity, index::kMinBlocks) &&
         is_capacity(header.lease_capacity, index::kMinLeases) && file_size(header) == size;
}

std::size_t home_slot(const BlockKey& key, std::uint32_t capacity) {
  return index::mix(key.high ^ index::mix(key.low + key.family)) & (capacity - 1);
}

Ip address_in(const BlockKey& key, unsigned bit) {
  const Uint128 number = (Uint128{key.high} << 64 | key.low) << index::kBlockBits | bit;
  return Ip::from_number(static_cast<Family>(key.family), number);
}

}  // namespace

LeaseIndex::LeaseIndex(std::string_view boot_id) : file_(0) {
  boot_id.copy(header_.boot_id.data(), header_.boot_id.size() - 1);
  rehash(index::kMinBlocks, index::kMinLeases);
}

std::optional<LeaseIndex> LeaseIndex::open(int directory, IndexFile::Access access) {
  auto file = IndexFile::open(directory, access);
  if (!file || file->size() < sizeof(Header)) return std::nullopt;
  const Header header = file->at<Header>(0);
  if (!is_sound(header, file->size())) return std::nullopt;
  return LeaseIndex(std::move(*file), header);
}

std::string LeaseIndex::boot_id() const {
  return {header_.boot_id.data(), ::strnlen(header_.boot_id.data(), header_.boot_id.size())};
}

bool LeaseIndex::is_current(std::int64_t mtime) const {
  return header_.clean == 1 && header_.directory_mtime == mtime && !damaged_;
}

std::size_t LeaseIndex::block_offset(std::size_t slot) const {
  return sizeof(Header) + slot * sizeof(Block);
}

std::size_t LeaseIndex::lease_offset(std::size_t slot) const {
  return block_offset(header_.block_capacity) + slot * sizeof(Lease);
}

const Block& LeaseIndex::block(std::size_t slot) const {
  return file_.at<Block>(block_offset(slot));
}

const Lease& LeaseIndex::lease(std::size_t slot) const {
  return file_.at<Lease>(lease_offset(slot));
}

std::optional<std::size_t> LeaseIndex::find_block(const BlockKey& key) const {
  std::size_t slot = home_slot(key, header_.block_capacity);
  for (std::uint32_t probes = 0; probes < header_.block_capacity; ++probes) {
    const BlockKey& found = block(slot).key;
    if (found == key || found.family == 0) return slot;
    slot = (slot + 1) & (header_.block_capacity - 1);
  }
  damaged_ = true;  // a table is never full
  return std::nullopt;
}

const Block* LeaseIndex::block_of(const BlockKey& key) const {
  const auto slot = find_block(key);
  if (!slot || block(*slot).key != key) return nullptr;
  if (block(*slot).is_sound()) return &block(*slot);
  damaged_ = true;
  return nullptr;
}

bool LeaseIndex::is_used(const Ip& ip) const {
  const Block* found = block_of(index::block_key(ip));
  return found != nullptr && found->test(index::bit_in_block(ip));
}

std::optional<Ip> LeaseIndex::free_in_block(const BlockKey& key, unsigned from, unsigned to) const {
  const Block* found = block_of(key);
  if (found == nullptr) return address_in(key, from);
  if (found->used == index::kBlockAddresses) return std::nullopt;
  for (unsigned word = from / 64; word <= to / 64; ++word) {
    std::uint64_t free = ~found->bits[word];
    if (word == from / 64) free &= ~std::uint64_t{0} << (from % 64);
    if (free == 0) continue;
    const unsigned bit = word * 64 + static_cast<unsigned>(std::countr_zero(free));
    if (bit > to) return std::nullopt;
    return address_in(key, bit);
  }
  return std::nullopt;
}

std::optional<Ip> LeaseIndex::next_free(const Ip& first, const Ip& last) const {
  const BlockKey end = index::block_key(last);
  Ip from = first;
  while (!damaged_) {
    const BlockKey key = index::block_key(from);
    const unsigned to = key == end ? index::bit_in_block(last) : index::kBlockAddresses - 1;
    const auto found = free_in_block(key, index::bit_in_block(from), to);
    if (found || key == end) return found;
    from = Ip::from_number(first.family(), address_in(key, to).number() + 1);
  }
  return std::nullopt;
}

void LeaseIndex::set_bit(const Ip& ip, bool used) {
  const BlockKey key = index::block_key(ip);
  const auto slot = find_block(key);
  if (!slot) return;
  Block changed = block(*slot);
  if (!changed.is_sound()) damaged_ = true;
  const unsigned bit = index::bit_in_block(ip);
  if (damaged_ || changed.test(bit) == used) return;
  if (changed.key.family == 0) {
    changed.key = key;
    ++header_.block_slots;
  }
  changed.bits[bit / 64] ^= std::uint64_t{1} << (bit % 64);
  changed.used += used ? 1 : ~std::uint64_t{0};
  header_.address_count += used ? 1 : ~std::uint64_t{0};
  put(block_offset(*slot), changed);
}

void LeaseIndex::mark_used(const Ip& ip) {
  begin_change();
  make_room();
  set_bit(ip, true);
}

void LeaseIndex::write_header() {
  put(0, sealed(header_));
}

void LeaseIndex::begin_change() {
  if (file_.in_memory() || header_.clean == 0) return;
  header_.clean = 0;
  write_header();
}

void LeaseIndex::end_change(std::int64_t mtime) {
  if (file_.in_memory() || damaged_) return;
  header_.clean = 1;
  header_.directory_mtime = mtime;
  write_header();
}

Result<void> LeaseIndex::save(int directory) {
  header_.clean = 0;
  write_header();
  return file_.save(directory);
}

void LeaseIndex::make_room() {
  const bool blocks = is_crowded(header_.block_slots + 1, header_.block_capacity);
  const bool leases = is_crowded(header_.lease_slots + 1, header_.lease_capacity);
  if (!blocks && !leases) return;
  // Slots of deleted leases are what fills a table whose live ones are few: then the size stays.
  const bool mostly_deleted = !is_crowded(std::uint64_t{header_.lease_count} * 2, header_.lease_capacity);
  rehash(blocks ? header_.block_capacity * 2 : header_.block_capacity,
         leases && !mostly_deleted ? header_.lease_capacity * 2 : header_.lease_capacity);
}

void LeaseIndex::rehash(std::uint32_t block_capacity, std::uint32_t lease_capacity) {
  Header header{
      .boot_id = header_.boot_id, .block_capacity = block_capacity, .lease_capacity = lease_capacity};
  LeaseIndex bigger(IndexFile(file_size(header)), header);
  for (std::size_t slot = 0; slot < header_.block_capacity; ++slot) {
    const Block& old = block(slot);
    if (old.used == 0 || old.key.family == 0) continue;
    if (!old.is_sound()) damaged_ = true;
    const auto place = bigger.find_block(old.key);
    if (!place) continue;
    bigger.put(bigger.block_offset(*place), old);
    ++bigger.header_.block_slots;
    bigger.header_.address_count += old.used;
  }
  for (std::size_t slot = 0; slot < header_.lease_capacity && bigger.header_.lease_slots + 1 < lease_capacity;
       ++slot) {
    const Lease& old = lease(slot);
    if (old.state == SlotState::kLive && sealed(old).check == old.check)
      bigger.put_lease(old.record, to_indexed(old));
  }
  bigger.damaged_ = damaged_;
  *this = std::move(bigger);
}

}  // namespace podwire::host_local
