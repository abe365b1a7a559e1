// Steps on podwire's nf_tables objects.
#include <fmt/format.h>

#include <algorithm>

#include "libcni/kernel/link.h"
#include "libcni/kernel/masquerade.h"
#include "libcni/kernel/steps.h"
#include "libcni/plan/owner.h"

namespace podwire::kernel {

Result<std::vector<MasqueradeElement>> masqueraded_by_tags(Netlink& host) {
  const auto links = list_links(host);
  if (!links) return std::unexpected(links.error().as_error("cannot list links"));
  std::vector<MasqueradeElement> elements;
  for (const Link& link : *links) {
    const auto tag = plan::OwnerTag::parse(link.alias);
    if (!tag || !tag->masquerade) continue;
    for (const Cidr& ip : tag->ips) elements.push_back({.owner = tag->key, .address = ip.ip});
  }
  return elements;
}

namespace {

auto owned_by(const std::string& owner) {
  return [&owner](std::string_view candidate) { return candidate == owner; };
}

}  // namespace

Result<void> apply_step(const plan::AddMasquerade& step, Kernel& kernel) {
  std::vector<MasqueradeElement> elements;
  for (const Ip& address : step.addresses) elements.push_back({.owner = step.owner, .address = address});
  Nft* nft = TRY(kernel.nft());
  return nft->add_masquerade(elements, [&] { return masqueraded_by_tags(kernel.host()); });
}

Result<void> verify_step(const plan::AddMasquerade& step, Kernel& kernel) {
  Nft* nft = TRY(kernel.nft());
  if (!TRY(nft->masquerade_base_intact()))
    return missing("nftables table inet podwire is missing or altered");
  const auto present = TRY(nft->masquerade_elements());
  for (const Ip& address : step.addresses) {
    const bool found = std::any_of(present.begin(), present.end(), [&](const MasqueradeElement& element) {
      return element.address == address && element.owner == step.owner;
    });
    if (!found)
      return missing(fmt::format("{} is not in the masquerade set of this attachment", address.text()));
  }
  return {};
}

Result<void> undo_step(const plan::AddMasquerade& step, Kernel& kernel) {
  Nft* nft = TRY(kernel.nft());
  std::vector<Ip> addresses = step.addresses;
  if (!addresses.empty()) {
    // The kernel lets an nf_tables socket close only a grace period after elements were removed. On DEL that
    // is to be the one which the link's removal waits for.
    TRY(nft->remove_masquerade(step.owner, addresses, [&] { return kernel.await_link_removal(); }));
  } else {
    addresses = TRY(end_masquerade(*nft, owned_by(step.owner)));
  }
  // The kernel walks its whole connection table (8 ms on a large machine), while others wait for grace
  // periods.
  if (!addresses.empty()) kernel.in_background([addresses] { return flush_connections(addresses); });
  return {};
}

Result<void> apply_step(const plan::EnsureNoMasquerade& step, Kernel& kernel) {
  std::vector<NoMasqueradeElement> elements;
  for (const Cidr& destination : step.destinations) {
    elements.push_back({.owner = step.owner, .destination = destination});
  }
  return TRY(kernel.nft())->ensure_no_masquerade(elements);
}

Result<void> verify_step(const plan::EnsureNoMasquerade& step, Kernel& kernel) {
  const auto present = TRY(TRY(kernel.nft())->no_masquerade_elements());
  for (const Cidr& wanted : step.destinations) {
    const bool covered = std::any_of(present.begin(), present.end(), [&](const NoMasqueradeElement& element) {
      return element.destination.prefix_length <= wanted.prefix_length &&
             element.destination.contains(wanted.network().ip);
    });
    if (!covered) return missing(fmt::format("{} is not exempt from masquerading", wanted.text()));
  }
  return {};
}

Result<void> apply_step(const plan::AddMacGuard& step, Kernel& kernel) {
  return TRY(kernel.nft())->add_mac_guard(step.owner, step.link, step.mac);
}

Result<void> verify_step(const plan::AddMacGuard& step, Kernel& kernel) {
  if (TRY(TRY(kernel.nft())->mac_guard_intact(step.link, step.mac))) return {};
  return missing(fmt::format("the source MAC check of {} is missing", step.link));
}

Result<void> undo_step(const plan::AddMacGuard& step, Kernel& kernel) {
  return TRY(kernel.nft())->remove_mac_guard(owned_by(step.owner));
}

}  // namespace podwire::kernel
