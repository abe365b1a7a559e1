// Connection tracking entries of an address (ctnetlink).
#pragma once

#include <cstdint>
#include <span>

#include "libcni/base/error.h"
#include "libcni/base/ip.h"
#include "libcni/kernel/netlink.h"

namespace podwire::kernel {

/// Deletes every flow whose original source or destination, or reply source, is one of the addresses, in the
/// network namespace of the socket (NETLINK_NETFILTER), so that a next owner of the address does not inherit
/// them. A kernel without connection tracking has none. Cost: some 15 µs in a namespace without any flow, half a
/// millisecond per IPv4 address otherwise (IPCTNL_MSG_CT_DELETE with CTA_FILTER, kernel 6.11); IPv6 as below.
[[nodiscard]] Result<void> flush_conntrack(Netlink& netfilter, std::span<const Ip> addresses);

/// The same on older kernels and for IPv6, which flush_conntrack() turns to by itself: the flows are read and deleted one by one.
/// Each reading is a walk of the kernel's hash table with bottom halves disabled: 11 ms with the 262,144 buckets of a
/// larger machine. `flows`: how many there are, or more; beyond some thousands the kernel filters what it sends.
[[nodiscard]] Result<void> flush_conntrack_by_dump(Netlink& netfilter, std::span<const Ip> addresses,
                                                   std::uint32_t flows);

}  // namespace podwire::kernel
