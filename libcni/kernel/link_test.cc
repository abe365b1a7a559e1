#include "libcni/kernel/link.h"

#include <gtest/gtest.h>
#include <linux/if_bridge.h>
#include <linux/if_link.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sys/socket.h>

#include <array>
#include <cstring>

#include "libcni/kernel/address.h"

namespace podwire::kernel {
namespace {

template <typename Header>
nlattr* attribute(Message& message, int type) {
  return nlmsg_find_attr(message.nl_header(), sizeof(Header), type);
}

std::vector<bridge_vlan_info> vlans_of(Message& message) {
  std::vector<bridge_vlan_info> vlans;
  nlattr* spec = attribute<ifinfomsg>(message, IFLA_AF_SPEC);
  nlattr* entry = nullptr;
  int remaining = 0;
  nla_for_each_nested(entry, spec, remaining) {
    EXPECT_EQ(nla_type(entry), IFLA_BRIDGE_VLAN_INFO);
    bridge_vlan_info info{};
    std::memcpy(&info, nla_data(entry), sizeof info);
    vlans.push_back(info);
  }
  return vlans;
}

TEST(EncodePortVlans, SingleIdsRangesAndThePvid) {
  const std::array<PortVlan, 3> wanted{PortVlan{.first = 5, .last = 5}, PortVlan{.first = 10, .last = 20},
                                       PortVlan{.first = 100, .last = 100, .pvid_untagged = true}};
  Message message = encode_port_vlans(RTM_SETLINK, 7, wanted);
  const auto& header = *static_cast<const ifinfomsg*>(nlmsg_data(message.nl_header()));
  EXPECT_EQ(message.nl_header()->nlmsg_type, RTM_SETLINK);
  EXPECT_EQ(header.ifi_family, AF_BRIDGE);
  EXPECT_EQ(header.ifi_index, 7);
  const auto vlans = vlans_of(message);
  ASSERT_EQ(vlans.size(), 4U);
  EXPECT_EQ(vlans[0].vid, 5);
  EXPECT_EQ(vlans[0].flags, 0);
  EXPECT_EQ(vlans[1].vid, 10);
  EXPECT_EQ(vlans[1].flags, BRIDGE_VLAN_INFO_RANGE_BEGIN);
  EXPECT_EQ(vlans[2].vid, 20);
  EXPECT_EQ(vlans[2].flags, BRIDGE_VLAN_INFO_RANGE_END);
  EXPECT_EQ(vlans[3].vid, 100);
  EXPECT_EQ(vlans[3].flags, BRIDGE_VLAN_INFO_PVID | BRIDGE_VLAN_INFO_UNTAGGED);
}

TEST(EncodeNewVeth, BothEndsInOneMessage) {
  const NewVeth veth{.end = {.name = "veth1", .mac = *Mac::parse("02:00:00:00:00:01")},
                     .peer = {.name = "eth0", .mac = *Mac::parse("02:00:00:00:00:02")},
                     .peer_netns = 9,
                     .mtu = 1400,
                     .master = 3};
  Message message = encode_new_veth(veth);
  EXPECT_EQ(message.nl_header()->nlmsg_flags & (NLM_F_CREATE | NLM_F_EXCL), NLM_F_CREATE | NLM_F_EXCL);
  EXPECT_STREQ(nla_get_string(attribute<ifinfomsg>(message, IFLA_IFNAME)), "veth1");
  EXPECT_EQ(nla_get_u32(attribute<ifinfomsg>(message, IFLA_MASTER)), 3U);
  EXPECT_EQ(nla_get_u32(attribute<ifinfomsg>(message, IFLA_MTU)), 1400U);

  std::array<nlattr*, IFLA_INFO_MAX + 1> info{};
  ASSERT_EQ(
      nla_parse_nested(info.data(), IFLA_INFO_MAX, attribute<ifinfomsg>(message, IFLA_LINKINFO), nullptr), 0);
  EXPECT_STREQ(nla_get_string(info[IFLA_INFO_KIND]), "veth");
  std::array<nlattr*, VETH_INFO_MAX + 1> data{};
  ASSERT_EQ(nla_parse_nested(data.data(), VETH_INFO_MAX, info[IFLA_INFO_DATA], nullptr), 0);
  nlattr* peer = data[VETH_INFO_PEER];
  ASSERT_NE(peer, nullptr);
  std::array<nlattr*, IFLA_MAX + 1> end{};
  auto* first =
      reinterpret_cast<nlattr*>(static_cast<char*>(nla_data(peer)) + NLMSG_ALIGN(sizeof(ifinfomsg)));
  ASSERT_EQ(nla_parse(end.data(), IFLA_MAX, first,
                      nla_len(peer) - static_cast<int>(NLMSG_ALIGN(sizeof(ifinfomsg))), nullptr),
            0);
  EXPECT_STREQ(nla_get_string(end[IFLA_IFNAME]), "eth0");
  EXPECT_EQ(nla_get_u32(end[IFLA_NET_NS_FD]), 9U);
  EXPECT_EQ(nla_get_u32(end[IFLA_MTU]), 1400U);
}

TEST(EncodeAddress, Ipv4HasItsBroadcastAndIpv6ItsFlags) {
  Message v4 = encode_address(RTM_NEWADDR, 4, *Cidr::parse("10.1.2.3/24"), 0);
  const auto& header = *static_cast<const ifaddrmsg*>(nlmsg_data(v4.nl_header()));
  EXPECT_EQ(header.ifa_prefixlen, 24);
  const std::array<std::uint8_t, 4> broadcast{10, 1, 2, 255};
  ASSERT_NE(attribute<ifaddrmsg>(v4, IFA_BROADCAST), nullptr);
  EXPECT_EQ(std::memcmp(nla_data(attribute<ifaddrmsg>(v4, IFA_BROADCAST)), broadcast.data(), 4), 0);

  Message v6 = encode_address(RTM_NEWADDR, 4, *Cidr::parse("fd00::3/64"), 0x02);
  EXPECT_EQ(attribute<ifaddrmsg>(v6, IFA_BROADCAST), nullptr);
  EXPECT_EQ(nla_get_u32(attribute<ifaddrmsg>(v6, IFA_FLAGS)), 0x02U);
}

TEST(EncodeRoute, AttributesOfTheSpecification) {
  const spec::Route route{.dst = *Cidr::parse("10.9.8.7/16"),
                          .gw = *Ip::parse("10.1.2.1"),
                          .mtu = 1300,
                          .advmss = 1200,
                          .priority = 50,
                          .table = 1000,
                          .scope = 0};
  Message message = encode_route(4, route);
  const auto& header = *static_cast<const rtmsg*>(nlmsg_data(message.nl_header()));
  EXPECT_EQ(header.rtm_dst_len, 16);
  EXPECT_EQ(header.rtm_scope, 0);
  const std::array<std::uint8_t, 4> network{10, 9, 0, 0};
  EXPECT_EQ(std::memcmp(nla_data(attribute<rtmsg>(message, RTA_DST)), network.data(), 4), 0)
      << "host bits are cleared";
  EXPECT_EQ(nla_get_u32(attribute<rtmsg>(message, RTA_TABLE)), 1000U);
  EXPECT_EQ(nla_get_u32(attribute<rtmsg>(message, RTA_PRIORITY)), 50U);
  std::array<nlattr*, RTAX_MAX + 1> metrics{};
  ASSERT_EQ(nla_parse_nested(metrics.data(), RTAX_MAX, attribute<rtmsg>(message, RTA_METRICS), nullptr), 0);
  EXPECT_EQ(nla_get_u32(metrics[RTAX_MTU]), 1300U);
  EXPECT_EQ(nla_get_u32(metrics[RTAX_ADVMSS]), 1200U);
}

TEST(EncodeRoute, WithoutAGatewayIsOnLink) {
  Message message = encode_route(4, {.dst = *Cidr::parse("10.9.0.0/16")});
  const auto& header = *static_cast<const rtmsg*>(nlmsg_data(message.nl_header()));
  EXPECT_EQ(header.rtm_scope, RT_SCOPE_LINK);
  EXPECT_EQ(attribute<rtmsg>(message, RTA_GATEWAY), nullptr);
}

}  // namespace
}  // namespace podwire::kernel
