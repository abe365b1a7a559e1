// Masqueraded pod addresses: the sets masq4 and masq6 and the base that reads them.
#include <linux/netfilter/nf_tables.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <map>

#include "libcni/kernel/nft.h"
#include "libcni/kernel/nft_base.h"
#include "libcni/kernel/nft_elements.h"
#include "libcni/kernel/nft_no_masquerade.h"

namespace podwire::kernel {
namespace {

constexpr std::string_view kWhatAdd = "cannot add masquerade elements";

struct FamilySet {
  Family family;
  SetName name;
};

std::array<FamilySet, 2> family_sets() {
  const TableSpec& table = masquerade_table();
  return {FamilySet{Family::kV4, {table.family, table.name, kMasq4}},
          FamilySet{Family::kV6, {table.family, table.name, kMasq6}}};
}

/// One owner per address, so that a batch does not refuse itself.
using Owners = std::map<Ip, std::string>;

Owners owners_of(const std::vector<MasqueradeElement>& elements) {
  Owners owners;
  for (const MasqueradeElement& element : elements) owners.insert_or_assign(element.address, element.owner);
  return owners;
}

std::vector<SetElement> elements_of(Family family, const Owners& owners) {
  std::vector<SetElement> result;
  for (const auto& [address, owner] : owners) {
    if (address.family() != family) continue;
    result.push_back({.key = {address.bytes().begin(), address.bytes().end()}, .owner = owner});
  }
  return result;
}

/// The usual case, the base being there: one batch and nothing to compare. EEXIST when an address is in the
/// set.
KernelResult<void> add_unclaimed(Netlink& netlink, const Owners& owners) {
  NftBatch batch;
  for (const FamilySet& set : family_sets()) {
    batch.add(encode_elements(NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL, set.name,
                              elements_of(set.family, owners)));
  }
  return std::move(batch).commit(netlink);
}

Result<void> plan_masquerade(Netlink& netlink, NftBatch& batch, Owners owners, const Rebuild& rebuild) {
  const BaseState base = TRY(observe_base(netlink, masquerade_table()));
  if (!base.intact) {
    add_base(batch, masquerade_table(), base);
    TRY(plan_no_masquerade(netlink, batch, multicast_destinations()));
    for (const MasqueradeElement& element : TRY(rebuild()))
      owners.try_emplace(element.address, element.owner);
  }
  for (const FamilySet& set : family_sets()) {
    const auto elements = elements_of(set.family, owners);
    if (base.table) {
      TRY(plan_elements(netlink, batch, set.name, elements));
    } else {
      batch.add(encode_elements(NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL, set.name, elements));
    }
  }
  return {};
}

}  // namespace

Result<void> Nft::add_masquerade(const std::vector<MasqueradeElement>& elements, const Rebuild& rebuild) {
  const Owners owners = owners_of(elements);
  const BaseState base = TRY(observe_base(netlink_, masquerade_table()));
  if (base.intact) {
    const auto status = add_unclaimed(netlink_, owners);
    if (status) return {};
    // Somebody has an address already, or flushed the ruleset this very moment.
    if (status.error().number != EEXIST && status.error().number != ENOENT) {
      return std::unexpected(status.error().as_error(kWhatAdd));
    }
  }
  if (base.dormant) TRY(wake_table(netlink_, masquerade_table()));
  return compare_and_swap(netlink_, kWhatAdd,
                          [&](NftBatch& batch) { return plan_masquerade(netlink_, batch, owners, rebuild); });
}

Result<std::vector<MasqueradeElement>> Nft::masquerade_elements() {
  std::vector<MasqueradeElement> result;
  for (const FamilySet& set : family_sets()) {
    for (SetElement& element : TRY(read_set(netlink_, set.name)).value_or(std::vector<SetElement>())) {
      if (element.key.size() * 8 != static_cast<std::size_t>(address_bits(set.family))) continue;
      result.push_back({.owner = std::move(element.owner), .address = Ip::from_bytes(element.key)});
    }
  }
  return result;
}

Result<plan::NftTableState> Nft::masquerade_base() {
  return observe_base(netlink_, masquerade_table());
}

Result<bool> Nft::masquerade_base_intact() {
  return TRY(masquerade_base()).intact;
}

Result<void> Nft::remove_masquerade(const OwnerPredicate& matches) {
  const auto sets = family_sets();
  const std::array names{sets[0].name, sets[1].name};
  return remove_owned(netlink_, names, matches);
}

Result<void> Nft::remove_masquerade(std::string_view owner, const std::vector<Ip>& addresses,
                                    std::function<Result<void>()> ready) {
  Owners owners;
  for (const Ip& address : addresses) owners.emplace(address, owner);
  std::vector<SetElements> elements;
  for (const FamilySet& set : family_sets()) {
    elements.push_back({.set = set.name, .elements = elements_of(set.family, owners)});
  }
  const auto is_owners = [&](std::string_view candidate) { return candidate == owner; };
  return remove_elements(netlink_, elements, is_owners, std::move(ready));
}

}  // namespace podwire::kernel
