// VLANs of bridge ports (link.h), the AF_BRIDGE side of rtnetlink.
#include <linux/if_bridge.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>

#include <array>
#include <cstring>

#include "libcni/kernel/link.h"

namespace podwire::kernel {
namespace {

ifinfomsg bridge_header(int link) {
  ifinfomsg header{};
  header.ifi_family = AF_BRIDGE;
  header.ifi_index = link;
  return header;
}

void put_vlan(Message& message, std::uint16_t vid, std::uint16_t flags) {
  const bridge_vlan_info info{.flags = flags, .vid = vid};
  message.put_bytes(IFLA_BRIDGE_VLAN_INFO,
                    std::span(reinterpret_cast<const std::uint8_t*>(&info), sizeof info));
}

std::vector<PortVlan> decode_vlans(const nlmsghdr& header) {
  std::vector<PortVlan> vlans;
  std::array<nlattr*, IFLA_MAX + 1> attributes{};
  if (nlmsg_parse(const_cast<nlmsghdr*>(&header), sizeof(ifinfomsg), attributes.data(), IFLA_MAX, nullptr) <
          0 ||
      attributes[IFLA_AF_SPEC] == nullptr) {
    return vlans;
  }
  nlattr* attribute = nullptr;
  int remaining = 0;
  nla_for_each_nested(attribute, attributes[IFLA_AF_SPEC], remaining) {
    if (nla_type(attribute) != IFLA_BRIDGE_VLAN_INFO || nla_len(attribute) < int{sizeof(bridge_vlan_info)})
      continue;
    bridge_vlan_info info{};
    std::memcpy(&info, nla_data(attribute), sizeof info);
    vlans.push_back(
        {.first = info.vid,
         .last = info.vid,
         .pvid_untagged = (info.flags & (BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED)) != 0});
  }
  return vlans;
}

}  // namespace

Message encode_port_vlans(std::uint16_t type, int link, std::span<const PortVlan> vlans) {
  Message message(type, 0);
  message.header(bridge_header(link));
  message.nest(IFLA_AF_SPEC, [&](Message& spec) {
    for (const PortVlan& vlan : vlans) {
      constexpr std::uint16_t kPvid = BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED;
      const std::uint16_t flags = vlan.pvid_untagged ? kPvid : std::uint16_t{0};
      if (vlan.first == vlan.last) {
        put_vlan(spec, vlan.first, flags);
      } else {
        put_vlan(spec, vlan.first, static_cast<std::uint16_t>(flags | BRIDGE_VLAN_INFO_RANGE_BEGIN));
        put_vlan(spec, vlan.last, static_cast<std::uint16_t>(flags | BRIDGE_VLAN_INFO_RANGE_END));
      }
    }
  });
  return message;
}

KernelResult<void> add_port_vlans(Netlink& netlink, int link, std::span<const PortVlan> vlans) {
  if (vlans.empty()) return {};
  Message message = encode_port_vlans(RTM_SETLINK, link, vlans);
  return netlink.request(message);
}

KernelResult<void> delete_port_vlans(Netlink& netlink, int link, std::span<const PortVlan> vlans) {
  if (vlans.empty()) return {};
  Message message = encode_port_vlans(RTM_DELLINK, link, vlans);
  return netlink.request(message);
}

KernelResult<std::vector<PortVlan>> list_port_vlans(Netlink& netlink, int link) {
  Message message(RTM_GETLINK, 0);
  message.header(bridge_header(0)).put_u32(IFLA_EXT_MASK, RTEXT_FILTER_BRVLAN);
  std::vector<PortVlan> vlans;
  const auto outcome = netlink.dump(message, [&](const nlmsghdr& entry) {
    const auto& info = *static_cast<const ifinfomsg*>(nlmsg_data(&entry));
    if (info.ifi_index == link) vlans = decode_vlans(entry);
  });
  if (!outcome) return std::unexpected(outcome.error());
  return vlans;
}

}  // namespace podwire::kernel
