#include "libcni/kernel/nft_foreign_chain.h"

#include <fmt/format.h>
#include <linux/netfilter/nf_tables.h>

#include <cerrno>

namespace podwire::kernel {
namespace {

Error read_error(const KernelError& error, const TableName& table) {
  Error result = error.as_error(fmt::format("cannot read nftables table {}", table.name));
  if (error.number == EAGAIN) result.code = Code::kTryAgainLater;
  return result;
}

Message chain_request(const TableName& table, int type, std::string_view chain) {
  Message message = nft_message(type, 0, table.family);
  message.put(NFTA_CHAIN_TABLE, table.name).put(NFTA_CHAIN_NAME, chain);
  return message;
}

Message rule_request(const TableName& table, int type, std::string_view chain) {
  Message message = nft_message(type, 0, table.family);
  message.put(NFTA_RULE_TABLE, table.name);
  if (!chain.empty()) message.put(NFTA_RULE_CHAIN, chain);
  return message;
}

}  // namespace

Result<bool> chain_exists(Netlink& netlink, const TableName& table, std::string_view chain) {
  Message request = chain_request(table, NFT_MSG_GETCHAIN, chain);
  const auto status = netlink.get(request, [](const nlmsghdr&) {});
  if (status) return true;
  if (status.error().number == ENOENT) return false;
  return std::unexpected(read_error(status.error(), table));
}

Result<std::vector<ForeignRule>> list_rules(Netlink& netlink, const TableName& table,
                                            std::string_view chain) {
  std::vector<ForeignRule> rules;
  Message request = rule_request(table, NFT_MSG_GETRULE, chain);
  const auto status = netlink.dump(request, [&](const nlmsghdr& message) {
    rules.push_back(decode_foreign_rule(nft_attributes(message)));
  });
  if (status || status.error().number == ENOENT) return rules;
  return std::unexpected(read_error(status.error(), table));
}

void delete_rule(NftBatch& batch, const TableName& table, const ForeignRule& rule) {
  Message message = rule_request(table, NFT_MSG_DELRULE, rule.chain);
  message.put_be64(NFTA_RULE_HANDLE, rule.handle);
  batch.add(std::move(message));
}

void delete_chain(NftBatch& batch, const TableName& table, std::string_view chain) {
  batch.add(rule_request(table, NFT_MSG_DELRULE, chain));  // of the chain: all
  batch.add(chain_request(table, NFT_MSG_DELCHAIN, chain));
}

}  // namespace podwire::kernel
