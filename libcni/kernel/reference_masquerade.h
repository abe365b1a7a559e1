// Masquerading as the reference plugins set it up, for the attachments they made before a migration:
//
//   iptables backend (iptables-nft), tables `ip nat` and `ip6 nat`: a chain for each container and network;
//   for each
//     address a jump to it from POSTROUTING (`-s <address>`)
//   nftables backend (from release 1.6 on), table `inet cni_plugins_masquerade`: a rule for each address in
//   the chain
//     masq_checks
//
// plan/reference.h says how they are named. Only what carries the name and the comment of an attachment is
// touched, by compare-and-swap on the ruleset generation. The socket is of NETLINK_NETFILTER, and its network
// namespace is the one worked in. Legacy iptables keeps its rules elsewhere: legacy_iptables.h.
#pragma once

#include <set>
#include <span>
#include <string>
#include <vector>

#include "libcni/base/error.h"
#include "libcni/base/ip.h"
#include "libcni/kernel/netlink.h"
#include "libcni/kernel/nft_foreign_rule.h"
#include "libcni/plan/reference.h"
#include "libcni/spec/invocation.h"

namespace podwire::kernel {

/// DEL. Removes the attachment's masquerading; nothing there is success, at the price of three small
/// requests. `spared`: addresses of the container's other attachments, which may share its chain; their part
/// stays. Returns the addresses that are masqueraded no longer.
[[nodiscard]] Result<std::vector<Ip>> remove_reference_masquerade(Netlink& netfilter,
                                                                  const spec::Attachment& attachment,
                                                                  std::span<const Ip> spared);

struct ReferenceGarbage {
  std::vector<Ip> addresses;            ///< masqueraded no longer
  std::set<std::string> container_ids;  ///< whose chains were removed
};
/// GC. Removes the masquerading of the network's attachments that are not valid. A chain stays while any
/// attachment of its container to the network is valid.
[[nodiscard]] Result<ReferenceGarbage> collect_reference_masquerade(
    Netlink& netfilter, const std::string& network, const std::vector<spec::Attachment>& valid);

/// CHECK. Success when the address reaches a rule that masquerades it; Code::kMissing names what is gone.
[[nodiscard]] Result<void> verify_reference_masquerade(Netlink& netfilter, const spec::Attachment& attachment,
                                                       const Ip& address);

/// What to take out of a table `nat` whose rules are `rules`, so that an owner's masquerading ends. Pure.
struct ChainRemoval {
  std::vector<const ForeignRule*> jumps;  ///< of `rules`
  bool whole_chain = false;               ///< no jump is left that leads to the chain
};
[[nodiscard]] ChainRemoval plan_chain_removal(std::span<const ForeignRule> rules,
                                              const plan::reference::ChainOwner& owner,
                                              std::span<const Ip> spared);

}  // namespace podwire::kernel
