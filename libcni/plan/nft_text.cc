#include "libcni/plan/nft_text.h"

#include <fmt/format.h>

#include <algorithm>

#include "libcni/base/text.h"
#include "libcni/plan/shell.h"

namespace podwire::plan {
namespace {

std::string_view text(NftKey key) {
  switch (key) {
    case NftKey::kIp4:
      return "ipv4_addr";
    case NftKey::kIp6:
      return "ipv6_addr";
    case NftKey::kInterface:
      return "ifname";
    case NftKey::kInterfaceAndMac:
      break;
  }
  return "ifname . ether_addr";
}

std::string_view text(NftSelector selector) {
  switch (selector) {
    case NftSelector::kIp4Source:
      return "ip saddr";
    case NftSelector::kIp4Destination:
      return "ip daddr";
    case NftSelector::kIp6Source:
      return "ip6 saddr";
    case NftSelector::kIp6Destination:
      return "ip6 daddr";
    case NftSelector::kInputInterface:
      return "iifname";
    case NftSelector::kInputInterfaceAndMac:
      break;
  }
  return "iifname . ether saddr";
}

std::string_view text(NftVerdict verdict) {
  return verdict == NftVerdict::kDrop ? "drop" : "masquerade fully-random";
}

std::string add_table(const NftTable& table) {
  return fmt::format("add table {} {}", table.family.word, table.name);
}

std::string add_set(const NftTable& table, const NftSet& set) {
  return fmt::format("add set {} {} {} {{ type {};{} }}", table.family.word, table.name, set.name,
                     text(set.key), set.interval ? " flags interval;" : "");
}

std::string chain_of(const NftTable& table) {
  return fmt::format("{} {} {}", table.family.word, table.name, table.chain);
}

std::string element_text(std::string_view verb, const NftValue& value, std::string_view comment) {
  return fmt::format("{} element {} {} {} {{ {}{} }}", verb, value.table.family.word, value.table.name,
                     value.set, value.value, comment);
}

}  // namespace

std::string rule_text(const NftRule& rule) {
  std::string out;
  for (const NftMatch& match : rule.matches) {
    out += fmt::format("{} {}@{} ", text(match.selector), match.negated ? "!= " : "", match.set);
  }
  return out.append(text(rule.verdict));
}

NftStatements base_statements(const NftTable& table, const std::optional<NftTableState>& state) {
  if (state && state->intact) return {};
  NftStatements out{add_table(table)};
  for (const NftSet& set : table.sets) out.push_back(add_set(table, set));
  if (state && state->chain) {
    out.push_back("flush chain " + chain_of(table));
    out.push_back("delete chain " + chain_of(table));
  }
  out.push_back(fmt::format("add chain {} {{ type {} hook {} priority {}; policy accept; }}", chain_of(table),
                            table.chain_type, table.hook.word, table.priority.word));
  if (!state) out.push_back("flush chain " + chain_of(table));
  for (const NftRule& rule : table.rules) {
    out.push_back(fmt::format("add rule {} {}", chain_of(table), rule_text(rule)));
  }
  return out;
}

NftStatements set_statements(const NftTable& table, std::vector<std::string_view> sets) {
  NftStatements out{add_table(table)};
  for (const NftSet& set : table.sets) {
    if (std::ranges::find(sets, set.name) != sets.end()) out.push_back(add_set(table, set));
  }
  return out;
}

std::string add_element(const NftValue& value, std::string_view owner) {
  return element_text("add", value, owner.empty() ? "" : fmt::format(" comment \"{}\"", owner));
}

std::string delete_element(const NftValue& value) {
  return element_text("delete", value, "");
}

NftValue masquerade_value(const Ip& address) {
  return {.table = masquerade_table(), .set = address.is_v4() ? kMasq4 : kMasq6, .value = address.text()};
}

NftValue no_masquerade_value(const Cidr& destination) {
  return {.table = masquerade_table(),
          .set = destination.ip.is_v4() ? kNoMasq4 : kNoMasq6,
          .value = destination.network().text()};
}

NftValue mac_guard_value(const std::string& link, const std::optional<Mac>& mac) {
  return {.table = mac_guard_table(),
          .set = mac ? kGuardedMacs : kGuardedPorts,
          .value = fmt::format("\"{}\"{}", link, mac ? " . " + mac->text() : "")};
}

std::string nft_command(const NftStatements& statements) {
  if (statements.empty()) return "";
  if (statements.size() == 1) return "nft " + shell_word(statements.front());
  return fmt::format("nft -f - <<'EOF'\n{}\nEOF", join(statements, "\n"));
}

}  // namespace podwire::plan
