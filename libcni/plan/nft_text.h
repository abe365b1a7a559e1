// The objects of nft_table.h as statements of nft(8), which loads them to exactly what kernel/nft_tables.cc
// writes.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libcni/plan/nft_table.h"

namespace podwire::plan {

using NftStatements = std::vector<std::string>;

/// "ip saddr @masq4 ip daddr != @nomasq4 masquerade fully-random"
[[nodiscard]] std::string rule_text(const NftRule& rule);

/// What makes an awake table whole, as kernel/nft_base.h's add_base() does. `state`: what is there of it;
/// nothing when that is not known: then the statements do right in any state but that of a chain on another
/// hook. Empty when the table is intact.
[[nodiscard]] NftStatements base_statements(const NftTable& table, const std::optional<NftTableState>& state);

/// The table and the sets of these names alone; what is there stays.
[[nodiscard]] NftStatements set_statements(const NftTable& table, std::vector<std::string_view> sets);

/// A set and the value of an element in nft's spelling: "10.1.2.3", "\"veth0\" . 02:00:00:00:00:01".
struct NftValue {
  const NftTable& table;
  std::string_view set;
  std::string value;
};

/// The owner becomes the element's comment. nft's strings have no escape: it must not hold a double quote.
[[nodiscard]] std::string add_element(const NftValue& value, std::string_view owner);
[[nodiscard]] std::string delete_element(const NftValue& value);

[[nodiscard]] NftValue masquerade_value(const Ip& address);
[[nodiscard]] NftValue no_masquerade_value(const Cidr& destination);
[[nodiscard]] NftValue mac_guard_value(const std::string& link, const std::optional<Mac>& mac);

/// One shell command that carries out all statements in one transaction; "" when there are none.
[[nodiscard]] std::string nft_command(const NftStatements& statements);

}  // namespace podwire::plan
