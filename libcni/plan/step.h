// A plan is a value: everything a plugin is about to do to the kernel, decided before anything is touched.
// kernel/executor.h gives every step three verbs, apply (ADD), verify (CHECK) and undo (DEL, rollback);
// describe.h gives it the fourth, describe (the equivalent commands).
//
// Owned steps belong to one attachment and are undone with it. Ensure... steps are shared: idempotent, safe
// under concurrency, never undone by one attachment. Steps inside the pod are undone by the removal of its
// link.
#pragma once

#include <chrono>
#include <cstdint>
#include <optional>
#include <string>
#include <variant>
#include <vector>

#include "libcni/base/ip.h"
#include "libcni/spec/invocation.h"
#include "libcni/spec/result.h"

namespace podwire::plan {

/// Which network namespace a step works in.
enum class Side : std::uint8_t { kHost, kPod };

/// Shared. A Linux bridge, up. mac and mtu are used when it is created; an existing bridge keeps its own (one
/// that lost its last port has no MAC, if nobody ever gave it one; it gets this).
struct EnsureBridge {
  std::string name;
  Mac mac;
  std::uint32_t mtu = 0;        ///< bytes; 0: the kernel's default
  bool vlan_filtering = false;  ///< set at creation only
  bool promiscuous = false;     ///< set also on an existing bridge
};

/// Shared. A gateway address on a host link; `replaces` are removed after it is there (forceAddress).
struct EnsureAddress {
  std::string link;
  Cidr address;
  std::vector<Cidr> replaces;
};

/// Shared. A sysctl of the host namespace, '/'-separated below /proc/sys: "net/ipv4/ip_forward".
struct EnsureSysctl {
  std::string key;
  std::string value;
  bool optional = false;  ///< a kernel without IPv6 has no such key
};

/// Shared. A veth pair in the host namespace: `name` carries the gateway of a VLAN, its peer is a bridge port
/// with `vlan` as untagged PVID.
struct EnsureVlanGateway {
  std::string bridge;
  std::string name;  ///< "<bridge>.<vlan>"
  std::string peer;
  Mac mac;
  Mac peer_mac;
  std::uint32_t mtu = 0;
  std::uint16_t vlan = 0;
  bool preserve_default_vlan = false;
};

/// Owned. A veth pair, one end in each namespace, both down.
struct AddVeth {
  std::string host_name;
  Mac host_mac;
  std::string pod_name;
  Mac pod_mac;
  std::uint32_t mtu = 0;  ///< bytes; 0: the kernel's default
  std::string alias;      ///< OwnerTag::text()
  std::string bridge;     ///< master of the host end; "": none
  /// DEL: whose it is. When there is no link of ours, what the reference plugin made for it is undone.
  std::optional<spec::Attachment> attachment;
};

/// Inclusive range of VLAN ids.
struct VlanRange {
  std::uint16_t first = 0;
  std::uint16_t last = 0;
  auto operator<=>(const VlanRange&) const = default;
};

/// Owned. Options of the host end as a bridge port; brings it up.
struct SetBridgePort {
  std::string link;
  bool hairpin = false;
  bool isolated = false;
  std::uint16_t vlan = 0;             ///< untagged PVID; 0: none
  std::vector<VlanRange> trunk;       ///< tagged
  bool preserve_default_vlan = true;  ///< false: VLANs present on the port are removed first
};

/// Owned. A per-interface sysctl inside the pod; vanishes with the link. A missing key is an error unless
/// optional.
struct SetPodSysctl {
  std::string key;
  std::string value;
  bool optional = false;  ///< a kernel without IPv6 has no such key
};

/// Owned. An address inside the pod; IPv6 ones with IFA_F_NODAD unless `detect_duplicates`.
struct AddAddress {
  std::string link;
  Cidr address;
  bool detect_duplicates = false;
};

/// Owned. A pod link up, from then on with sysctl net.ipv4.conf.<link>.arp_notify = 1 if wanted: by the same
/// message, because each look into /proc/sys of a network namespace costs more the more of them there are.
struct SetPodLinkUp {
  std::string link;
  bool arp_notify = false;
};

/// Owned. A route inside the pod. `route.gw` absent: on-link.
struct AddRoute {
  std::string link;
  spec::Route route;
};

/// Owned. Pod addresses whose traffic to outside is masqueraded: elements of the sets masq4 and masq6. Undone
/// without `addresses`, the sets are searched for the owner.
struct AddMasquerade {
  std::string owner;  ///< owner_key()
  std::vector<Ip> addresses;
};

/// Shared. Destinations that masqueraded pods reach unmasqueraded: interval sets nomasq4 and nomasq6.
struct EnsureNoMasquerade {
  std::string owner;  ///< owner_prefix() of the network
  std::vector<Cidr> destinations;
};

/// Owned. Frames from `link` must carry the source MAC `mac`: elements in table bridge podwire.
struct AddMacGuard {
  std::string owner;
  std::string link;
  Mac mac;
};

/// How long a bridge port may take to forward. The link watch answers within a millisecond unless RTNL is
/// jammed.
inline constexpr std::chrono::seconds kPortDeadline{3};

/// Owned. Waits until the host end carries traffic: a bridge port forwards only after the kernel's link watch
/// has seen the carrier, a moment after the pod's end came up. Event-driven; kTryAgainLater after
/// kPortDeadline.
struct AwaitPort {
  std::string link;
};

/// Owned. Makes the pod's kernel send gratuitous ARP (RFC 5227) and unsolicited neighbour advertisements (RFC
/// 4861, 7.2.6) for all its addresses on the link: setting the MAC address it has already raises
/// NETDEV_CHANGEADDR, on which arp_notify and ndisc_notify act. (A packet socket of our own would cost an RCU
/// grace period, 11 ms, at its close.) Nothing to verify, nothing to undo.
struct Announce {
  std::string link;
  Mac mac;
};

using Step = std::variant<EnsureBridge, EnsureAddress, EnsureSysctl, EnsureVlanGateway, AddVeth,
                          SetBridgePort, SetPodSysctl, AddAddress, SetPodLinkUp, AddRoute, AddMasquerade,
                          EnsureNoMasquerade, AddMacGuard, AwaitPort, Announce>;

using Plan = std::vector<Step>;

}  // namespace podwire::plan
