// Everything of a kind in the socket's network namespace, for tools that look and change nothing.
#pragma once

#include <cstdint>
#include <optional>
#include <vector>

#include "libcni/base/ip.h"
#include "libcni/kernel/netlink.h"

namespace podwire::kernel {

struct HostAddress {
  int link = 0;  ///< ifindex
  Cidr address;
};
/// Both families, all links.
[[nodiscard]] KernelResult<std::vector<HostAddress>> list_all_addresses(Netlink& netlink);

/// A unicast route. One with several next hops comes once per next hop.
struct HostRoute {
  Cidr destination;
  std::optional<Ip> gateway;
  int link = 0;               ///< ifindex; 0: none
  std::uint32_t table = 0;    ///< RT_TABLE_*
  std::uint32_t metric = 0;   ///< the lower, the better
  std::uint8_t protocol = 0;  ///< RTPROT_*: RTPROT_RA when a router advertisement made it

  [[nodiscard]] bool is_default() const { return destination.prefix_length == 0; }
};
/// Both families, all tables.
[[nodiscard]] KernelResult<std::vector<HostRoute>> list_all_routes(Netlink& netlink);

/// Entries of the neighbour table of a family (what gc_thresh3 limits, permanent ones apart).
[[nodiscard]] KernelResult<std::size_t> count_neighbours(Netlink& netlink, Family family);

/// How the socket's namespace numbers the one behind the descriptor (IFLA_LINK_NETNSID has these numbers).
/// Nothing: it has no number, so no link here leads there.
[[nodiscard]] KernelResult<std::optional<int>> netns_number(Netlink& netlink, int netns_fd);

}  // namespace podwire::kernel
