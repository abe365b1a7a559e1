#include "libcni/kernel/capability.h"

#include <linux/if_link.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <linux/rtnetlink.h>
#include <sched.h>
#include <sys/socket.h>

#include <cerrno>
#include <thread>

#include "libcni/kernel/conntrack_flow.h"
#include "libcni/kernel/link.h"
#include "libcni/kernel/netlink.h"
#include "libcni/kernel/nft.h"

namespace podwire::kernel {
namespace {

/// Addresses for documentation (RFC 5737, RFC 3849): they mean nobody, in a namespace that nobody is in.
constexpr const char* kAddress4 = "192.0.2.1";
constexpr const char* kAddress6 = "2001:db8::1";
constexpr const char* kOwner = "podwire:probe/probe/eth0";

const Mac kMac = Mac::from_seed(1);
const Mac kPeerMac = Mac::from_seed(2);

Result<void> as_probe(const KernelResult<void>& outcome) {
  if (outcome) return {};
  return std::unexpected(outcome.error().as_error("refused"));
}

Result<void> make_veth(Netlink& netlink, const std::string& name) {
  return as_probe(create_veth(
      netlink, {.end = {.name = name, .mac = kMac}, .peer = {.name = name + "p", .mac = kPeerMac}}));
}

Result<void> probe_bridge_vlan(Netlink& netlink) {
  const NewBridge bridge{.name = "vlans", .mac = kMac, .vlan_filtering = true};
  TRY(as_probe(create_bridge(netlink, bridge)));
  const auto link = find_link(netlink, bridge.name);
  // A kernel without it takes the attribute and ignores it.
  if (link && *link && (*link)->vlan_filtering) return {};
  return fail(Code::kKernel, "the bridge does not filter");
}

Message new_link(std::string_view name, const std::function<void(Message&)>& attributes) {
  Message message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  message.header(ifinfomsg{}).put(IFLA_IFNAME, name);
  attributes(message);
  return message;
}

Result<void> probe_vxlan(Netlink& netlink) {
  Message message = new_link("vxlan", [](Message& link) {
    link.nest(IFLA_LINKINFO, [](Message& info) {
      info.put(IFLA_INFO_KIND, "vxlan");
      info.nest(IFLA_INFO_DATA, [](Message& data) { data.put_u32(IFLA_VXLAN_ID, 1); });
    });
  });
  return as_probe(netlink.request(message));
}

Result<void> probe_macvlan(Netlink& netlink) {
  TRY(make_veth(netlink, "lower"));
  const auto lower = find_link(netlink, "lower");
  if (!lower || !*lower) return fail(Code::kKernel, "the lower link is gone");
  Message message = new_link("macvlan", [&](Message& link) {
    link.put_u32(IFLA_LINK, static_cast<std::uint32_t>((*lower)->index));
    link.nest(IFLA_LINKINFO, [](Message& info) { info.put(IFLA_INFO_KIND, "macvlan"); });
  });
  return as_probe(netlink.request(message));
}

Result<void> probe_masquerade() {
  const Ip address4 = TRY(Ip::parse(kAddress4));
  const Ip address6 = TRY(Ip::parse(kAddress6));
  Nft nft = TRY(Nft::open());
  return nft.add_masquerade({{.owner = kOwner, .address = address4}, {.owner = kOwner, .address = address6}},
                            []() -> Result<std::vector<MasqueradeElement>> { return {}; });
}

Result<void> probe_mac_guard() {
  Nft nft = TRY(Nft::open());
  return nft.add_mac_guard(kOwner, "guarded", kMac);
}

Result<void> probe_conntrack() {
  Netlink netlink = TRY(Netlink::open(NETLINK_NETFILTER));
  Message request = conntrack_message(IPCTNL_MSG_CT_GET_STATS, AF_UNSPEC);
  return as_probe(netlink.get(request, [](const nlmsghdr&) {}));
}

Result<void> probe(Capability capability, Netlink& netlink) {
  switch (capability) {
    case Capability::kVeth:
      return make_veth(netlink, "veth");
    case Capability::kBridge:
      return as_probe(create_bridge(netlink, {.name = "bridge", .mac = kMac}));
    case Capability::kBridgeVlan:
      return probe_bridge_vlan(netlink);
    case Capability::kVxlan:
      return probe_vxlan(netlink);
    case Capability::kMacvlan:
      return probe_macvlan(netlink);
    case Capability::kMasquerade:
      return probe_masquerade();
    case Capability::kMacGuard:
      return probe_mac_guard();
    case Capability::kConntrack:
      return probe_conntrack();
  }
  return fail(Code::kKernel, "unknown capability");
}

Result<std::vector<CapabilityAnswer>> probe_in_new_netns(std::span<const Capability> wanted) {
  if (::unshare(CLONE_NEWNET) != 0)
    return fail_errno(Code::kKernel, "cannot make a network namespace", errno);
  Netlink netlink = TRY(Netlink::open(NETLINK_ROUTE));
  std::vector<CapabilityAnswer> answers;
  for (const Capability capability : wanted) {
    const Result<void> outcome = probe(capability, netlink);
    answers.push_back({.capability = capability});
    if (!outcome) answers.back().refusal = outcome.error().msg;
  }
  return answers;
}

}  // namespace

Result<std::vector<CapabilityAnswer>> probe_capabilities(std::span<const Capability> wanted) {
  Result<std::vector<CapabilityAnswer>> answers = std::vector<CapabilityAnswer>{};
  // The namespace is the thread's alone and goes with it.
  std::thread([&] { answers = probe_in_new_netns(wanted); }).join();
  return answers;
}

}  // namespace podwire::kernel
