// The table of leases. The leases of one record are numbered 0, 1, 2, ... without gaps, and each lies at a
// place that its record and number decide: any number of leases of one record costs no more than as many
// different ones.
#include <algorithm>
#include <span>

#include "plugins/host-local-ipam/lease_index.h"

namespace podwire::host_local {
namespace {

using index::Lease;
using index::SlotState;

/// An odd constant (2^64 divided by the golden ratio), so that successive numbers fall far apart.
constexpr std::uint64_t kSpread = 0x9e3779b97f4a7c15ULL;

std::size_t home_slot(std::uint64_t record, std::uint32_t number, std::uint32_t capacity) {
  return index::mix(record + number * kSpread) & (capacity - 1);
}

Lease to_slot(std::uint64_t record, std::uint32_t number, const IndexedLease& indexed) {
  Lease lease{.record = record,
              .inode = indexed.file.inode,
              .mtime = indexed.file.mtime,
              .number = number,
              .family = static_cast<std::uint8_t>(indexed.ip.family()),
              .state = SlotState::kLive};
  std::ranges::copy(indexed.ip.bytes(), lease.address.begin());
  return sealed(lease);
}

}  // namespace

std::uint64_t record_hash(std::string_view record) {
  // FNV-1a, finished so that the low bits depend on all of it.
  std::uint64_t hash = 0xcbf29ce484222325ULL;
  for (const char c : record) hash = (hash ^ static_cast<unsigned char>(c)) * 0x100000001b3ULL;
  return index::mix(hash);
}

IndexedLease LeaseIndex::to_indexed(const Lease& lease) {
  const std::size_t length = lease.family == static_cast<std::uint8_t>(Family::kV4) ? 4 : 16;
  return {.ip = Ip::from_bytes(std::span(lease.address).first(length)),
          .file = {.inode = lease.inode, .mtime = lease.mtime}};
}

std::optional<std::size_t> LeaseIndex::find_lease(std::uint64_t record, std::uint32_t number) const {
  std::size_t slot = home_slot(record, number, header_.lease_capacity);
  for (std::uint32_t probes = 0; probes < header_.lease_capacity; ++probes) {
    const Lease& candidate = lease(slot);
    if (candidate.state == SlotState::kEmpty && candidate.check == 0) return std::nullopt;
    if (sealed(candidate).check != candidate.check) break;
    const bool same = candidate.record == record && candidate.number == number;
    if (same && candidate.state == SlotState::kLive) return slot;
    slot = (slot + 1) & (header_.lease_capacity - 1);
  }
  damaged_ = true;  // a bad check sum, or no empty slot, and a table is never full
  return std::nullopt;
}

std::uint32_t LeaseIndex::count(std::uint64_t record) const {
  // Numbers have no gaps: double until one is missing, then halve.
  std::uint32_t present = 0;
  std::uint32_t missing = 1;
  while (find_lease(record, missing - 1)) {
    present = missing;
    missing *= 2;
  }
  while (missing - present > 1) {
    const std::uint32_t middle = present + (missing - present) / 2;
    (find_lease(record, middle - 1) ? present : missing) = middle;
  }
  return present;
}

std::vector<IndexedLease> LeaseIndex::find(std::uint64_t record) const {
  std::vector<IndexedLease> found;
  while (const auto slot = find_lease(record, static_cast<std::uint32_t>(found.size()))) {
    found.push_back(to_indexed(lease(*slot)));
  }
  return found;
}

void LeaseIndex::put_lease(std::uint64_t record, const IndexedLease& indexed) {
  const std::uint32_t number = count(record);
  std::size_t slot = home_slot(record, number, header_.lease_capacity);
  for (std::uint32_t probes = 0; lease(slot).state == SlotState::kLive; ++probes) {
    if (probes == header_.lease_capacity) damaged_ = true;
    if (damaged_) return;
    slot = (slot + 1) & (header_.lease_capacity - 1);
  }
  if (lease(slot).state == SlotState::kEmpty) ++header_.lease_slots;
  ++header_.lease_count;
  put(lease_offset(slot), to_slot(record, number, indexed));
}

void LeaseIndex::insert(std::uint64_t record, const IndexedLease& indexed) {
  begin_change();
  make_room();
  set_bit(indexed.ip, true);
  if (!damaged_) put_lease(record, indexed);
}

void LeaseIndex::erase(std::uint64_t record, const Ip& ip) {
  begin_change();
  set_bit(ip, false);
  const std::uint32_t total = count(record);
  // From the end: who releases all leases of a record in the order opposite to find() meets each at once.
  for (std::uint32_t number = total; number > 0; --number) {
    const auto slot = find_lease(record, number - 1);
    const auto last = find_lease(record, total - 1);
    if (!slot || !last) return;
    const Lease found = lease(*slot);
    if (to_indexed(found).ip != ip) continue;
    // The last one takes the number that becomes free.
    const Lease moved = lease(*last);
    if (slot != last) put(lease_offset(*slot), to_slot(record, number - 1, to_indexed(moved)));
    Lease deleted = moved;
    deleted.state = SlotState::kDeleted;
    put(lease_offset(*last), sealed(deleted));
    --header_.lease_count;
    return;
  }
}

}  // namespace podwire::host_local
