#include "libcni/kernel/nft_base.h"

#include <fmt/format.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables.h>

#include <algorithm>
#include <array>
#include <cerrno>

namespace podwire::kernel {
namespace {

/// NFTNL_UDATA_SET_KEYBYTEORDER of libnftnl: without it nft prints keys in the wrong order of bytes.
constexpr std::uint8_t kUserdataKeyByteOrder = 0;

Message object_request(const TableSpec& spec, int type, std::uint16_t flags, int table_attribute) {
  Message message = nft_message(type, flags, spec.family);
  message.put(table_attribute, spec.name);
  return message;
}

Message chain_request(const TableSpec& spec, int type, std::uint16_t flags) {
  Message message = object_request(spec, type, flags, NFTA_CHAIN_TABLE);
  message.put(NFTA_CHAIN_NAME, spec.chain);
  return message;
}

Message rules_request(const TableSpec& spec, int type, std::uint16_t flags) {
  Message message = object_request(spec, type, flags, NFTA_RULE_TABLE);
  message.put(NFTA_RULE_CHAIN, spec.chain);
  return message;
}

Message new_chain(const TableSpec& spec) {
  Message message = chain_request(spec, NFT_MSG_NEWCHAIN, NLM_F_CREATE | NLM_F_EXCL);
  message.nest(NFTA_CHAIN_HOOK, [&](Message& hook) {
    hook.put_be32(NFTA_HOOK_HOOKNUM, spec.hook);
    hook.put_be32(NFTA_HOOK_PRIORITY, static_cast<std::uint32_t>(spec.priority));
  });
  message.put_be32(NFTA_CHAIN_POLICY, NF_ACCEPT).put(NFTA_CHAIN_TYPE, spec.chain_type);
  return message;
}

Message new_rule(const TableSpec& spec, const Rule& rule) {
  Message message = rules_request(spec, NFT_MSG_NEWRULE, NLM_F_CREATE | NLM_F_APPEND);
  encode_expressions(message, rule);
  return message;
}

bool chain_matches(const TableSpec& spec, const Attributes& chain) {
  const Attributes hook = chain.nested(NFTA_CHAIN_HOOK);
  return chain.text(NFTA_CHAIN_TYPE) == spec.chain_type && chain.be32(NFTA_CHAIN_POLICY) == NF_ACCEPT &&
         hook.be32(NFTA_HOOK_HOOKNUM) == spec.hook &&
         hook.be32(NFTA_HOOK_PRIORITY) == static_cast<std::uint32_t>(spec.priority);
}

Error base_error(const KernelError& error, const TableSpec& spec) {
  return error.as_error(fmt::format("cannot read nftables table {}", spec.name));
}

/// False when the object is absent.
Result<bool> get_object(Netlink& netlink, const TableSpec& spec, Message request,
                        const std::function<void(const Attributes&)>& reply) {
  const auto status = netlink.get(request, [&](const nlmsghdr& message) { reply(nft_attributes(message)); });
  if (status) return true;
  if (status.error().number == ENOENT) return false;
  return std::unexpected(base_error(status.error(), spec));
}

/// True when the chain holds exactly the rules of the spec.
Result<bool> rules_match(Netlink& netlink, const TableSpec& spec) {
  Message request = rules_request(spec, NFT_MSG_GETRULE, 0);
  std::size_t count = 0;
  bool same = true;
  const auto status = netlink.dump(request, [&](const nlmsghdr& message) {
    same = same && count < spec.rules.size() && same_expressions(spec.rules[count], nft_attributes(message));
    ++count;
  });
  if (!status && status.error().number != ENOENT) return std::unexpected(base_error(status.error(), spec));
  return same && count == spec.rules.size();
}

}  // namespace

Result<BaseState> observe_base(Netlink& netlink, const TableSpec& spec) {
  BaseState state;
  state.table = TRY(get_object(netlink, spec, object_request(spec, NFT_MSG_GETTABLE, 0, NFTA_TABLE_NAME),
                               [&](const Attributes& table) {
                                 const auto flags = table.be32(NFTA_TABLE_FLAGS).value_or(0);
                                 state.dormant = (flags & NFT_TABLE_F_DORMANT) != 0;
                               }));
  if (!state.table) return state;
  bool chain_as_specified = false;
  state.chain =
      TRY(get_object(netlink, spec, chain_request(spec, NFT_MSG_GETCHAIN, 0),
                     [&](const Attributes& chain) { chain_as_specified = chain_matches(spec, chain); }));
  state.intact = !state.dormant && chain_as_specified && TRY(rules_match(netlink, spec));
  return state;
}

Result<void> wake_table(Netlink& netlink, const TableSpec& spec) {
  NftBatch batch;
  Message message = object_request(spec, NFT_MSG_NEWTABLE, NLM_F_CREATE, NFTA_TABLE_NAME);
  message.put_be32(NFTA_TABLE_FLAGS, 0);
  batch.add(std::move(message));
  if (const auto status = std::move(batch).commit(netlink); !status) {
    return std::unexpected(
        status.error().as_error(fmt::format("cannot activate nftables table {}", spec.name)));
  }
  return {};
}

void add_table(NftBatch& batch, const TableSpec& spec) {
  batch.add(object_request(spec, NFT_MSG_NEWTABLE, NLM_F_CREATE, NFTA_TABLE_NAME));
}

void add_set(NftBatch& batch, const TableSpec& spec, std::string_view name) {
  const auto set = std::ranges::find(spec.sets, name, &SetSpec::name);
  Message message = object_request(spec, NFT_MSG_NEWSET, NLM_F_CREATE, NFTA_SET_TABLE);
  message.put(NFTA_SET_NAME, set->name)
      .put_be32(NFTA_SET_FLAGS, set->interval ? NFT_SET_INTERVAL : 0)
      .put_be32(NFTA_SET_KEY_TYPE, set->key.number)
      .put_be32(NFTA_SET_KEY_LEN, set->key.length)
      .put_be32(NFTA_SET_ID, static_cast<std::uint32_t>(set - spec.sets.begin()) + 1)
      // A number in host order, four bytes long, as libnftnl's nftnl_udata_put_u32() leaves it.
      .put_bytes(NFTA_SET_USERDATA, std::array<std::uint8_t, 6>{kUserdataKeyByteOrder, sizeof(std::uint32_t),
                                                                static_cast<std::uint8_t>(set->key.order)});
  batch.add(std::move(message));
}

void add_base(NftBatch& batch, const TableSpec& spec, const BaseState& state) {
  add_table(batch, spec);
  for (const SetSpec& set : spec.sets) add_set(batch, spec, set.name);
  if (state.chain) {
    batch.add(rules_request(spec, NFT_MSG_DELRULE, 0));  // of the chain: all
    batch.add(chain_request(spec, NFT_MSG_DELCHAIN, 0));
  }
  batch.add(new_chain(spec));
  for (const Rule& rule : spec.rules) batch.add(new_rule(spec, rule));
}

}  // namespace podwire::kernel
