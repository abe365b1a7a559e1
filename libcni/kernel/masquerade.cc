#include "libcni/kernel/masquerade.h"

#include "libcni/kernel/conntrack.h"
#include "libcni/kernel/netlink.h"

namespace podwire::kernel {

Result<std::vector<Ip>> end_masquerade(Nft& nft, const Nft::OwnerPredicate& matches) {
  std::vector<Ip> addresses;
  for (const MasqueradeElement& element : TRY(nft.masquerade_elements())) {
    if (matches(element.owner)) addresses.push_back(element.address);
  }
  if (!addresses.empty()) TRY(nft.remove_masquerade(matches));
  return addresses;
}

Result<void> flush_connections(const std::vector<Ip>& addresses) {
  if (addresses.empty()) return {};
  Netlink netfilter = TRY(Netlink::open(NETLINK_NETFILTER));
  TRY(flush_conntrack(netfilter, addresses));
  return {};
}

}  // namespace podwire::kernel
