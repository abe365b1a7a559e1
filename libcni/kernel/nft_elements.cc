#include "libcni/kernel/nft_elements.h"

#include <linux/netfilter/nf_tables.h>

#include <algorithm>

namespace podwire::kernel {
namespace {

/// Elements removed by one compare-and-swap: enough to make garbage collection quick, few enough to look at
/// again in some 100 µs.
constexpr std::size_t kRemovedAtOnce = 32;

Result<std::vector<SetElement>> matching_elements(Netlink& netlink, const SetName& set,
                                                  const Nft::OwnerPredicate& matches) {
  auto elements = TRY(read_set(netlink, set)).value_or(std::vector<SetElement>());
  std::erase_if(elements, [&](const SetElement& element) { return !matches(element.owner); });
  return elements;
}

}  // namespace

Result<void> plan_elements(Netlink& netlink, NftBatch& batch, const SetName& set,
                           std::span<const SetElement> elements) {
  std::vector<SetElement> replaced;
  std::vector<SetElement> added;
  for (const SetElement& element : elements) {
    const auto present = TRY(find_element(netlink, set, element.key));
    if (present && present->owner == element.owner) continue;
    if (present) replaced.push_back(element);
    added.push_back(element);
  }
  batch.add(encode_elements(NFT_MSG_DELSETELEM, 0, set, replaced));
  batch.add(encode_elements(NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL, set, added));
  return {};
}

Result<void> remove_elements(Netlink& netlink, std::span<const SetElements> elements,
                             const Nft::OwnerPredicate& matches, std::function<Result<void>()> ready) {
  const auto plan = [&](NftBatch& batch) -> Result<void> {
    for (const SetElements& set : elements) {
      std::vector<SetElement> still_owned;
      for (const SetElement& element : set.elements) {
        const auto present = TRY(find_element(netlink, set.set, element.key));
        if (present && matches(present->owner)) still_owned.push_back(element);
      }
      batch.add(encode_elements(NFT_MSG_DELSETELEM, 0, set.set, still_owned));
    }
    return {};
  };
  return compare_and_swap(netlink, "cannot remove nftables elements", plan, std::move(ready));
}

Result<void> remove_owned(Netlink& netlink, std::span<const SetName> sets,
                          const Nft::OwnerPredicate& matches) {
  for (const SetName& set : sets) {
    const auto owned = TRY(matching_elements(netlink, set, matches));
    for (std::span<const SetElement> rest(owned); !rest.empty();) {
      const auto some = rest.first(std::min(kRemovedAtOnce, rest.size()));
      const SetElements chunk{.set = set, .elements = {some.begin(), some.end()}};
      TRY(remove_elements(netlink, std::span(&chunk, 1), matches));
      rest = rest.subspan(some.size());
    }
  }
  return {};
}

}  // namespace podwire::kernel
