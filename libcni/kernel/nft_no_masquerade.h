// The sets of destinations that are never masqueraded.
#pragma once

#include <span>

#include "libcni/kernel/nft.h"
#include "libcni/kernel/nft_base.h"
#include "libcni/kernel/nft_interval.h"

namespace podwire::kernel {

using plan::multicast_destinations;

/// Fills the batch so that the destinations are covered. Sets that are missing, and their table, are made in
/// it.
[[nodiscard]] Result<void> plan_no_masquerade(Netlink& netlink, NftBatch& batch,
                                              std::span<const NoMasqueradeElement> elements);

}  // namespace podwire::kernel
