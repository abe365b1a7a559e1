#include "libcni/kernel/nft.h"

namespace podwire::kernel {

Result<Nft> Nft::open() {
  return Nft(TRY(in_context(Netlink::open(NETLINK_NETFILTER), "nf_tables")));
}

}  // namespace podwire::kernel
