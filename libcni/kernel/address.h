// Addresses and routes of a link over rtnetlink.
#pragma once

#include <cstdint>
#include <vector>

#include "libcni/base/ip.h"
#include "libcni/kernel/netlink.h"
#include "libcni/spec/result.h"

namespace podwire::kernel {

struct LinkAddress {
  Cidr address;
  std::uint32_t flags = 0;  ///< IFA_F_*
  std::uint8_t scope = 0;   ///< RT_SCOPE_*
};

/// Adds an address; IPv4 ones with their broadcast address. EEXIST when it is there. `flags`: IFA_F_*.
[[nodiscard]] KernelResult<void> add_address(Netlink& netlink, int link, const Cidr& address,
                                             std::uint32_t flags);
/// EADDRNOTAVAIL when it is not there.
[[nodiscard]] KernelResult<void> delete_address(Netlink& netlink, int link, const Cidr& address);
/// Both families.
[[nodiscard]] KernelResult<std::vector<LinkAddress>> list_addresses(Netlink& netlink, int link);

/// Unicast routes through the link, of every table, both families.
[[nodiscard]] KernelResult<std::vector<spec::Route>> list_routes(Netlink& netlink, int link);

/// Pure encoders, for tests.
[[nodiscard]] Message encode_address(std::uint16_t type, int link, const Cidr& address, std::uint32_t flags);
/// RTM_NEWROUTE through the link; without `gw` it is on-link. Attributes as in spec::Route.
[[nodiscard]] Message encode_route(int link, const spec::Route& route);

}  // namespace podwire::kernel
