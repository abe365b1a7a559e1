// Connection tracking entries of an address (ctnetlink).
#pragma once

#include <span>

#include "libcni/base/error.h"
#include "libcni/base/ip.h"

namespace podwire::kernel {

/// Deletes every flow whose original source or destination, or reply source, is one of the addresses, in the
/// calling thread's network namespace, so that a next owner of the address does not inherit them. Returns how
/// many. A kernel without connection tracking has none.
[[nodiscard]] Result<std::size_t> flush_conntrack(std::span<const Ip> addresses);

}  // namespace podwire::kernel
