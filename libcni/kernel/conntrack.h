// Connection tracking entries of an address (ctnetlink).
#pragma once

#include <span>

#include "libcni/base/error.h"
#include "libcni/base/ip.h"
#include "libcni/kernel/netlink.h"

namespace podwire::kernel {

/// Deletes every flow whose original source or destination, or reply source, is one of the addresses, in the
/// network namespace of the socket (NETLINK_NETFILTER), so that a next owner of the address does not inherit
/// them. Returns how many. A kernel without connection tracking has none. Cost: some 15 µs in a namespace
/// without any flow; else at least one walk of the kernel's hash table, which all namespaces share: 8 ms with
/// the 262,144 buckets of a larger machine, and proportionally less with fewer.
[[nodiscard]] Result<std::size_t> flush_conntrack(Netlink& netfilter, std::span<const Ip> addresses);

}  // namespace podwire::kernel
