// A rule that another program wrote, as far as podwire understands it: whose it is, where it jumps, and the
// few matches by which the reference plugins' rules are told apart. Pure. Both dialects are read: that of
// nft, and that of iptables-nft, which keeps comments and targets as xtables extensions.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "libcni/base/ip.h"
#include "libcni/kernel/nft_attribute.h"

namespace podwire::kernel {

struct ForeignRule {
  std::string chain;
  std::uint64_t handle = 0;       ///< names the rule within its table
  std::string comment;            ///< the rule's own, or that of an xtables "comment" match
  std::string target;             ///< the chain of a jump or goto; "": none
  std::optional<Ip> source;       ///< `ip saddr A` or `ip6 saddr A`; nothing when a prefix is matched
  std::string in_link;            ///< `iifname "x"`; "": none
  std::optional<Mac> source_mac;  ///< `ether saddr M`
  bool masquerades = false;
  bool drops = false;
};

/// From the attributes of a NFT_MSG_NEWRULE; what is malformed or unknown is left out.
[[nodiscard]] ForeignRule decode_foreign_rule(const Attributes& rule);

}  // namespace podwire::kernel
