#include "libcni/kernel/observe.h"

#include <linux/if.h>
#include <linux/netfilter/nf_tables.h>

#include <algorithm>
#include <cerrno>
#include <variant>

#include "libcni/kernel/address.h"
#include "libcni/kernel/link.h"
#include "libcni/kernel/masquerade.h"
#include "libcni/kernel/nft_batch.h"
#include "libcni/kernel/steps.h"
#include "libcni/kernel/sysctl.h"

namespace podwire::kernel {
namespace {

using plan::Observed;

using Links = std::map<std::string, Link>;

Result<Links> read_links(Netlink& host) {
  auto list = list_links(host);
  if (!list) return std::unexpected(list.error().as_error("cannot list links"));
  Links links;
  for (Link& link : *list) links.emplace(link.name, std::move(link));
  return links;
}

/// Looks at what one step ensures.
class Observer {
 public:
  Observer(Observed& observed, const Links& links, Kernel& kernel)
      : observed_(observed), links_(links), kernel_(kernel) {}

  Result<void> operator()(const plan::EnsureBridge& step) { return note_link(step.name, "bridge"); }
  Result<void> operator()(const plan::EnsureVlanGateway& step) { return note_link(step.name, "veth"); }

  Result<void> operator()(const plan::EnsureAddress& step) {
    const auto link = links_.find(step.link);
    if (link == links_.end()) return {};
    const auto present = list_addresses(kernel_.host(), link->second.index);
    if (!present) return std::unexpected(present.error().as_error("cannot list addresses of " + step.link));
    std::vector<Cidr>& addresses = observed_.links[step.link].addresses;
    addresses.clear();
    for (const LinkAddress& entry : *present) addresses.push_back(entry.address);
    return {};
  }

  Result<void> operator()(const plan::EnsureSysctl& step) {
    if (auto value = TRY(read_sysctl(step.key))) observed_.sysctls[step.key] = std::move(*value);
    return {};
  }

  Result<void> operator()(const plan::AddVeth& step) {
    if (links_.contains(step.host_name)) return host_link_exists(step.host_name);
    return {};
  }

  /// Steps of the pod, and those on nf_tables, which are looked at together.
  template <typename Step>
  Result<void> operator()(const Step&) {
    return {};
  }

 private:
  Result<void> note_link(const std::string& name, std::string_view kind) {
    const auto found = links_.find(name);
    if (found == links_.end()) return {};
    const Link& link = found->second;
    TRY(require_kind(link, kind));
    Observed::Link& noted = observed_.links[name];
    noted.up = link.is_up();
    noted.promiscuous = (link.flags & IFF_PROMISC) != 0;
    noted.has_mac = !link.mac.is_zero();
    return {};
  }

  Observed& observed_;
  const Links& links_;
  Kernel& kernel_;
};

template <typename... Steps>
bool has_any(const plan::Plan& plan) {
  return std::ranges::any_of(
      plan, [](const plan::Step& step) { return (std::holds_alternative<Steps>(step) || ...); });
}

/// nf_tables answers nobody without CAP_NET_ADMIN, not even readers (kernel nfnetlink_rcv()).
Result<bool> may_read_nftables() {
  Netlink netlink = TRY(Netlink::open(NETLINK_NETFILTER));
  Message request = nft_message(NFT_MSG_GETGEN, 0, AF_UNSPEC);
  const auto status = netlink.get(request, [](const nlmsghdr&) {});
  if (status) return true;
  if (status.error().number == EPERM) return false;
  return std::unexpected(status.error().as_error("cannot read nftables"));
}

Result<void> observe_nftables(Observed& observed, Kernel& kernel) {
  Nft* nft = TRY(kernel.nft());
  observed.masquerade = TRY(nft->masquerade_base());
  observed.mac_guard = TRY(nft->mac_guard_base());
  observed.masqueraded = TRY(nft->masquerade_elements());
  observed.exempt = TRY(nft->no_masquerade_elements());
  observed.guarded = TRY(nft->mac_guard_elements());
  return {};
}

}  // namespace

Result<Observed> observe(const plan::Plan& plan, Kernel& kernel, std::vector<std::string>& notices) {
  Observed observed;
  const Links links = TRY(read_links(kernel.host()));
  Observer observer(observed, links, kernel);
  for (const plan::Step& step : plan) TRY(std::visit(observer, step));
  if (!has_any<plan::AddMasquerade, plan::EnsureNoMasquerade, plan::AddMacGuard>(plan)) return observed;
  observed.tagged = TRY(masqueraded_by_tags(kernel.host()));
  if (TRY(may_read_nftables())) {
    TRY(observe_nftables(observed, kernel));
    return observed;
  }
  notices.emplace_back(
      "nftables can be read by root only: podwire's tables are written from the beginning, whatever is "
      "there");
  observed.masquerade = std::nullopt;
  observed.mac_guard = std::nullopt;
  return observed;
}

}  // namespace podwire::kernel
