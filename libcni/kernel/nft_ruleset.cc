#include "libcni/kernel/nft_ruleset.h"

#include <endian.h>
#include <fmt/format.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>
#include <deque>
#include <set>

#include "libcni/kernel/nft_attribute.h"
#include "libcni/kernel/nft_batch.h"

namespace podwire::kernel {
namespace {

std::vector<std::uint8_t> bytes_of(std::optional<std::span<const std::uint8_t>> value) {
  return value ? std::vector<std::uint8_t>(value->begin(), value->end()) : std::vector<std::uint8_t>{};
}

std::uint8_t family_of(const nlmsghdr& message) {
  if (message.nlmsg_len < NLMSG_LENGTH(sizeof(nfgenmsg))) return NFPROTO_UNSPEC;
  return reinterpret_cast<const nfgenmsg*>(reinterpret_cast<const char*>(&message) + NLMSG_HDRLEN)
      ->nfgen_family;
}

bool is_lookup(const NftExpression& expression) {
  return expression.name == "lookup";
}

/// How kernels without nf_tables refuse.
bool is_unsupported(int error_number) {
  constexpr std::array kRefusals{EPROTONOSUPPORT, EOPNOTSUPP, EINVAL, EAFNOSUPPORT};
  return std::ranges::find(kRefusals, error_number) != kRefusals.end();
}

std::string_view family_name(std::uint8_t family) {
  switch (family) {
    case NFPROTO_INET:
      return "inet";
    case NFPROTO_IPV4:
      return "ip";
    case NFPROTO_IPV6:
      return "ip6";
    case NFPROTO_ARP:
      return "arp";
    case NFPROTO_BRIDGE:
      return "bridge";
    case NFPROTO_NETDEV:
      return "netdev";
    default:
      return "unknown";
  }
}

/// Reads a ruleset from its base chains on.
class Reader {
 public:
  explicit Reader(Netlink& netlink) : netlink_(netlink) {}

  Result<NftRuleset> read(std::uint32_t hook) {
    const auto dormant = TRY(dormant_tables());
    for (NftChain& chain : TRY(all_chains())) {
      if (!chain.hook || chain.hook->number != hook || chain.family == NFPROTO_NETDEV ||
          chain.family == NFPROTO_ARP || dormant.contains({chain.family, chain.table})) {
        continue;
      }
      visited_.insert({chain.family, chain.table, chain.name});
      pending_.push_back(std::move(chain));
    }
    while (!pending_.empty()) {
      NftChain chain = std::move(pending_.front());
      pending_.pop_front();
      TRY(read_rules(chain));
      TRY(follow(chain));
      ruleset_.chains.push_back(std::move(chain));
    }
    return std::move(ruleset_);
  }

  Result<std::set<std::pair<std::uint8_t, std::string>>> tables(bool only_dormant) {
    std::set<std::pair<std::uint8_t, std::string>> tables;
    Message request = nft_message(NFT_MSG_GETTABLE, 0, NFPROTO_UNSPEC);
    TRY(dump(request, [&](const nlmsghdr& message) {
      const Attributes table = nft_attributes(message);
      const bool dormant = (table.be32(NFTA_TABLE_FLAGS).value_or(0) & NFT_TABLE_F_DORMANT) != 0;
      if (dormant || !only_dormant) tables.emplace(family_of(message), table.text(NFTA_TABLE_NAME));
    }));
    return tables;
  }

 private:
  Result<void> dump(Message& request, const std::function<void(const nlmsghdr&)>& entry) {
    const auto status = netlink_.dump(request, entry);
    if (status || status.error().number == ENOENT || is_unsupported(status.error().number)) return {};
    return std::unexpected(status.error().as_error("cannot read the nftables ruleset"));
  }

  Result<std::set<std::pair<std::uint8_t, std::string>>> dormant_tables() { return tables(true); }

  Result<std::vector<NftChain>> all_chains() {
    std::vector<NftChain> chains;
    Message request = nft_message(NFT_MSG_GETCHAIN, 0, NFPROTO_UNSPEC);
    TRY(dump(request, [&](const nlmsghdr& message) {
      if (auto chain = decode_chain(message)) chains.push_back(std::move(*chain));
    }));
    return chains;
  }

  Result<void> read_rules(NftChain& chain) {
    Message request = nft_message(NFT_MSG_GETRULE, 0, chain.family);
    request.put(NFTA_RULE_TABLE, chain.table).put(NFTA_RULE_CHAIN, chain.name);
    return dump(request, [&](const nlmsghdr& message) { chain.rules.push_back(decode_rule(message)); });
  }

  Result<void> follow(const NftChain& chain) {
    for (const NftRule& rule : chain.rules) {
      const NftReferences references = references_of(rule);
      for (const std::string& name : references.chains) visit(chain, name);
      for (const std::string& name : references.sets) TRY(read_set_of(chain, name));
    }
    return {};
  }

  void visit(const NftChain& beside, const std::string& name) {
    if (!visited_.insert({beside.family, beside.table, name}).second) return;
    pending_.push_back({.family = beside.family, .table = beside.table, .name = name});
  }

  Result<void> read_set_of(const NftChain& chain, const std::string& name) {
    if (ruleset_.find_set(chain, name) != nullptr) return {};
    NftSet set{.family = chain.family, .table = chain.table, .name = name};
    Message request = nft_message(NFT_MSG_GETSETELEM, 0, chain.family);
    request.put(NFTA_SET_ELEM_LIST_TABLE, chain.table).put(NFTA_SET_ELEM_LIST_SET, name);
    TRY(dump(request, [&](const nlmsghdr& message) { decode_entries(message, set.entries); }));
    std::ranges::sort(set.entries, {}, &NftEntry::key);
    for (const NftEntry& entry : set.entries) {
      if (!entry.chain.empty()) visit(chain, entry.chain);
    }
    ruleset_.sets.push_back(std::move(set));
    return {};
  }

  Netlink& netlink_;
  NftRuleset ruleset_;
  std::deque<NftChain> pending_;
  std::set<std::tuple<std::uint8_t, std::string, std::string>> visited_;
};

}  // namespace

const NftChain* NftRuleset::find_chain(const NftChain& beside, std::string_view name) const {
  const auto found = std::ranges::find_if(chains, [&](const NftChain& chain) {
    return chain.family == beside.family && chain.table == beside.table && chain.name == name;
  });
  return found == chains.end() ? nullptr : &*found;
}

const NftSet* NftRuleset::find_set(const NftChain& beside, std::string_view name) const {
  const auto found = std::ranges::find_if(sets, [&](const NftSet& set) {
    return set.family == beside.family && set.table == beside.table && set.name == name;
  });
  return found == sets.end() ? nullptr : &*found;
}

Result<NftRuleset> read_ruleset(Netlink& netlink, std::uint32_t hook) {
  return Reader(netlink).read(hook);
}

Result<std::vector<std::string>> list_tables(Netlink& netlink) {
  std::vector<std::string> names;
  for (const auto& [family, name] : TRY(Reader(netlink).tables(false))) {
    names.push_back(fmt::format("{} {}", family_name(family), name));
  }
  return names;
}

NftReferences references_of(const NftRule& rule) {
  NftReferences references;
  for (const NftExpression& expression : rule.expressions) {
    const Attributes data(expression.data);
    if (is_lookup(expression)) references.sets.emplace_back(data.text(NFTA_LOOKUP_SET));
    if (expression.name != "immediate") continue;
    const Attributes verdict = data.nested(NFTA_IMMEDIATE_DATA).nested(NFTA_DATA_VERDICT);
    if (verdict.find(NFTA_VERDICT_CHAIN)) references.chains.emplace_back(verdict.text(NFTA_VERDICT_CHAIN));
  }
  return references;
}

std::optional<NftChain> decode_chain(const nlmsghdr& message) {
  const Attributes attributes = nft_attributes(message);
  NftChain chain{.family = family_of(message),
                 .table = std::string(attributes.text(NFTA_CHAIN_TABLE)),
                 .name = std::string(attributes.text(NFTA_CHAIN_NAME))};
  if (chain.table.empty() || chain.name.empty()) return std::nullopt;
  const Attributes hook = attributes.nested(NFTA_CHAIN_HOOK);
  if (const auto number = hook.be32(NFTA_HOOK_HOOKNUM)) {
    chain.hook =
        NftChain::Hook{.number = *number,
                       .priority = static_cast<std::int32_t>(hook.be32(NFTA_HOOK_PRIORITY).value_or(0)),
                       .policy = attributes.be32(NFTA_CHAIN_POLICY).value_or(NF_ACCEPT),
                       .type = std::string(attributes.text(NFTA_CHAIN_TYPE))};
  }
  return chain;
}

NftRule decode_rule(const nlmsghdr& message) {
  const Attributes attributes = nft_attributes(message);
  NftRule rule;
  if (const auto handle = attributes.find(NFTA_RULE_HANDLE); handle && handle->size() == sizeof rule.handle) {
    std::memcpy(&rule.handle, handle->data(), sizeof rule.handle);
    rule.handle = be64toh(rule.handle);
  }
  for (const Attribute& element : attributes.nested(NFTA_RULE_EXPRESSIONS)) {
    const Attributes expression(element.value);
    rule.expressions.push_back({.name = std::string(expression.text(NFTA_EXPR_NAME)),
                                .data = bytes_of(expression.find(NFTA_EXPR_DATA))});
  }
  return rule;
}

void decode_entries(const nlmsghdr& message, std::vector<NftEntry>& entries) {
  for (const Attribute& element : nft_attributes(message).nested(NFTA_SET_ELEM_LIST_ELEMENTS)) {
    const Attributes body(element.value);
    const std::uint32_t flags = body.be32(NFTA_SET_ELEM_FLAGS).value_or(0);
    NftEntry entry{.key = bytes_of(body.nested(NFTA_SET_ELEM_KEY).find(NFTA_DATA_VALUE)),
                   .key_end = bytes_of(body.nested(NFTA_SET_ELEM_KEY_END).find(NFTA_DATA_VALUE)),
                   .interval_end = (flags & NFT_SET_ELEM_INTERVAL_END) != 0,
                   .catch_all = (flags & NFT_SET_ELEM_CATCHALL) != 0};
    const Attributes verdict = body.nested(NFTA_SET_ELEM_DATA).nested(NFTA_DATA_VERDICT);
    if (const auto code = verdict.be32(NFTA_VERDICT_CODE)) entry.verdict = static_cast<std::int32_t>(*code);
    entry.chain = std::string(verdict.text(NFTA_VERDICT_CHAIN));
    entries.push_back(std::move(entry));
  }
}

}  // namespace podwire::kernel
