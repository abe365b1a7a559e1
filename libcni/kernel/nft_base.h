// The base objects of podwire's tables as the kernel takes them: which sets, which chain, which rules; what
// the kernel has of them; the requests that make them so. What they are is said in plan/nft_table.h.
#pragma once

#include <cstdint>
#include <string_view>
#include <vector>

#include "libcni/kernel/netlink.h"
#include "libcni/kernel/nft_batch.h"
#include "libcni/kernel/nft_rule.h"
#include "libcni/kernel/nft_set.h"
#include "libcni/plan/nft_table.h"

namespace podwire::kernel {

/// How nft prints the key (datatype number of nftables, six bits per part of a concatenation), and its
/// length.
struct KeyType {
  std::uint32_t number = 0;
  std::uint32_t length = 0;  ///< bytes
  /// Byte order of the key in nft's eyes: kNone for concatenations, whose parts have their own.
  enum class Order : std::uint8_t { kNone = 0, kHost = 1, kNetwork = 2 } order = Order::kNetwork;
};

struct SetSpec {
  std::string_view name;
  KeyType key;
  bool interval = false;
};

struct TableSpec {
  std::uint8_t family = 0;
  std::string_view name;
  std::vector<SetSpec> sets;
  std::string_view chain;  ///< a base chain, policy accept
  std::string_view chain_type;
  std::uint32_t hook = 0;
  std::int32_t priority = 0;
  std::vector<Rule> rules;
};

using plan::kGuardedMacs;
using plan::kGuardedPorts;
using plan::kMasq4;
using plan::kMasq6;
using plan::kNoMasq4;
using plan::kNoMasq6;

/// plan::masquerade_table() and plan::mac_guard_table(), compiled.
[[nodiscard]] const TableSpec& masquerade_table();
[[nodiscard]] const TableSpec& mac_guard_table();

/// What the kernel has of a TableSpec.
using BaseState = plan::NftTableState;
[[nodiscard]] Result<BaseState> observe_base(Netlink& netlink, const TableSpec& spec);

/// Switches a dormant table on. By itself: a kernel refuses new base chains in a batch that changes table
/// flags.
[[nodiscard]] Result<void> wake_table(Netlink& netlink, const TableSpec& spec);

/// NFT_MSG_NEWTABLE and NFT_MSG_NEWSET; what exists already is left as it is.
void add_table(NftBatch& batch, const TableSpec& spec);
void add_set(NftBatch& batch, const TableSpec& spec, std::string_view name);
/// Makes everything of the spec; the chain is made anew when `state` has one. Sets keep their elements.
void add_base(NftBatch& batch, const TableSpec& spec, const BaseState& state);

}  // namespace podwire::kernel
