// Who is masqueraded, and the end of it: set elements, and the connections that were translated through them.
#pragma once

#include <vector>

#include "libcni/base/error.h"
#include "libcni/base/ip.h"
#include "libcni/kernel/nft.h"

namespace podwire::kernel {

/// Every masqueraded address of this host, from the owner tags of its links.
[[nodiscard]] Result<std::vector<MasqueradeElement>> masqueraded_by_tags(Netlink& host);

/// Removes the masquerade elements of the owners that match. Returns their addresses, whose tracked
/// connections are to be flushed next: a later pod with the same address must not get answers that were meant
/// for this one.
[[nodiscard]] Result<std::vector<Ip>> end_masquerade(Nft& nft, const Nft::OwnerPredicate& matches);

/// flush_conntrack() on a socket of its own, in the calling thread's network namespace.
[[nodiscard]] Result<void> flush_connections(const std::vector<Ip>& addresses);

}  // namespace podwire::kernel
