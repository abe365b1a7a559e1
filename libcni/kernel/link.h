// Links over rtnetlink: find, list, create, change, delete.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libcni/base/ip.h"
#include "libcni/kernel/netlink.h"

namespace podwire::kernel {

/// A link as the kernel describes it (struct ifinfomsg and IFLA_*).
struct Link {
  int index = 0;
  std::uint32_t flags = 0;     ///< IFF_*
  std::uint8_t operstate = 0;  ///< IF_OPER_*
  std::string name;
  std::string kind;  ///< IFLA_INFO_KIND: "bridge", "veth"; "" for hardware
  std::string alias;
  Mac mac;
  std::uint32_t mtu = 0;
  std::uint32_t promiscuity = 0;  ///< how many users want promiscuous mode
  int master = 0;                 ///< ifindex; 0: none
  int peer = 0;                   ///< IFLA_LINK: a veth's other end, in its own namespace
  /// IFLA_LINK_NETNSID: the namespace of that other end, as ours numbers it; nothing when it is ours.
  std::optional<int> peer_netns = std::nullopt;
  bool vlan_filtering = false;  ///< of a bridge
  bool hairpin = false;         ///< of a bridge port
  bool isolated = false;        ///< of a bridge port
  /// Sysctl net.ipv6.conf.<link>.accept_ra; nothing when the kernel or the link has no IPv6.
  std::optional<int> accept_ra = std::nullopt;

  [[nodiscard]] bool is_up() const;
};

[[nodiscard]] KernelResult<std::optional<Link>> find_link(Netlink& netlink, std::string_view name);
[[nodiscard]] KernelResult<std::optional<Link>> find_link(Netlink& netlink, int index);
/// The same with an error that says which link was looked for.
[[nodiscard]] Result<std::optional<Link>> look_up_link(Netlink& netlink, std::string_view name);
[[nodiscard]] Result<std::optional<Link>> look_up_link(Netlink& netlink, int index);
[[nodiscard]] KernelResult<std::vector<Link>> list_links(Netlink& netlink);

/// ifindex of a link that is believed to exist (SIOCGIFINDEX, netdevice(7)). Unlike RTM_GETLINK it takes no
/// RTNL, for which ADDs of other pods stand in line. ENODEV when there is none: after modprobe(8) was asked
/// for one of that name, which costs milliseconds.
[[nodiscard]] KernelResult<int> link_index(const Netlink& netlink, std::string_view name);

struct NewBridge {
  std::string name;
  Mac mac;
  std::uint32_t mtu = 0;  ///< 0: the kernel's default
  bool vlan_filtering = false;
};
/// Creates it, down. EEXIST when the name is taken.
[[nodiscard]] KernelResult<void> create_bridge(Netlink& netlink, const NewBridge& bridge);

struct NewVethEnd {
  std::string name;
  Mac mac;
};
struct NewVeth {
  NewVethEnd end;  ///< in the socket's namespace
  NewVethEnd peer;
  int peer_netns = -1;  ///< descriptor of the peer's namespace; -1: the socket's own
  std::uint32_t mtu = 0;
  int master = 0;  ///< ifindex of the bridge of `end`; 0: none
};
/// Both ends down. EEXIST when either name is taken.
[[nodiscard]] KernelResult<void> create_veth(Netlink& netlink, const NewVeth& veth);

/// Changes to an existing link; unset members are left alone.
struct LinkChange {
  std::optional<bool> up;
  std::optional<bool> promiscuous;
  std::optional<bool> hairpin;   ///< bridge port
  std::optional<bool> isolated;  ///< bridge port
  std::string alias;             ///< "": leave
  std::optional<Mac> mac;
  bool no_ipv6_link_local = false;  ///< IN6_ADDR_GEN_MODE_NONE
  bool arp_notify = false;          ///< sysctl net.ipv4.conf.<link>.arp_notify = 1
};
[[nodiscard]] KernelResult<void> change_link(Netlink& netlink, std::string_view name,
                                             const LinkChange& change);

/// Inclusive VLAN id ranges of a bridge port, added tagged, or as untagged PVID.
struct PortVlan {
  std::uint16_t first = 0;
  std::uint16_t last = 0;
  bool pvid_untagged = false;
};
/// AF_BRIDGE RTM_SETLINK / RTM_DELLINK with IFLA_AF_SPEC (kernel br_afspec()). `link` is an ifindex.
[[nodiscard]] KernelResult<void> add_port_vlans(Netlink& netlink, int link, std::span<const PortVlan> vlans);
[[nodiscard]] KernelResult<void> delete_port_vlans(Netlink& netlink, int link,
                                                   std::span<const PortVlan> vlans);
[[nodiscard]] KernelResult<std::vector<PortVlan>> list_port_vlans(Netlink& netlink, int link);

/// ENODEV when there is none. A veth's peer goes with it; the kernel waits for an RCU grace period (19 ms).
[[nodiscard]] KernelResult<void> delete_link(Netlink& netlink, int index);

/// Pure encoders, for tests.
[[nodiscard]] Message encode_new_veth(const NewVeth& veth);
[[nodiscard]] Message encode_change(std::string_view name, const LinkChange& change);
[[nodiscard]] Message encode_port_vlans(std::uint16_t type, int link, std::span<const PortVlan> vlans);

}  // namespace podwire::kernel
