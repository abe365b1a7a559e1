#include "libcni/kernel/link.h"

#include <fmt/format.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/ipv6.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sys/ioctl.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

namespace podwire::kernel {
namespace {

std::string text_of(nlattr* attribute) {
  if (attribute == nullptr) return {};
  return {
      static_cast<const char*>(nla_data(attribute)),
      ::strnlen(static_cast<const char*>(nla_data(attribute)), static_cast<std::size_t>(nla_len(attribute)))};
}

std::uint32_t u32_of(nlattr* attribute) {
  return attribute != nullptr && nla_len(attribute) >= 4 ? nla_get_u32(attribute) : 0;
}

bool u8_of(nlattr* attribute) {
  return attribute != nullptr && nla_len(attribute) >= 1 && nla_get_u8(attribute) != 0;
}

template <std::size_t N>
void parse_nested(std::array<nlattr*, N>& table, nlattr* attribute) {
  if (attribute == nullptr ||
      nla_parse_nested(table.data(), static_cast<int>(N) - 1, attribute, nullptr) < 0) {
    table.fill(nullptr);
  }
}

void decode_link_info(Link& link, nlattr* attribute) {
  std::array<nlattr*, IFLA_INFO_MAX + 1> info{};
  parse_nested(info, attribute);
  link.kind = text_of(info[IFLA_INFO_KIND]);
  if (link.kind == "bridge") {
    std::array<nlattr*, IFLA_BR_MAX + 1> bridge{};
    parse_nested(bridge, info[IFLA_INFO_DATA]);
    link.vlan_filtering = u8_of(bridge[IFLA_BR_VLAN_FILTERING]);
  }
  if (text_of(info[IFLA_INFO_SLAVE_KIND]) == "bridge") {
    std::array<nlattr*, IFLA_BRPORT_MAX + 1> port{};
    parse_nested(port, info[IFLA_INFO_SLAVE_DATA]);
    link.hairpin = u8_of(port[IFLA_BRPORT_MODE]);
    link.isolated = u8_of(port[IFLA_BRPORT_ISOLATED]);
  }
}

/// IFLA_INET6_CONF is an array of the link's IPv6 sysctls (kernel ipv6_store_devconf()).
std::optional<int> accept_ra_of(nlattr* families) {
  if (families == nullptr) return std::nullopt;
  const nlattr* inet6 = nla_find(static_cast<nlattr*>(nla_data(families)), nla_len(families), AF_INET6);
  if (inet6 == nullptr) return std::nullopt;
  const nlattr* conf = nla_find(static_cast<nlattr*>(nla_data(inet6)), nla_len(inet6), IFLA_INET6_CONF);
  constexpr std::size_t kOffset = DEVCONF_ACCEPT_RA * sizeof(std::int32_t);
  if (conf == nullptr || static_cast<std::size_t>(nla_len(conf)) < kOffset + sizeof(std::int32_t)) {
    return std::nullopt;
  }
  std::int32_t value = 0;
  std::memcpy(&value, static_cast<const char*>(nla_data(conf)) + kOffset, sizeof value);
  return value;
}

Link decode_link(const nlmsghdr& header) {
  std::array<nlattr*, IFLA_MAX + 1> attributes{};
  Link link;
  if (nlmsg_parse(const_cast<nlmsghdr*>(&header), sizeof(ifinfomsg), attributes.data(), IFLA_MAX, nullptr) <
      0) {
    return link;
  }
  const auto& info = *static_cast<const ifinfomsg*>(nlmsg_data(&header));
  link.index = info.ifi_index;
  link.flags = info.ifi_flags;
  link.operstate =
      attributes[IFLA_OPERSTATE] != nullptr ? nla_get_u8(attributes[IFLA_OPERSTATE]) : std::uint8_t{0};
  link.name = text_of(attributes[IFLA_IFNAME]);
  link.alias = text_of(attributes[IFLA_IFALIAS]);
  if (nlattr* mac = attributes[IFLA_ADDRESS]; mac != nullptr && nla_len(mac) == 6) {
    std::array<std::uint8_t, 6> bytes{};
    std::memcpy(bytes.data(), nla_data(mac), bytes.size());
    link.mac = Mac(bytes);
  }
  link.mtu = u32_of(attributes[IFLA_MTU]);
  link.promiscuity = u32_of(attributes[IFLA_PROMISCUITY]);
  link.master = static_cast<int>(u32_of(attributes[IFLA_MASTER]));
  link.peer = static_cast<int>(u32_of(attributes[IFLA_LINK]));
  if (nlattr* netns = attributes[IFLA_LINK_NETNSID]; netns != nullptr && nla_len(netns) >= 4) {
    link.peer_netns = nla_get_s32(netns);
  }
  link.accept_ra = accept_ra_of(attributes[IFLA_AF_SPEC]);
  if (attributes[IFLA_LINKINFO] != nullptr) decode_link_info(link, attributes[IFLA_LINKINFO]);
  return link;
}

ifinfomsg link_header(int index = 0) {
  ifinfomsg header{};
  header.ifi_family = AF_UNSPEC;
  header.ifi_index = index;
  return header;
}

void put_end(Message& message, const NewVethEnd& end, std::uint32_t mtu) {
  message.put(IFLA_IFNAME, end.name);
  message.put_bytes(IFLA_ADDRESS, end.mac.bytes());
  if (mtu != 0) message.put_u32(IFLA_MTU, mtu);
}

}  // namespace

bool Link::is_up() const {
  return (flags & IFF_UP) != 0;
}

namespace {

KernelResult<std::optional<Link>> get_link(Netlink& netlink, Message& message) {
  std::optional<Link> link;
  const auto outcome = netlink.get(message, [&](const nlmsghdr& reply) { link = decode_link(reply); });
  if (!outcome && outcome.error().number == ENODEV) return std::nullopt;
  if (!outcome) return std::unexpected(outcome.error());
  return link;
}

}  // namespace

KernelResult<std::optional<Link>> find_link(Netlink& netlink, std::string_view name) {
  Message message(RTM_GETLINK, 0);
  message.header(link_header()).put(IFLA_IFNAME, name).put_u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  return get_link(netlink, message);
}

KernelResult<std::optional<Link>> find_link(Netlink& netlink, int index) {
  Message message(RTM_GETLINK, 0);
  message.header(link_header(index)).put_u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  return get_link(netlink, message);
}

namespace {

template <typename Key>
Result<std::optional<Link>> look_up(Netlink& netlink, const Key& key) {
  auto link = find_link(netlink, key);
  if (!link) return std::unexpected(link.error().as_error(fmt::format("cannot look up link {}", key)));
  return std::move(*link);
}

}  // namespace

Result<std::optional<Link>> look_up_link(Netlink& netlink, std::string_view name) {
  return look_up(netlink, name);
}

Result<std::optional<Link>> look_up_link(Netlink& netlink, int index) {
  return look_up(netlink, index);
}

KernelResult<std::vector<Link>> list_links(Netlink& netlink) {
  Message message(RTM_GETLINK, 0);
  message.header(link_header()).put_u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
  std::vector<Link> links;
  const auto outcome =
      netlink.dump(message, [&](const nlmsghdr& entry) { links.push_back(decode_link(entry)); });
  if (!outcome) return std::unexpected(outcome.error());
  return links;
}

KernelResult<int> link_index(const Netlink& netlink, std::string_view name) {
  ifreq request{};
  if (name.size() >= sizeof request.ifr_name)
    return std::unexpected(KernelError{.number = ENODEV, .text = {}});
  name.copy(request.ifr_name, name.size());
  if (::ioctl(netlink.fd(), SIOCGIFINDEX, &request) != 0) {
    return std::unexpected(KernelError{.number = errno, .text = {}});
  }
  return request.ifr_ifindex;
}

KernelResult<void> create_bridge(Netlink& netlink, const NewBridge& bridge) {
  Message message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  message.header(link_header()).put(IFLA_IFNAME, bridge.name).put_bytes(IFLA_ADDRESS, bridge.mac.bytes());
  if (bridge.mtu != 0) message.put_u32(IFLA_MTU, bridge.mtu);
  message.nest(IFLA_LINKINFO, [&](Message& info) {
    info.put(IFLA_INFO_KIND, "bridge");
    if (bridge.vlan_filtering) {
      info.nest(IFLA_INFO_DATA, [](Message& data) { data.put_u8(IFLA_BR_VLAN_FILTERING, 1); });
    }
  });
  return netlink.request(message);
}

Message encode_new_veth(const NewVeth& veth) {
  Message message(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL);
  message.header(link_header());
  put_end(message, veth.end, veth.mtu);
  if (veth.master != 0) message.put_u32(IFLA_MASTER, static_cast<std::uint32_t>(veth.master));
  message.nest(IFLA_LINKINFO, [&](Message& info) {
    info.put(IFLA_INFO_KIND, "veth");
    info.nest(IFLA_INFO_DATA, [&](Message& data) {
      data.nest(VETH_INFO_PEER, [&](Message& peer) {
        peer.header(link_header());
        put_end(peer, veth.peer, veth.mtu);
        if (veth.peer_netns >= 0) peer.put_u32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(veth.peer_netns));
      });
    });
  });
  return message;
}

KernelResult<void> create_veth(Netlink& netlink, const NewVeth& veth) {
  Message message = encode_new_veth(veth);
  return netlink.request(message);
}

namespace {

void put_families(Message& message, const LinkChange& change) {
  if (!change.no_ipv6_link_local && !change.arp_notify) return;
  message.nest(IFLA_AF_SPEC, [&](Message& families) {
    if (change.no_ipv6_link_local) {
      families.nest(AF_INET6,
                    [](Message& inet6) { inet6.put_u8(IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE); });
    }
    if (change.arp_notify) {
      families.nest(AF_INET, [](Message& inet) {
        inet.nest(IFLA_INET_CONF, [](Message& conf) { conf.put_u32(IPV4_DEVCONF_ARP_NOTIFY, 1); });
      });
    }
  });
}

}  // namespace

Message encode_change(std::string_view name, const LinkChange& change) {
  Message message(RTM_NEWLINK, 0);  // with IFLA_LINKINFO only RTM_NEWLINK reaches the port's options
  ifinfomsg header = link_header();
  const auto flag = [&](std::optional<bool> wanted, unsigned bit) {
    if (!wanted) return;
    header.ifi_change |= bit;
    if (*wanted) header.ifi_flags |= bit;
  };
  flag(change.up, IFF_UP);
  flag(change.promiscuous, IFF_PROMISC);
  message.header(header).put(IFLA_IFNAME, name);
  if (!change.alias.empty()) {
    message.put_bytes(IFLA_IFALIAS, std::span(reinterpret_cast<const std::uint8_t*>(change.alias.data()),
                                              change.alias.size()));
  }
  if (change.mac) message.put_bytes(IFLA_ADDRESS, change.mac->bytes());
  put_families(message, change);
  if (change.hairpin || change.isolated) {
    message.nest(IFLA_LINKINFO, [&](Message& info) {
      info.put(IFLA_INFO_SLAVE_KIND, "bridge");
      info.nest(IFLA_INFO_SLAVE_DATA, [&](Message& port) {
        if (change.hairpin) port.put_u8(IFLA_BRPORT_MODE, *change.hairpin ? 1 : 0);
        if (change.isolated) port.put_u8(IFLA_BRPORT_ISOLATED, *change.isolated ? 1 : 0);
      });
    });
  }
  return message;
}

KernelResult<void> change_link(Netlink& netlink, std::string_view name, const LinkChange& change) {
  Message message = encode_change(name, change);
  return netlink.request(message);
}

KernelResult<void> delete_link(Netlink& netlink, int index) {
  Message message(RTM_DELLINK, 0);
  message.header(link_header(index));
  return netlink.request(message);
}

}  // namespace podwire::kernel
