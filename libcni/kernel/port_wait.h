// Waiting for a link to carry traffic, by event.
#pragma once

#include <chrono>
#include <string>

#include "libcni/base/error.h"
#include "libcni/kernel/netlink.h"

namespace podwire::kernel {

/// Returns when the link's operational state (RFC 2863) is up or unknown.
/// On kernels from 6.8 asking is enough: rtnl_getlink() runs the pending link watch work of the link before
/// it answers. Older ones run it on a work queue; then the link's RTM_NEWLINK events are read until
/// `deadline`. kTryAgainLater when the deadline passes.
[[nodiscard]] Result<void> await_operational(Netlink& netlink, const std::string& link,
                                             std::chrono::milliseconds deadline);

}  // namespace podwire::kernel
