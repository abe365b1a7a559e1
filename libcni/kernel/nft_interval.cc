#include "libcni/kernel/nft_interval.h"

#include <fmt/format.h>

#include <algorithm>
#include <iterator>
#include <tuple>

namespace podwire::kernel {
namespace {

Ip last_address(Family family) {
  return family == Family::kV4 ? Ip::from_number(family, 0xffffffffU) : Ip::from_number(family, ~Uint128{0});
}

struct Boundary {
  Ip at;
  bool end = false;
  const std::string* owner = nullptr;
};

/// Ascending; where one interval ends and the next one starts, the end comes first.
std::vector<Boundary> sorted_boundaries(Family family, std::span<const SetElement> elements) {
  std::vector<Boundary> boundaries;
  for (const SetElement& element : elements) {
    if (element.key.size() * 8 != static_cast<std::size_t>(address_bits(family))) continue;
    boundaries.push_back(
        {.at = Ip::from_bytes(element.key), .end = element.interval_end, .owner = &element.owner});
  }
  std::ranges::sort(boundaries, {}, [](const Boundary& each) { return std::tuple(each.at, !each.end); });
  return boundaries;
}

/// The largest prefix that starts at `first` and does not reach beyond `last`.
Cidr largest_prefix(Family family, Uint128 first, Uint128 last) {
  Cidr prefix{.ip = Ip::from_number(family, first), .prefix_length = address_bits(family)};
  while (prefix.prefix_length > 0) {
    const Cidr wider{.ip = prefix.ip, .prefix_length = prefix.prefix_length - 1};
    if (wider.network().ip != prefix.ip || wider.last().number() > last) break;
    prefix = wider;
  }
  return prefix;
}

std::string text(const Interval& interval) {
  return fmt::format("{}-{}", interval.first.text(), interval.last.text());
}

}  // namespace

Interval Interval::of(const Cidr& prefix, std::string owner) {
  const Ip last = prefix.last();
  return {.first = prefix.network().ip,
          .last = last,
          .owner = std::move(owner),
          .has_end_element = last != last_address(last.family())};
}

std::vector<Cidr> Interval::prefixes() const {
  std::vector<Cidr> result;
  for (Uint128 next = first.number();;) {
    result.push_back(largest_prefix(first.family(), next, last.number()));
    const Uint128 reached = result.back().last().number();
    if (reached >= last.number()) return result;
    next = reached + 1;
  }
}

std::vector<SetElement> Interval::elements() const {
  std::vector<SetElement> result{{.key = {first.bytes().begin(), first.bytes().end()}, .owner = owner}};
  if (has_end_element) {
    const Ip behind = Ip::from_number(last.family(), last.number() + 1);
    result.push_back({.key = {behind.bytes().begin(), behind.bytes().end()}, .interval_end = true});
  }
  return result;
}

std::vector<Interval> pair_intervals(Family family, std::span<const SetElement> elements) {
  std::vector<Interval> intervals;
  bool open = false;
  const auto close = [&](const Boundary& behind) {
    intervals.back().last = Ip::from_number(family, behind.at.number() - 1);
    intervals.back().has_end_element = behind.end;
    open = false;
  };
  for (const Boundary& boundary : sorted_boundaries(family, elements)) {
    if (open && boundary.at == intervals.back().first) continue;  // twice the same start
    if (open) close(boundary);
    if (boundary.end) continue;
    intervals.push_back({.first = boundary.at,
                         .last = last_address(family),
                         .owner = *boundary.owner,
                         .has_end_element = false});
    open = true;
  }
  return intervals;
}

Result<IntervalChange> plan_intervals(std::vector<Interval> present, std::span<const Interval> wanted) {
  IntervalChange change;
  for (const Interval& each : wanted) {
    const auto covers = [&](const Interval& other) { return other.covers(each); };
    if (std::ranges::any_of(present, covers) || std::ranges::any_of(change.add, covers)) continue;
    for (const Interval& other : present) {
      if (other.overlaps(each) && !each.covers(other)) {
        return fail(Code::kKernel, fmt::format("{} overlaps {}, which somebody else put into the set",
                                               text(each), text(other)));
      }
    }
    const auto covered = [&](const Interval& other) { return each.covers(other); };
    std::ranges::copy_if(present, std::back_inserter(change.remove), covered);
    std::erase_if(present, covered);
    std::erase_if(change.add, covered);
    change.add.push_back(each);
  }
  return change;
}

}  // namespace podwire::kernel
