#include "shim/doctor/filter/lookup.h"

#include <algorithm>

namespace podwire::filter {
namespace {

using Bytes = std::vector<std::uint8_t>;

/// Fields of a concatenation fill whole registers.
constexpr std::size_t kWord = 4;

Match equals(const Value& value, const Bytes& key) {
  Match match = Match::kYes;
  for (std::size_t i = 0; i < key.size() && i < value.bytes.size(); ++i) {
    if (!value.known[i]) match = Match::kMaybe;
    if (value.known[i] && value.bytes[i] != key[i]) return Match::kNo;
  }
  return match;
}

/// A range of concatenated fields. Where a field is wider than a word, its bounds cannot be told from those
/// of two fields: words that differ from both bounds settle nothing.
Match within(const Value& value, const kernel::NftEntry& entry) {
  if (equals(value, entry.key) == Match::kYes) return Match::kYes;
  bool exact = value.is_known() && entry.key.size() <= kWord;
  for (std::size_t i = 0; i < entry.key.size() && i < entry.key_end.size() && i < value.bytes.size();
       i += kWord) {
    const std::size_t end = std::min({i + kWord, entry.key.size(), entry.key_end.size(), value.bytes.size()});
    const auto part = [&](const Bytes& bytes) {
      return Bytes(bytes.begin() + static_cast<std::ptrdiff_t>(i),
                   bytes.begin() + static_cast<std::ptrdiff_t>(end));
    };
    if (!std::all_of(value.known.begin() + static_cast<std::ptrdiff_t>(i),
                     value.known.begin() + static_cast<std::ptrdiff_t>(end),
                     [](bool known) { return known; })) {
      return Match::kMaybe;
    }
    const Bytes word = part(value.bytes);
    if (word < part(entry.key) || word > part(entry.key_end))
      return exact || i == 0 ? Match::kNo : Match::kMaybe;
  }
  return exact ? Match::kYes : Match::kMaybe;
}

bool has_interval_ends(const kernel::NftSet& set) {
  return std::ranges::any_of(set.entries, &kernel::NftEntry::interval_end);
}

/// The element with the greatest key that is not above the value; its range lasts until the next element.
Lookup look_up_interval(const kernel::NftSet& set, const Value& value) {
  if (!value.is_known()) return {.match = Match::kMaybe};
  const kernel::NftEntry* best = nullptr;
  for (const kernel::NftEntry& entry : set.entries) {
    if (entry.catch_all || entry.key > value.bytes) continue;
    // At one key, the end of a range gives way to the start of the next.
    if (best == nullptr || entry.key > best->key || !entry.interval_end) best = &entry;
  }
  if (best == nullptr || best->interval_end) return {};
  return {.match = Match::kYes, .entry = best};
}

Lookup look_up_elements(const kernel::NftSet& set, const Value& value) {
  Lookup result;
  for (const kernel::NftEntry& entry : set.entries) {
    if (entry.catch_all) continue;
    const Match match = entry.key_end.empty() ? equals(value, entry.key) : within(value, entry);
    if (match == Match::kYes) return {.match = Match::kYes, .entry = &entry};
    if (match == Match::kMaybe) result.match = Match::kMaybe;
  }
  return result;
}

}  // namespace

Lookup look_up(const kernel::NftSet& set, const Registers& registers, std::uint32_t source) {
  const auto sized =
      std::ranges::find_if(set.entries, [](const kernel::NftEntry& entry) { return !entry.key.empty(); });
  Lookup result;
  if (sized != set.entries.end()) {
    const Value value = registers.load(source, sized->key.size());
    result = has_interval_ends(set) ? look_up_interval(set, value) : look_up_elements(set, value);
  }
  if (result.match != Match::kNo) return result;
  const auto rest = std::ranges::find_if(set.entries, &kernel::NftEntry::catch_all);
  if (rest == set.entries.end()) return {};
  return {.match = Match::kYes, .entry = &*rest};
}

}  // namespace podwire::filter
