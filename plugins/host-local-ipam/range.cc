#include "plugins/host-local-ipam/range.h"

#include <fmt/format.h>

#include <algorithm>

#include "libcni/base/text.h"

namespace podwire::host_local {
namespace {

/// A /31 or /127 has no room for network address, gateway and an address to hand out.
constexpr int kMinHostBits = 2;

Ip step(const Ip& ip, int by) {
  return Ip::from_number(ip.family(), by > 0 ? ip.number() + 1 : ip.number() - 1);
}

std::unexpected<Error> invalid(std::string message) {
  return fail(Code::kInvalidNetworkConfig, std::move(message));
}

/// IPv4 keeps its broadcast address out of the range; IPv6 has none.
Ip default_end(const Cidr& subnet) {
  return subnet.ip.is_v4() ? step(subnet.last(), -1) : subnet.last();
}

/// Appends [first, last] of a range, in two pieces when the range's gateway lies between.
void append_without_gateway(std::vector<Candidates>& out, const Range& range, const Ip& first,
                            const Ip& last) {
  const Ip& gateway = range.gateway;
  if (gateway < first || last < gateway) {
    out.push_back({.first = first, .last = last, .range = &range});
    return;
  }
  if (first < gateway) out.push_back({.first = first, .last = step(gateway, -1), .range = &range});
  if (gateway < last) out.push_back({.first = step(gateway, +1), .last = last, .range = &range});
}

}  // namespace

std::string Range::text() const {
  return fmt::format("{}-{}", first.text(), last.text());
}

Result<Range> complete_range(const RangeRequest& request) {
  if (!request.subnet) return invalid("subnet is missing");
  const Cidr& subnet = *request.subnet;
  if (address_bits(subnet.ip.family()) - subnet.prefix_length < kMinHostBits) {
    return invalid(fmt::format("Network {} too small to allocate from", subnet.text()));
  }
  if (subnet.network() != subnet) {
    return invalid(
        fmt::format("Network has host bits set. For a subnet mask of length {} the network address is {}",
                    subnet.prefix_length, subnet.network().ip.text()));
  }
  const Ip network_plus_one = step(subnet.ip, +1);
  const Range range{.subnet = subnet,
                    .first = request.start.value_or(network_plus_one),
                    .last = request.end.value_or(default_end(subnet)),
                    .gateway = request.gateway.value_or(network_plus_one)};
  // With a start and an end that are swapped, the start is the one named, as the reference does.
  if (!subnet.contains(range.first) ||
      (request.start && subnet.contains(range.last) && range.last < range.first)) {
    return invalid(fmt::format("RangeStart {} not in network {}", range.first.text(), subnet.text()));
  }
  if (!subnet.contains(range.last) || range.last < range.first) {
    return invalid(fmt::format("RangeEnd {} not in network {}", range.last.text(), subnet.text()));
  }
  return range;
}

Result<RangeSet> complete_range_set(const std::vector<RangeRequest>& requests) {
  if (requests.empty()) return invalid("empty range set");
  RangeSet set;
  for (const RangeRequest& request : requests) {
    const Range range = TRY(complete_range(request));
    if (!set.empty() && set.front().first.family() != range.first.family()) {
      return invalid("mixed address families");
    }
    set.push_back(range);
  }
  for (auto a = set.begin(); a != set.end(); ++a) {
    const auto b = std::find_if(a + 1, set.end(), [&](const Range& other) { return a->overlaps(other); });
    if (b != set.end()) return invalid(fmt::format("subnets {} and {} overlap", a->text(), b->text()));
  }
  return set;
}

const Range* find_range(const RangeSet& set, const Ip& ip) {
  const auto found = std::ranges::find_if(set, [&](const Range& range) { return range.contains(ip); });
  return found == set.end() ? nullptr : &*found;
}

bool overlaps(const RangeSet& a, const RangeSet& b) {
  return std::ranges::any_of(a, [&](const Range& x) {
    return std::ranges::any_of(b, [&](const Range& y) { return x.overlaps(y); });
  });
}

std::string text(const RangeSet& set) {
  std::vector<std::string> pieces;
  pieces.reserve(set.size());
  for (const Range& range : set) pieces.push_back(range.text());
  return join(pieces, ",");
}

std::vector<Candidates> plan_candidates(const RangeSet& set, const std::optional<Ip>& last_reserved) {
  std::vector<Candidates> out;
  const Range* cursor = last_reserved ? find_range(set, *last_reserved) : nullptr;
  std::size_t start = 0;
  if (cursor != nullptr) {
    start = static_cast<std::size_t>(cursor - set.data()) + 1;
    if (*last_reserved < cursor->last) {
      append_without_gateway(out, *cursor, step(*last_reserved, +1), cursor->last);
    }
  }
  // The cursor's own range closes the circle, up to and including the last reserved address.
  const std::size_t whole = cursor != nullptr ? set.size() - 1 : set.size();
  for (std::size_t i = 0; i < whole; ++i) {
    const Range& range = set[(start + i) % set.size()];
    append_without_gateway(out, range, range.first, range.last);
  }
  if (cursor != nullptr) append_without_gateway(out, *cursor, cursor->first, *last_reserved);
  return out;
}

}  // namespace podwire::host_local
