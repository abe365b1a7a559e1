// Interval sets: from the kernel's start and end elements to ranges and back, and what has to change so that
// wanted prefixes are covered. Pure.
#pragma once

#include <optional>
#include <span>
#include <string>
#include <vector>

#include "libcni/base/ip.h"
#include "libcni/kernel/nft_set.h"

namespace podwire::kernel {

/// A range of addresses. The kernel holds it as an element `first` and an end element behind `last`; a range
/// that reaches the end of the address space has no end element.
struct Interval {
  Ip first;
  Ip last;
  std::string owner;
  bool has_end_element = true;

  [[nodiscard]] static Interval of(const Cidr& prefix, std::string owner);
  [[nodiscard]] bool covers(const Interval& other) const {
    return first <= other.first && other.last <= last;
  }
  [[nodiscard]] bool overlaps(const Interval& other) const {
    return first <= other.last && other.first <= last;
  }
  /// The prefixes that make up the range: one, unless somebody wrote a range by hand.
  [[nodiscard]] std::vector<Cidr> prefixes() const;
  [[nodiscard]] std::vector<SetElement> elements() const;
};

/// The intervals of one set, ascending. Keys that are not addresses of the family are left out; an end
/// without a start (nft puts one at zero) too.
[[nodiscard]] std::vector<Interval> pair_intervals(Family family, std::span<const SetElement> elements);

struct IntervalChange {
  std::vector<Interval> remove;
  std::vector<Interval> add;
};

/// What makes every wanted one covered: nothing for those that are; else the wanted one is added and those
/// that it covers are removed (the kernel refuses overlaps). An error when a present one overlaps a wanted
/// one in part, which prefixes never do to each other.
[[nodiscard]] Result<IntervalChange> plan_intervals(std::vector<Interval> present,
                                                    std::span<const Interval> wanted);

}  // namespace podwire::kernel
