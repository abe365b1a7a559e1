// Chains of other programs' tables: what is in them, and the requests that take things out of them.
#pragma once

#include <cstdint>
#include <string>
#include <string_view>
#include <vector>

#include "libcni/kernel/netlink.h"
#include "libcni/kernel/nft_batch.h"
#include "libcni/kernel/nft_foreign_rule.h"

namespace podwire::kernel {

/// A table by name. The text must outlive it.
struct TableName {
  std::uint8_t family = 0;  ///< NFPROTO_INET, NFPROTO_IPV4, ...
  std::string_view name;
};

[[nodiscard]] Result<bool> chain_exists(Netlink& netlink, const TableName& table, std::string_view chain);

/// The rules of a chain ("": of all chains), in order; none when chain or table is absent.
/// Code::kTryAgainLater when they change too fast to be read.
[[nodiscard]] Result<std::vector<ForeignRule>> list_rules(Netlink& netlink, const TableName& table,
                                                          std::string_view chain = {});

void delete_rule(NftBatch& batch, const TableName& table, const ForeignRule& rule);
/// With all its rules. EBUSY at the commit while another rule jumps to it, ENOENT when it is absent.
void delete_chain(NftBatch& batch, const TableName& table, std::string_view chain);

}  // namespace podwire::kernel
