#include "libcni/kernel/reference_masquerade.h"

#include <fmt/format.h>
#include <linux/netfilter.h>

#include <algorithm>
#include <array>
#include <functional>

#include "libcni/kernel/nft_batch.h"
#include "libcni/kernel/nft_foreign_chain.h"

namespace podwire::kernel {
namespace {

namespace reference = plan::reference;
using reference::ChainOwner;

constexpr std::string_view kWhatRemove = "cannot remove masquerading that the reference plugin set up";
constexpr std::string_view kPostrouting = "POSTROUTING";

/// Tables of iptables-nft.
constexpr std::array kNatTables{TableName{.family = NFPROTO_IPV4, .name = "nat"},
                                TableName{.family = NFPROTO_IPV6, .name = "nat"}};
constexpr TableName kRuleTable{.family = NFPROTO_INET, .name = "cni_plugins_masquerade"};
constexpr std::string_view kRuleChain = "masq_checks";

/// Chains removed by one compare-and-swap: garbage collection of hundreds stays one batch of bounded size
/// each.
constexpr std::size_t kChainsAtOnce = 32;

void keep_source(const ForeignRule& rule, std::vector<Ip>& addresses) {
  if (!rule.source) return;
  if (std::ranges::find(addresses, *rule.source) == addresses.end()) addresses.push_back(*rule.source);
}

/// A jump that matches a whole prefix (as the first releases wrote it) cannot be told from that of a spared
/// address.
bool is_spared(const ForeignRule& jump, std::span<const Ip> spared) {
  if (!jump.source) return !spared.empty();
  return std::ranges::find(spared, *jump.source) != spared.end();
}

/// A table `nat` as it was read.
struct NatTable {
  TableName name;
  std::vector<ForeignRule> rules;
};

Result<NatTable> read_nat(Netlink& netfilter, const TableName& name) {
  auto rules = TRY(list_rules(netfilter, name));
  return NatTable{.name = name, .rules = std::move(rules)};
}

/// Fills the batch so that the owner's masquerading ends; for which addresses.
std::vector<Ip> plan_owner(NftBatch& batch, const NatTable& table, const ChainOwner& owner,
                           std::span<const Ip> spared) {
  std::vector<Ip> addresses;
  const ChainRemoval removal = plan_chain_removal(table.rules, owner, spared);
  for (const ForeignRule* jump : removal.jumps) {
    delete_rule(batch, table.name, *jump);
    keep_source(*jump, addresses);
  }
  if (removal.whole_chain) delete_chain(batch, table.name, reference::chain_name(owner));
  return addresses;
}

Result<std::vector<Ip>> remove_chain(Netlink& netfilter, const TableName& table, const ChainOwner& owner,
                                     std::span<const Ip> spared) {
  const std::string chain = reference::chain_name(owner);
  std::vector<Ip> addresses;
  if (!TRY(chain_exists(netfilter, table, chain))) return addresses;
  TRY(compare_and_swap(netfilter, kWhatRemove, [&](NftBatch& batch) -> Result<void> {
    addresses.clear();
    if (!TRY(chain_exists(netfilter, table, chain))) return {};
    addresses = plan_owner(batch, TRY(read_nat(netfilter, table)), owner, spared);
    return {};
  }));
  return addresses;
}

/// Removes the rules of the nftables backend whose key satisfies `dead`.
Result<std::vector<Ip>> remove_rules(Netlink& netfilter, const std::function<bool(std::string_view)>& dead) {
  const auto dead_rules = [&]() -> Result<std::vector<ForeignRule>> {
    auto rules = TRY(list_rules(netfilter, kRuleTable, kRuleChain));
    std::erase_if(rules,
                  [&](const ForeignRule& rule) { return !dead(reference::rule_key_in(rule.comment)); });
    return rules;
  };
  std::vector<Ip> addresses;
  if (TRY(dead_rules()).empty()) return addresses;
  TRY(compare_and_swap(netfilter, kWhatRemove, [&](NftBatch& batch) -> Result<void> {
    addresses.clear();
    for (const ForeignRule& rule : TRY(dead_rules())) {
      delete_rule(batch, kRuleTable, rule);
      keep_source(rule, addresses);
    }
    return {};
  }));
  return addresses;
}

/// The owner of the chain that a rule is in or jumps to; nothing when the chain's name is not derived from
/// the owner that the comment claims.
std::optional<ChainOwner> owner_of(const ForeignRule& rule) {
  auto owner = reference::parse_chain_comment(rule.comment);
  if (!owner) return std::nullopt;
  const std::string chain = reference::chain_name(*owner);
  if (rule.chain != chain && rule.target != chain) return std::nullopt;
  return owner;
}

Result<std::vector<ChainOwner>> dead_owners(Netlink& netfilter, const TableName& table,
                                            const std::string& network,
                                            const std::set<std::string>& valid_ids) {
  std::set<ChainOwner> dead;
  for (const ForeignRule& rule : TRY(list_rules(netfilter, table))) {
    auto owner = owner_of(rule);
    if (owner && owner->network == network && !valid_ids.contains(owner->container_id)) {
      dead.insert(*std::move(owner));
    }
  }
  return std::vector<ChainOwner>(dead.begin(), dead.end());
}

/// Those of the owners that still have rules in the table.
std::vector<Ip> plan_owners(NftBatch& batch, const NatTable& table, std::span<const ChainOwner> owners) {
  std::set<ChainOwner> present;
  for (const ForeignRule& rule : table.rules) {
    if (auto owner = owner_of(rule)) present.insert(*std::move(owner));
  }
  std::vector<Ip> addresses;
  for (const ChainOwner& owner : owners) {
    if (!present.contains(owner)) continue;
    const auto ended = plan_owner(batch, table, owner, {});
    addresses.insert(addresses.end(), ended.begin(), ended.end());
  }
  return addresses;
}

Result<std::vector<Ip>> collect_chains(Netlink& netfilter, const TableName& table,
                                       std::span<const ChainOwner> owners) {
  std::vector<Ip> collected;
  for (std::span<const ChainOwner> rest = owners; !rest.empty();) {
    const auto some = rest.first(std::min(kChainsAtOnce, rest.size()));
    std::vector<Ip> addresses;
    TRY(compare_and_swap(netfilter, kWhatRemove, [&](NftBatch& batch) -> Result<void> {
      addresses = plan_owners(batch, TRY(read_nat(netfilter, table)), some);
      return {};
    }));
    collected.insert(collected.end(), addresses.begin(), addresses.end());
    rest = rest.subspan(some.size());
  }
  return collected;
}

std::unexpected<Error> not_masqueraded(const Ip& address, std::string_view why) {
  return fail(Code::kMissing, fmt::format("{} is not masqueraded any more: {}", address.text(), why));
}

/// True when the nftables backend masquerades the address.
Result<bool> masqueraded_by_rule(Netlink& netfilter, const std::string& key, const Ip& address) {
  const auto rules = TRY(list_rules(netfilter, kRuleTable));
  const bool reached = std::ranges::any_of(rules, [](const ForeignRule& rule) {
    return rule.chain == "postrouting" && rule.target == kRuleChain;
  });
  return reached && std::ranges::any_of(rules, [&](const ForeignRule& rule) {
           return rule.chain == kRuleChain && reference::rule_key_in(rule.comment) == key &&
                  rule.masquerades && rule.source == address;
         });
}

Result<void> verify_chain(Netlink& netfilter, const ChainOwner& owner, const Ip& address) {
  const TableName& table = address.is_v4() ? kNatTables[0] : kNatTables[1];
  const std::string chain = reference::chain_name(owner);
  const std::string name = fmt::format("chain {} of table {} nat", chain, address.is_v4() ? "ip" : "ip6");
  if (!TRY(chain_exists(netfilter, table, chain))) {
    return not_masqueraded(
        address, fmt::format("{} is gone, and table inet {} has no rule for it", name, kRuleTable.name));
  }
  const auto inside = TRY(list_rules(netfilter, table, chain));
  if (std::ranges::none_of(inside, &ForeignRule::masquerades)) {
    return not_masqueraded(address, name + " has no masquerading rule");
  }
  const auto postrouting = TRY(list_rules(netfilter, table, kPostrouting));
  const bool reached = std::ranges::any_of(postrouting, [&](const ForeignRule& rule) {
    return rule.target == chain && (!rule.source || rule.source == address);
  });
  if (!reached) return not_masqueraded(address, fmt::format("no rule in {} jumps to {}", kPostrouting, name));
  return {};
}

}  // namespace

ChainRemoval plan_chain_removal(std::span<const ForeignRule> rules, const ChainOwner& owner,
                                std::span<const Ip> spared) {
  const std::string chain = reference::chain_name(owner);
  const std::string comment = reference::chain_comment(owner);
  ChainRemoval removal{.jumps = {}, .whole_chain = true};
  for (const ForeignRule& rule : rules) {
    if (rule.target != chain) continue;
    if (rule.chain == kPostrouting && rule.comment == comment && !is_spared(rule, spared)) {
      removal.jumps.push_back(&rule);
    } else {
      removal.whole_chain = false;
    }
  }
  return removal;
}

Result<std::vector<Ip>> remove_reference_masquerade(Netlink& netfilter, const spec::Attachment& attachment,
                                                    std::span<const Ip> spared) {
  const ChainOwner owner{.network = attachment.network, .container_id = attachment.container_id};
  const std::string key = reference::rule_key(attachment);
  std::vector<Ip> addresses =
      TRY(remove_rules(netfilter, [&](std::string_view other) { return other == key; }));
  for (const TableName& table : kNatTables) {
    const auto removed = TRY(remove_chain(netfilter, table, owner, spared));
    addresses.insert(addresses.end(), removed.begin(), removed.end());
  }
  return addresses;
}

Result<ReferenceGarbage> collect_reference_masquerade(Netlink& netfilter, const std::string& network,
                                                      const std::vector<spec::Attachment>& valid) {
  const std::string prefix = reference::rule_key_prefix(network);
  std::set<std::string, std::less<>> valid_keys;
  std::set<std::string> valid_ids;
  for (const spec::Attachment& attachment : valid) {
    valid_keys.insert(reference::rule_key(attachment));
    valid_ids.insert(attachment.container_id);
  }
  ReferenceGarbage garbage;
  garbage.addresses = TRY(remove_rules(
      netfilter, [&](std::string_view key) { return key.starts_with(prefix) && !valid_keys.contains(key); }));
  for (const TableName& table : kNatTables) {
    const auto owners = TRY(dead_owners(netfilter, table, network, valid_ids));
    const auto ended = TRY(collect_chains(netfilter, table, owners));
    garbage.addresses.insert(garbage.addresses.end(), ended.begin(), ended.end());
    for (const ChainOwner& owner : owners) garbage.container_ids.insert(owner.container_id);
  }
  return garbage;
}

Result<void> verify_reference_masquerade(Netlink& netfilter, const spec::Attachment& attachment,
                                         const Ip& address) {
  if (TRY(masqueraded_by_rule(netfilter, reference::rule_key(attachment), address))) return {};
  return verify_chain(netfilter, {.network = attachment.network, .container_id = attachment.container_id},
                      address);
}

}  // namespace podwire::kernel
