// The nf_tables ruleset of a network namespace, everybody's tables included, as values: for tools that tell
// what it does to a packet. iptables-nft's rules are in it too. Nothing is interpreted here.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libcni/kernel/netlink.h"

namespace podwire::kernel {

struct NftExpression {
  std::string name;                ///< "cmp", "payload", "match", ... (NFTA_EXPR_NAME)
  std::vector<std::uint8_t> data;  ///< its attributes (NFTA_EXPR_DATA)
};

struct NftRule {
  std::uint64_t handle = 0;
  std::vector<NftExpression> expressions;
};

struct NftChain {
  /// Where packets enter a base chain.
  struct Hook {
    std::uint32_t number = 0;  ///< NF_INET_FORWARD, NF_BR_FORWARD, ...
    std::int32_t priority = 0;
    std::uint32_t policy = 0;  ///< NF_ACCEPT, NF_DROP
    std::string type;          ///< "filter", "nat", "route"
  };
  std::uint8_t family = 0;  ///< NFPROTO_*
  std::string table;
  std::string name;
  std::optional<Hook> hook;
  std::vector<NftRule> rules;
};

/// An element of a set or of a verdict map. Ranges come as a key with its end, or (older interval sets) as
/// two elements, the second being the first key behind the range.
struct NftEntry {
  std::vector<std::uint8_t> key;
  std::vector<std::uint8_t> key_end;
  bool interval_end = false;
  bool catch_all = false;                    ///< matches what no other does
  std::optional<std::int32_t> verdict = {};  ///< of a verdict map: NF_DROP, NFT_JUMP, ...
  std::string chain;                         ///< of a jump
};

struct NftSet {
  std::uint8_t family = 0;
  std::string table;
  std::string name;
  std::vector<NftEntry> entries;  ///< sorted by key
};

/// Chains of a table, by what other chains of it say.
struct NftRuleset {
  std::vector<NftChain> chains;
  std::vector<NftSet> sets;

  /// In the table of `beside`. Null when there is none.
  [[nodiscard]] const NftChain* find_chain(const NftChain& beside, std::string_view name) const;
  [[nodiscard]] const NftSet* find_set(const NftChain& beside, std::string_view name) const;
};

/// The base chains on a hook (NF_INET_FORWARD), of all families but netdev, and what they lead to: chains
/// they jump to, sets they look up. Dormant tables are left out. Chains that lead nowhere near the hook are
/// not read: there may be tens of thousands. A kernel without nf_tables has an empty ruleset. Error: kKernel.
[[nodiscard]] Result<NftRuleset> read_ruleset(Netlink& netlink, std::uint32_t hook);

/// Names of tables, "inet podwire".
[[nodiscard]] Result<std::vector<std::string>> list_tables(Netlink& netlink);

/// What a rule leads to, by name.
struct NftReferences {
  std::vector<std::string> chains;
  std::vector<std::string> sets;
};
[[nodiscard]] NftReferences references_of(const NftRule& rule);

/// Decoders of single messages; nothing when the message is malformed.
[[nodiscard]] std::optional<NftChain> decode_chain(const nlmsghdr& message);
[[nodiscard]] NftRule decode_rule(const nlmsghdr& message);
void decode_entries(const nlmsghdr& message, std::vector<NftEntry>& entries);

}  // namespace podwire::kernel
