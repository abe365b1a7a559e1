#include "libcni/plan/describe_nft.h"

#include <fmt/format.h>

#include <algorithm>
#include <span>

#include "libcni/plan/nft_text.h"

namespace podwire::plan {
namespace {

constexpr NftTableState kIntact{.table = true, .chain = true, .intact = true};

bool is_intact(const std::optional<NftTableState>& state) {
  return state && state->intact;
}

void append(NftStatements& out, NftStatements more) {
  out.insert(out.end(), std::make_move_iterator(more.begin()), std::make_move_iterator(more.end()));
}

/// Strings of nft's language end at the next double quote, whatever stands before it.
Result<void> require_spelling(std::string_view text) {
  if (!text.contains('"')) return {};
  return fail(Code::kInvalidEnvironment,
              fmt::format("nft has no spelling for a string that holds a double quote: {}", text),
              "choose another name for the interface");
}

/// A dormant table is switched on by a transaction of its own (kernel/nft_base.h, wake_table()).
Commands in_transaction(const NftTable& table, const std::optional<NftTableState>& state,
                        const NftStatements& statements) {
  Commands commands;
  if (state && state->dormant) {
    commands.push_back(nft_command({fmt::format("add table {} {}", table.family.word, table.name)}));
  }
  if (!statements.empty()) commands.push_back(nft_command(statements));
  return commands;
}

/// A destination that a wider one covers is left alone; a wider one replaces those it covers (kernel/nft.h).
NftStatements exempt(std::span<const NoMasqueradeElement> wanted, Observed& observed) {
  NftStatements out;
  const auto covers = [](const Cidr& wide, const Cidr& narrow) {
    return wide.prefix_length <= narrow.prefix_length && wide.contains(narrow.network().ip);
  };
  for (const NoMasqueradeElement& each : wanted) {
    const bool covered = std::ranges::any_of(observed.exempt, [&](const NoMasqueradeElement& other) {
      return covers(other.destination, each.destination);
    });
    if (covered) continue;
    std::erase_if(observed.exempt, [&](const NoMasqueradeElement& other) {
      if (!covers(each.destination, other.destination)) return false;
      out.push_back(delete_element(no_masquerade_value(other.destination)));
      return true;
    });
    out.push_back(add_element(no_masquerade_value(each.destination), each.owner));
    observed.exempt.push_back(each);
  }
  return out;
}

/// An address of another owner is taken over.
NftStatements masquerade(const MasqueradeElement& element, Observed& observed) {
  NftStatements out;
  const auto present = std::ranges::find(observed.masqueraded, element.address, &MasqueradeElement::address);
  if (present != observed.masqueraded.end()) {
    if (present->owner == element.owner) return out;
    out.push_back(delete_element(masquerade_value(element.address)));
    observed.masqueraded.erase(present);
  }
  out.push_back(add_element(masquerade_value(element.address), element.owner));
  observed.masqueraded.push_back(element);
  return out;
}

/// Ports and addresses of the link that the step does not name are removed, those of others taken over.
NftStatements guard(const MacGuardElement& element, Observed& observed) {
  NftStatements out;
  bool present = false;
  std::erase_if(observed.guarded, [&](const MacGuardElement& other) {
    const bool same_set = other.link == element.link && other.mac.has_value() == element.mac.has_value();
    if (!same_set) return false;
    present = present || (other.mac == element.mac && other.owner == element.owner);
    if (other.mac == element.mac && other.owner == element.owner) return false;
    out.push_back(delete_element(mac_guard_value(other.link, other.mac)));
    return true;
  });
  if (present) return out;
  out.push_back(add_element(mac_guard_value(element.link, element.mac), element.owner));
  observed.guarded.push_back(element);
  return out;
}

}  // namespace

Result<Commands> nft_commands(const AddMasquerade& step, Observed& observed) {
  TRY(require_spelling(step.owner));
  std::vector<MasqueradeElement> wanted;
  for (const Ip& address : step.addresses) wanted.push_back({.owner = step.owner, .address = address});
  const std::optional<NftTableState> before = observed.masquerade;
  NftStatements statements = base_statements(masquerade_table(), before);
  if (!is_intact(before)) {
    append(statements, exempt(multicast_destinations(), observed));
    for (const MasqueradeElement& element : observed.tagged) {
      TRY(require_spelling(element.owner));
      if (std::ranges::find(wanted, element.address, &MasqueradeElement::address) == wanted.end()) {
        wanted.push_back(element);
      }
    }
    observed.masquerade = kIntact;
  }
  for (const MasqueradeElement& element : wanted) append(statements, masquerade(element, observed));
  return in_transaction(masquerade_table(), before, statements);
}

Result<Commands> nft_commands(const EnsureNoMasquerade& step, Observed& observed) {
  TRY(require_spelling(step.owner));
  NftStatements statements;
  // Neither chain nor rules: whoever masquerades must still find these missing.
  if (!is_intact(observed.masquerade)) statements = set_statements(masquerade_table(), {kNoMasq4, kNoMasq6});
  append(statements, exempt(multicast_destinations(), observed));
  std::vector<NoMasqueradeElement> wanted;
  for (const Cidr& destination : step.destinations) {
    wanted.push_back({.owner = step.owner, .destination = destination});
  }
  append(statements, exempt(wanted, observed));
  if (statements.empty()) return Commands{};
  return Commands{nft_command(statements)};
}

Result<Commands> nft_commands(const AddMacGuard& step, Observed& observed) {
  TRY(require_spelling(step.owner));
  TRY(require_spelling(step.link));
  const std::optional<NftTableState> before = observed.mac_guard;
  NftStatements statements = base_statements(mac_guard_table(), before);
  observed.mac_guard = kIntact;
  append(statements, guard({.owner = step.owner, .link = step.link, .mac = std::nullopt}, observed));
  append(statements, guard({.owner = step.owner, .link = step.link, .mac = step.mac}, observed));
  return in_transaction(mac_guard_table(), before, statements);
}

}  // namespace podwire::plan
