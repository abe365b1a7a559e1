// Elements that belong to somebody: adding them against other claims, removing them by owner.
#pragma once

#include <span>

#include "libcni/kernel/nft.h"
#include "libcni/kernel/nft_batch.h"
#include "libcni/kernel/nft_set.h"

namespace podwire::kernel {

/// Fills the batch so that the elements are there with their owner: equal ones are left, those of another
/// owner replaced.
[[nodiscard]] Result<void> plan_elements(Netlink& netlink, NftBatch& batch, const SetName& set,
                                         std::span<const SetElement> elements);

/// Elements of one set, of which the keys matter.
struct SetElements {
  SetName set;
  std::vector<SetElement> elements;
};

/// Removes those of the elements that are there and whose owner satisfies the predicate, in one
/// compare-and-swap: for few elements, because their number is what it costs to look at them again after
/// somebody else's change. `ready` as in compare_and_swap().
[[nodiscard]] Result<void> remove_elements(Netlink& netlink, std::span<const SetElements> elements,
                                           const Nft::OwnerPredicate& matches,
                                           std::function<Result<void>()> ready = {});

/// Removes the elements of sets without intervals whose owner satisfies the predicate, and no others, even if
/// owners change meanwhile. Absent sets are success. Each compare-and-swap covers the moment between a second
/// look at a few elements and their removal, not the time of a dump, so that it succeeds while others write.
[[nodiscard]] Result<void> remove_owned(Netlink& netlink, std::span<const SetName> sets,
                                        const Nft::OwnerPredicate& matches);

}  // namespace podwire::kernel
