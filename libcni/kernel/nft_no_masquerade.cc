#include "libcni/kernel/nft_no_masquerade.h"

#include <linux/netfilter/nf_tables.h>

#include <algorithm>
#include <array>
#include <iterator>
#include <vector>

namespace podwire::kernel {
namespace {

struct FamilySet {
  Family family;
  SetName name;
};

std::array<FamilySet, 2> family_sets() {
  const TableSpec& table = masquerade_table();
  return {FamilySet{Family::kV4, {table.family, table.name, kNoMasq4}},
          FamilySet{Family::kV6, {table.family, table.name, kNoMasq6}}};
}

std::vector<SetElement> elements_of(std::span<const Interval> intervals) {
  std::vector<SetElement> result;
  for (const Interval& interval : intervals) {
    for (SetElement& element : interval.elements()) result.push_back(std::move(element));
  }
  return result;
}

void add_change(NftBatch& batch, const SetName& set, const IntervalChange& change) {
  batch.add(encode_elements(NFT_MSG_DELSETELEM, 0, set, elements_of(change.remove)));
  batch.add(encode_elements(NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL, set, elements_of(change.add)));
}

std::vector<Interval> intervals_of(Family family, std::span<const NoMasqueradeElement> elements) {
  std::vector<Interval> result;
  for (const NoMasqueradeElement& element : elements) {
    if (element.destination.ip.family() != family) continue;
    result.push_back(Interval::of(element.destination, element.owner));
  }
  return result;
}

/// Nothing when the set is absent.
Result<std::optional<std::vector<Interval>>> read_intervals(Netlink& netlink, const FamilySet& set) {
  const auto elements = TRY(read_set(netlink, set.name));
  if (!elements) return std::nullopt;
  return pair_intervals(set.family, *elements);
}

bool is_nothing(const IntervalChange& change) {
  return change.remove.empty() && change.add.empty();
}

/// Whether the sets of the families that `elements` is about cover all of `wanted` of these families.
Result<bool> are_covered(Netlink& netlink, std::span<const NoMasqueradeElement> elements,
                         std::span<const NoMasqueradeElement> wanted) {
  for (const FamilySet& set : family_sets()) {
    if (intervals_of(set.family, elements).empty()) continue;
    auto present = TRY(read_intervals(netlink, set));
    if (!present) return false;
    const auto change = TRY(plan_intervals(std::move(*present), intervals_of(set.family, wanted)));
    if (!is_nothing(change)) return false;
  }
  return true;
}

/// Removes what matches; multicast stays covered even when something wider that covered it goes.
Result<void> plan_removal(Netlink& netlink, NftBatch& batch, const FamilySet& set,
                          const Nft::OwnerPredicate& matches) {
  auto present = TRY(read_intervals(netlink, set));
  if (!present) return {};
  const auto owned = [&](const Interval& interval) { return matches(interval.owner); };
  std::vector<Interval> removed;
  std::ranges::copy_if(*present, std::back_inserter(removed), owned);
  if (removed.empty()) return {};
  std::erase_if(*present, owned);
  IntervalChange change = TRY(plan_intervals(*present, intervals_of(set.family, multicast_destinations())));
  change.remove.insert(change.remove.end(), removed.begin(), removed.end());
  add_change(batch, set.name, change);
  return {};
}

}  // namespace

Result<void> plan_no_masquerade(Netlink& netlink, NftBatch& batch,
                                std::span<const NoMasqueradeElement> elements) {
  for (const FamilySet& set : family_sets()) {
    auto present = TRY(read_intervals(netlink, set));
    if (!present) {
      add_table(batch, masquerade_table());
      add_set(batch, masquerade_table(), set.name.set);
    }
    add_change(batch, set.name,
               TRY(plan_intervals(std::move(present).value_or(std::vector<Interval>()),
                                  intervals_of(set.family, elements))));
  }
  return {};
}

Result<void> Nft::ensure_no_masquerade(const std::vector<NoMasqueradeElement>& elements) {
  std::vector<NoMasqueradeElement> wanted(multicast_destinations().begin(), multicast_destinations().end());
  wanted.insert(wanted.end(), elements.begin(), elements.end());
  // The usual case: an earlier pod of the network brought them.
  if (TRY(are_covered(netlink_, elements, wanted))) return {};
  return compare_and_swap(netlink_, "cannot exempt destinations from masquerading",
                          [&](NftBatch& batch) { return plan_no_masquerade(netlink_, batch, wanted); });
}

Result<std::vector<NoMasqueradeElement>> Nft::no_masquerade_elements() {
  std::vector<NoMasqueradeElement> result;
  for (const FamilySet& set : family_sets()) {
    for (const Interval& interval : TRY(read_intervals(netlink_, set)).value_or(std::vector<Interval>())) {
      for (const Cidr& prefix : interval.prefixes()) {
        result.push_back({.owner = interval.owner, .destination = prefix});
      }
    }
  }
  return result;
}

Result<void> Nft::remove_no_masquerade(const OwnerPredicate& matches) {
  return compare_and_swap(netlink_, "cannot remove exemptions from masquerading",
                          [&](NftBatch& batch) -> Result<void> {
                            for (const FamilySet& set : family_sets()) {
                              TRY(plan_removal(netlink_, batch, set, matches));
                            }
                            return {};
                          });
}

}  // namespace podwire::kernel
