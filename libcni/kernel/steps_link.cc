// Steps on links: the bridge, veth pairs, bridge ports.
#include <fmt/format.h>
#include <linux/if.h>

#include <cerrno>

#include "libcni/kernel/link.h"
#include "libcni/kernel/port_wait.h"
#include "libcni/kernel/reference.h"
#include "libcni/kernel/steps.h"
#include "libcni/kernel/sysctl.h"
#include "libcni/plan/owner.h"

namespace podwire::kernel {

std::unexpected<Error> missing(std::string what) {
  return fail(Code::kMissing, std::move(what));
}

Result<void> as_result(KernelResult<void> outcome, std::string_view what) {
  if (outcome) return {};
  return std::unexpected(outcome.error().as_error(what));
}

namespace {

std::unexpected<Error> absent(std::string_view name, Code code) {
  return fail(code, fmt::format("link {:?} does not exist", name));
}

}  // namespace

Result<Link> require_link(Netlink& netlink, std::string_view name, Code code) {
  auto link = TRY(look_up_link(netlink, name));
  if (!link) return absent(name, code);
  return std::move(*link);
}

Result<void> require_kind(const Link& link, std::string_view kind) {
  if (link.kind == kind) return {};
  return fail(
      Code::kLinkConflict, fmt::format("{:?} already exists but is not a {}", link.name, kind),
      link.kind.empty() ? "it is a hardware interface" : fmt::format("it is of kind {:?}", link.kind));
}

std::unexpected<Error> host_link_exists(std::string_view name) {
  return fail(Code::kInterfaceExists, fmt::format("host link {:?} of this attachment already exists", name),
              "the attachment was added before, in another netns; delete it first");
}

namespace {

Result<Link> as_bridge(std::optional<Link> link, std::string_view name, Code code) {
  if (!link) return absent(name, code);
  TRY(require_kind(*link, "bridge"));
  return *std::move(link);
}

Result<Link> require_bridge(Netlink& netlink, std::string_view name, Code code) {
  return as_bridge(TRY(look_up_link(netlink, name)), name, code);
}

}  // namespace

Result<void> apply_step(const plan::EnsureBridge& step, Kernel& kernel) {
  Netlink& host = kernel.host();
  auto existing = TRY(kernel.recall(plan::Side::kHost, step.name));
  if (!existing) {
    const auto created = create_bridge(
        host, {.name = step.name, .mac = step.mac, .mtu = step.mtu, .vlan_filtering = step.vlan_filtering});
    if (!created && created.error().number != EEXIST) {
      return std::unexpected(created.error().as_error(fmt::format("could not add {:?}", step.name)));
    }
    // While its link-local address is tentative (one to two seconds) the bridge solicits no neighbour for the
    // packets it forwards (kernel ndisc_send_ns()): pods would not be reached over IPv6 at first.
    TRY(ensure_sysctl(fmt::format("net/ipv6/conf/{}/accept_dad", step.name), "0", true));
    existing = TRY(kernel.look_up(plan::Side::kHost, step.name));
  }
  const Link bridge = TRY(as_bridge(std::move(existing), step.name, Code::kKernel));
  LinkChange change;
  if (bridge.mac.is_zero()) {
    change.mac = step.mac;
  } else if (bridge.mac != step.mac) {
    return fail(Code::kTryAgainLater,
                fmt::format("bridge {:?} was made by somebody else just now", step.name));
  }
  if (!bridge.is_up()) change.up = true;
  if (step.promiscuous && (bridge.flags & IFF_PROMISC) == 0) change.promiscuous = true;
  if (!change.up && !change.promiscuous && !change.mac) return {};
  return as_result(change_link(host, step.name, change),
                   fmt::format("cannot bring up bridge {:?}", step.name));
}

Result<void> verify_step(const plan::EnsureBridge& step, Kernel& kernel) {
  const Link bridge = TRY(require_bridge(kernel.host(), step.name, Code::kMissing));
  if (step.promiscuous && bridge.promiscuity == 0) {
    return missing(fmt::format("bridge {:?} is not in promiscuous mode", step.name));
  }
  if (!bridge.is_up()) return missing(fmt::format("bridge {:?} is down", step.name));
  return {};
}

namespace {

/// Which of the two names of a veth pair the kernel's EEXIST is about.
Result<void> explain_name_conflict(const plan::AddVeth& step, Kernel& kernel) {
  Netlink* pod = TRY(kernel.pod());
  if (TRY(look_up_link(*pod, step.pod_name))) {
    return fail(Code::kInterfaceExists,
                fmt::format("interface {:?} already exists in the netns", step.pod_name),
                "the attachment may have been added before; delete it first");
  }
  return host_link_exists(step.host_name);
}

}  // namespace

Result<void> apply_step(const plan::AddVeth& step, Kernel& kernel) {
  TRY(kernel.pod());
  int master = 0;
  if (!step.bridge.empty()) master = TRY(kernel.link_index(plan::Side::kHost, step.bridge, Code::kKernel));
  const auto created = create_veth(kernel.host(), {.end = {.name = step.host_name, .mac = step.host_mac},
                                                   .peer = {.name = step.pod_name, .mac = step.pod_mac},
                                                   .peer_netns = kernel.pod_fd(),
                                                   .mtu = step.mtu,
                                                   .master = master});
  if (!created) {
    if (created.error().number == EEXIST) TRY(explain_name_conflict(step, kernel));
    return std::unexpected(created.error().as_error(
        fmt::format("failed to make veth pair {}, {}", step.host_name, step.pod_name)));
  }
  // The alias cannot be part of the creating message (kernel rtnl_create_link()).
  const auto tagged =
      change_link(kernel.host(), step.host_name, {.alias = step.alias, .no_ipv6_link_local = true});
  if (tagged) return {};
  Error error = tagged.error().as_error(fmt::format("cannot tag {}", step.host_name));
  if (const auto undone = undo_step(step, kernel); !undone)
    error.details = "not undone: " + undone.error().msg;
  return std::unexpected(std::move(error));
}

namespace {

bool is_ours(const Link& link, const std::string& key) {
  const auto tag = plan::OwnerTag::parse(link.alias);
  return tag && tag->key == key;
}

std::string key_of(const plan::AddVeth& step) {
  const auto tag = plan::OwnerTag::parse(step.alias);
  return tag ? tag->key : std::string();
}

}  // namespace

Result<void> undo_step(const plan::AddVeth& step, Kernel& kernel) {
  const auto link = TRY(look_up_link(kernel.host(), step.host_name));
  if (!link) return undo_reference_attachment(step, kernel);
  // The name is a hash of the attachment: an untagged veth of that name is ours, killed before it was tagged.
  if (link->kind != "veth" || (!link->alias.empty() && !is_ours(*link, key_of(step)))) {
    return fail(Code::kLinkConflict,
                fmt::format("link {} is not this attachment's, left alone", step.host_name),
                fmt::format("kind {:?}, alias {:?}", link->kind, link->alias));
  }
  return kernel.remove_link(plan::Side::kHost, *link);
}

Result<void> verify_step(const plan::AddVeth& step, Kernel& kernel) {
  const Link outside = TRY(require_link(kernel.host(), step.host_name, Code::kMissing));
  Netlink* pod = TRY(kernel.pod());
  const Link inside = TRY(require_link(*pod, step.pod_name, Code::kMissing));
  if (inside.kind != "veth" || inside.peer != outside.index || outside.peer != inside.index) {
    return missing(
        fmt::format("{} in the netns and {} on the host are not a veth pair", step.pod_name, step.host_name));
  }
  if (inside.mac != step.pod_mac) {
    return missing(
        fmt::format("{} has MAC {}, expected {}", step.pod_name, inside.mac.text(), step.pod_mac.text()));
  }
  if (!step.bridge.empty()) {
    const Link bridge = TRY(require_bridge(kernel.host(), step.bridge, Code::kMissing));
    if (outside.master != bridge.index) {
      return missing(fmt::format("{} is not a port of bridge {:?}", step.host_name, step.bridge));
    }
  }
  return {};
}

Result<void> defer_step(const plan::SetPodLinkUp& step, Kernel& kernel) {
  const std::string what = fmt::format("cannot bring up {} in the netns", step.link);
  // First: of a change of IFLA_AF_SPEC on a link that is up everybody is notified (kernel netdev_state_change()),
  // which costs as much as bringing it up.
  if (step.arp_notify) kernel.defer_in_pod(encode_change(step.link, {.arp_notify = true}), what);
  kernel.defer_in_pod(encode_change(step.link, {.up = true}), what);
  return {};
}

Result<void> verify_step(const plan::SetPodLinkUp& step, Kernel& kernel) {
  const Link link = TRY(require_link(*TRY(kernel.pod()), step.link, Code::kMissing));
  if (!link.is_up()) return missing(fmt::format("{} in the netns is down", step.link));
  return {};
}

Result<void> apply_step(const plan::AwaitPort& step, Kernel& kernel) {
  return await_operational(kernel.host(), step.link, plan::kPortDeadline);
}

}  // namespace podwire::kernel
