// Ranges, range sets, and the order in which their addresses are handed out. Pure.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libcni/base/error.h"
#include "libcni/base/ip.h"

namespace podwire::host_local {

/// A range as written in a configuration; absent members take their defaults in complete_range().
struct RangeRequest {
  std::optional<Cidr> subnet;
  std::optional<Ip> start;
  std::optional<Ip> end;
  std::optional<Ip> gateway;
};

/// A complete range. `first` and `last` are inclusive and inside `subnet`; `gateway` need not be.
struct Range {
  Cidr subnet;
  Ip first;
  Ip last;
  Ip gateway;

  [[nodiscard]] bool contains(const Ip& ip) const { return first <= ip && ip <= last; }
  [[nodiscard]] bool overlaps(const Range& other) const { return first <= other.last && other.first <= last; }
  [[nodiscard]] std::string text() const;  ///< "10.1.2.1-10.1.2.254"
  bool operator==(const Range&) const = default;
};

/// Alternatives for one address: the set is one pool, of one family, without overlaps.
using RangeSet = std::vector<Range>;

/// Defaults: start = network + 1, end = all ones (IPv4: broadcast - 1), gateway = network + 1.
/// Errors (kInvalidNetworkConfig): `Network N too small to allocate from`, `Network has host bits set. For a
/// subnet mask of length L the network address is A`, `RangeStart A not in network N`, `RangeEnd A not in
/// ...`.
[[nodiscard]] Result<Range> complete_range(const RangeRequest& request);

/// Completes every range of a set. Errors: those of complete_range(), `empty range set`,
/// `mixed address families`, `subnets A-B and C-D overlap`.
[[nodiscard]] Result<RangeSet> complete_range_set(const std::vector<RangeRequest>& requests);

/// The first range of the set that contains the address, or null.
[[nodiscard]] const Range* find_range(const RangeSet& set, const Ip& ip);
[[nodiscard]] bool overlaps(const RangeSet& a, const RangeSet& b);
[[nodiscard]] std::string text(const RangeSet& set);  ///< "a-b,c-d"

/// A run of consecutive addresses to try in ascending order; `range` points into the set.
struct Candidates {
  Ip first;
  Ip last;
  const Range* range = nullptr;
};

/// Round robin: every address of the set once, in the reference's order. It starts behind `last_reserved`
/// when that lies in the set (so that address itself comes last), else at the first range's start; after a
/// range's end comes the next range's start, cyclically; each range leaves out its own gateway.
[[nodiscard]] std::vector<Candidates> plan_candidates(const RangeSet& set,
                                                      const std::optional<Ip>& last_reserved);

}  // namespace podwire::host_local
