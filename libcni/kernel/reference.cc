#include "libcni/kernel/reference.h"

#include <fmt/format.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <set>

#include "libcni/base/text.h"
#include "libcni/kernel/address.h"
#include "libcni/kernel/legacy_iptables.h"
#include "libcni/kernel/link.h"
#include "libcni/kernel/masquerade.h"
#include "libcni/kernel/reference_mac_guard.h"
#include "libcni/kernel/reference_masquerade.h"
#include "libcni/plan/owner.h"
#include "libcni/plan/reference.h"

namespace podwire::kernel {
namespace {

namespace reference = plan::reference;
using reference::ChainOwner;

constexpr Family kFamilies[] = {Family::kV4, Family::kV6};

std::string iptables_of(Family family) {
  return family == Family::kV4 ? "iptables-legacy" : "ip6tables-legacy";
}

/// The veth in the pod whose host end does not have our name.
Result<void> remove_veth(const plan::AddVeth& step, Kernel& kernel) {
  if (!kernel.has_pod()) return {};
  Netlink* pod = TRY(kernel.pod());
  const auto inside = TRY(look_up_link(*pod, step.pod_name));
  if (!inside || inside->kind != "veth") return {};
  const auto outside = TRY(look_up_link(kernel.host(), inside->peer));
  const bool is_pair = outside && outside->kind == "veth" && outside->peer == inside->index;
  const auto tag = is_pair ? plan::OwnerTag::parse(outside->alias) : std::nullopt;
  const auto own = plan::OwnerTag::parse(step.alias);
  if (tag && (!own || tag->key != own->key)) return {};
  TRY(kernel.remove_link(plan::Side::kPod, *inside));
  // What the netns still has after that belongs to others.
  return kernel.await_link_removal();
}

/// Global addresses of the pod; none when its netns is gone.
Result<std::vector<Ip>> pod_addresses(Kernel& kernel) {
  std::vector<Ip> addresses;
  if (!kernel.has_pod()) return addresses;
  Netlink* pod = TRY(kernel.pod());
  const auto links = list_links(*pod);
  if (!links) return std::unexpected(links.error().as_error("cannot list the links of the netns"));
  for (const Link& link : *links) {
    const auto entries = list_addresses(*pod, link.index);
    if (!entries) {
      return std::unexpected(entries.error().as_error(fmt::format("cannot list addresses of {}", link.name)));
    }
    for (const LinkAddress& entry : *entries) {
      if (entry.scope == RT_SCOPE_UNIVERSE) addresses.push_back(entry.address.ip);
    }
  }
  return addresses;
}

Result<void> end_masquerading(const spec::Attachment& attachment, Kernel& kernel, Netlink& netfilter) {
  // The veth is gone: what the netns still has belongs to other attachments.
  const auto spared = TRY(pod_addresses(kernel));
  return flush_connections(TRY(remove_reference_masquerade(netfilter, attachment, spared)));
}

/// Tells of a chain in legacy iptables.
Result<void> tell_legacy_chain(const spec::Attachment& attachment, Kernel& kernel) {
  const std::string chain =
      reference::chain_name({.network = attachment.network, .container_id = attachment.container_id});
  for (const Family family : kFamilies) {
    if (count_legacy_text(TRY(read_legacy_nat(family)), chain) == 0) continue;
    kernel.tell(fmt::format(
        "chain {} of this pod stays in table nat of legacy iptables, which podwire does not write; "
        "docs/migrating-from-reference.md says how to remove it with {}",
        chain, iptables_of(family)));
  }
  return {};
}

void keep(std::vector<Error>& errors, Result<void> outcome) {
  if (!outcome) errors.push_back(std::move(outcome).error());
}

Result<void> together(const std::vector<Error>& errors) {
  if (errors.empty()) return {};
  std::vector<std::string> texts;
  for (const Error& error : errors) texts.push_back(error.msg);
  return fail(errors.front().code, join(texts, "; "));
}

/// A chain in legacy iptables is believed when its rules are there: for each address a jump and an exemption,
/// and one that masquerades.
Result<bool> masqueraded_by_legacy(const ChainOwner& owner, const Ip& address) {
  constexpr std::size_t kRules = 3;
  const std::string blob = TRY(read_legacy_nat(address.family()));
  return count_legacy_text(blob, reference::chain_name(owner)) > 0 &&
         count_legacy_text(blob, reference::chain_comment(owner)) >= kRules;
}

Result<void> tell_legacy_garbage(Kernel& kernel, const std::string& network,
                                 const std::vector<spec::Attachment>& valid) {
  std::set<std::string> comments;
  for (const spec::Attachment& attachment : valid) {
    comments.insert(reference::chain_comment({.network = network, .container_id = attachment.container_id}));
  }
  for (const Family family : kFamilies) {
    const std::string blob = TRY(read_legacy_nat(family));
    for (const std::string& comment : legacy_comments(blob, fmt::format("name: \"{}\" id: \"", network))) {
      const auto owner = reference::parse_chain_comment(comment);
      if (!owner || comments.contains(comment)) continue;
      kernel.tell(
          fmt::format("chain {} ({}) stays in table nat of legacy iptables, which podwire does not write; "
                      "docs/migrating-from-reference.md says how to remove it with {}",
                      reference::chain_name(*owner), comment, iptables_of(family)));
    }
  }
  return {};
}

}  // namespace

Result<void> undo_reference_attachment(const plan::AddVeth& step, Kernel& kernel) {
  std::vector<Error> errors;
  keep(errors, remove_veth(step, kernel));
  if (!step.attachment) return together(errors);
  if (auto netfilter = Netlink::open(NETLINK_NETFILTER)) {
    keep(errors, end_masquerading(*step.attachment, kernel, *netfilter));
    keep(errors, remove_reference_mac_guard(*netfilter, *step.attachment));
  } else {
    errors.push_back(std::move(netfilter).error());
  }
  keep(errors, tell_legacy_chain(*step.attachment, kernel));
  return together(errors);
}

Result<void> verify_reference_rules(const reference::Rules& rules, Kernel& kernel) {
  if (rules.masqueraded.empty() && !rules.mac_guard) return {};
  Netlink netfilter = TRY(Netlink::open(NETLINK_NETFILTER));
  if (rules.mac_guard) {
    TRY(verify_reference_mac_guard(netfilter, rules.attachment, rules.host_link, rules.mac));
  }
  const ChainOwner owner{.network = rules.attachment.network, .container_id = rules.attachment.container_id};
  for (const Ip& address : rules.masqueraded) {
    auto verified = verify_reference_masquerade(netfilter, rules.attachment, address);
    if (verified) continue;
    if (verified.error().code != Code::kMissing || !TRY(masqueraded_by_legacy(owner, address)))
      return verified;
    kernel.tell(fmt::format("{} is masqueraded by legacy iptables, whose rules are counted, not read",
                            address.text()));
  }
  return {};
}

Result<void> collect_reference_garbage(Kernel& kernel, const std::string& network,
                                       const std::vector<spec::Attachment>& valid) {
  Netlink netfilter = TRY(Netlink::open(NETLINK_NETFILTER));
  std::vector<Error> errors;
  const auto garbage = collect_reference_masquerade(netfilter, network, valid);
  if (garbage) {
    keep(errors, flush_connections(garbage->addresses));
    keep(errors, collect_reference_mac_guards(netfilter, garbage->container_ids,
                                              [&](const std::string& link) -> Result<bool> {
                                                return TRY(look_up_link(kernel.host(), link)).has_value();
                                              }));
  } else {
    errors.push_back(garbage.error());
  }
  keep(errors, tell_legacy_garbage(kernel, network, valid));
  return together(errors);
}

}  // namespace podwire::kernel
