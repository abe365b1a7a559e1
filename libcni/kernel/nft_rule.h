// nf_tables rules as values: each expression is a name and a tree of attributes, encoded into a request and
// compared with what a dump says, so that what is written and what is verified cannot drift apart. Attribute
// numbers and register model: linux/netfilter/nf_tables.h; same expressions as nft 1.0.6 compiles to.
#pragma once

#include <linux/netfilter/nf_tables.h>

#include <cstdint>
#include <string>
#include <string_view>
#include <variant>
#include <vector>

#include "libcni/kernel/netlink.h"
#include "libcni/kernel/nft_attribute.h"

namespace podwire::kernel {

/// An attribute of an expression: a number (network byte order on the wire), text, raw bytes, or a nested
/// list.
struct Field {
  int type = 0;
  std::variant<std::uint32_t, std::string, std::vector<std::uint8_t>, std::vector<Field>> value;
};

struct Expression {
  std::string name;  ///< NFTA_EXPR_NAME: "meta", "lookup", ...
  std::vector<Field> fields;
};

using Rule = std::vector<Expression>;

/// Register <- meta value (NFT_META_NFPROTO, NFT_META_IIFNAME, ...).
[[nodiscard]] Expression load_meta(nft_meta_keys key, nft_registers into);
/// Register <- `length` bytes at `offset` of a header.
[[nodiscard]] Expression load_payload(nft_payload_bases base, std::uint32_t offset, std::uint32_t length,
                                      nft_registers into);
/// The rule goes on when the register holds `bytes`.
[[nodiscard]] Expression require_equal(nft_registers held, std::vector<std::uint8_t> bytes);
/// The rule goes on when the register is in the set.
[[nodiscard]] Expression require_in(nft_registers held, std::string_view set);
/// The rule goes on when the register is not in the set.
[[nodiscard]] Expression require_not_in(nft_registers held, std::string_view set);
/// `masquerade fully-random`: the source port is drawn at random (NF_NAT_RANGE_PROTO_RANDOM_FULLY), which
/// keeps parallel connections from losing the insertion race for one port.
[[nodiscard]] Expression masquerade_fully_random();
[[nodiscard]] Expression drop();

/// Appends NFTA_RULE_EXPRESSIONS.
void encode_expressions(Message& message, const Rule& rule);
/// True when the attributes of a dumped rule (NFT_MSG_NEWRULE) hold the same expressions in the same order,
/// each with every field of ours; fields that a newer kernel adds do not matter.
[[nodiscard]] bool same_expressions(const Rule& rule, const Attributes& dumped);

}  // namespace podwire::kernel
