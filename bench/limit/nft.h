// Masquerading by set elements, as podwire does it (libcni/kernel/nft.h), in a table of its own: inet limit.
#pragma once

#include "bench/limit/netlink.h"
#include "bench/limit/settings.h"

namespace podwire::limit {

/// Adds the pod's addresses to the sets, in one transaction. The table is made in a transaction before it
/// when there is none.
void add_masquerade(Socket& socket, const Settings& settings);

/// Removes the addresses; absent ones are success. The kernel frees the elements a grace period later, and
/// lets the socket close only then: keep it open while there is something else to wait for.
void remove_masquerade(Socket& socket, const Settings& settings);

}  // namespace podwire::limit
