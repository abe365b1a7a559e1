#include "libcni/kernel/reference_mac_guard.h"

#include <fmt/format.h>
#include <linux/netfilter.h>

#include <algorithm>

#include "libcni/kernel/nft_batch.h"
#include "libcni/kernel/nft_foreign_chain.h"
#include "libcni/plan/reference.h"

namespace podwire::kernel {
namespace {

namespace reference = plan::reference;

constexpr std::string_view kWhatRemove = "cannot remove the MAC spoof check that the reference plugin set up";
constexpr TableName kTable{.family = NFPROTO_BRIDGE, .name = "nat"};
constexpr std::string_view kPrerouting = "PREROUTING";

std::unexpected<Error> unguarded(std::string_view link, std::string_view why) {
  return fail(Code::kMissing, fmt::format("the source MAC check of {} is missing: {}", link, why));
}

/// The attachment (without its network) whose guard a rule of PREROUTING is, if its container is `dead`.
std::optional<spec::Attachment> dead_owner(const ForeignRule& rule, const std::set<std::string>& dead) {
  for (const std::string& id : dead) {
    const std::string start = reference::guard_comment({.container_id = id});  // "macspoofchk-<id>-"
    if (!rule.comment.starts_with(start)) continue;
    spec::Attachment owner{.network = {}, .container_id = id, .ifname = rule.comment.substr(start.size())};
    if (rule.target == reference::guard_chain(owner)) return owner;
  }
  return std::nullopt;
}

}  // namespace

Result<void> remove_reference_mac_guard(Netlink& netfilter, const spec::Attachment& attachment) {
  const std::string port_chain = reference::guard_chain(attachment);
  const std::string mac_chain = reference::guard_mac_chain(attachment);
  const auto present = [&]() -> Result<std::vector<std::string>> {
    std::vector<std::string> chains;
    for (const std::string& chain : {port_chain, mac_chain}) {
      if (TRY(chain_exists(netfilter, kTable, chain))) chains.push_back(chain);
    }
    return chains;
  };
  if (TRY(present()).empty()) return {};
  return compare_and_swap(netfilter, kWhatRemove, [&](NftBatch& batch) -> Result<void> {
    for (const ForeignRule& rule : TRY(list_rules(netfilter, kTable, kPrerouting))) {
      if (rule.target == port_chain) delete_rule(batch, kTable, rule);
    }
    // The port's chain first: it jumps to the other.
    for (const std::string& chain : TRY(present())) delete_chain(batch, kTable, chain);
    return {};
  });
}

Result<void> collect_reference_mac_guards(
    Netlink& netfilter, const std::set<std::string>& dead,
    const std::function<Result<bool>(const std::string&)>& link_exists) {
  if (dead.empty()) return {};
  for (const ForeignRule& rule : TRY(list_rules(netfilter, kTable, kPrerouting))) {
    const auto owner = dead_owner(rule, dead);
    if (!owner || rule.in_link.empty() || TRY(link_exists(rule.in_link))) continue;
    TRY(remove_reference_mac_guard(netfilter, *owner));
  }
  return {};
}

Result<void> verify_reference_mac_guard(Netlink& netfilter, const spec::Attachment& attachment,
                                        std::string_view link, const Mac& mac) {
  const std::string port_chain = reference::guard_chain(attachment);
  const std::string mac_chain = reference::guard_mac_chain(attachment);
  const auto prerouting = TRY(list_rules(netfilter, kTable, kPrerouting));
  const bool guarded = std::ranges::any_of(
      prerouting, [&](const ForeignRule& rule) { return rule.in_link == link && rule.target == port_chain; });
  if (!guarded) {
    return unguarded(
        link, fmt::format("no rule in {} of table bridge nat leads it to chain {}", kPrerouting, port_chain));
  }
  const auto port = TRY(list_rules(netfilter, kTable, port_chain));
  if (std::ranges::find(port, mac_chain, &ForeignRule::target) == port.end()) {
    return unguarded(link, fmt::format("chain {} does not jump to {}", port_chain, mac_chain));
  }
  const auto macs = TRY(list_rules(netfilter, kTable, mac_chain));
  const bool allows =
      std::ranges::any_of(macs, [&](const ForeignRule& rule) { return rule.source_mac == mac; });
  const bool drops =
      std::ranges::any_of(macs, [](const ForeignRule& rule) { return rule.drops && !rule.source_mac; });
  if (!allows || !drops) {
    return unguarded(link, fmt::format("chain {} does not drop everything but {}", mac_chain, mac.text()));
  }
  return {};
}

}  // namespace podwire::kernel
