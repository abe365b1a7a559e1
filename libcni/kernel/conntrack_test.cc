// Connection tracking entries: which addresses they involve, and how they are named in a deletion.
#include <gtest/gtest.h>
#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <sys/socket.h>

#include <array>

#include "libcni/kernel/conntrack_flow.h"
#include "libcni/kernel/nft_attribute.h"

namespace podwire::kernel {
namespace {

Ip ip(std::string_view text) {
  return Ip::parse(text).value();
}

void put_tuple(Message& message, int attribute, const Ip& source, const Ip& destination) {
  message.nest(attribute, [&](Message& tuple) {
    tuple.nest(CTA_TUPLE_IP, [&](Message& addresses) {
      addresses.put_bytes(source.is_v4() ? CTA_IP_V4_SRC : CTA_IP_V6_SRC, source.bytes());
      addresses.put_bytes(source.is_v4() ? CTA_IP_V4_DST : CTA_IP_V6_DST, destination.bytes());
    });
  });
}

/// 10.1.2.3 speaks to 192.0.2.9, which is 10.1.2.7 behind a destination NAT, masqueraded as 192.0.2.1.
Message translated_flow() {
  Message message = conntrack_message(IPCTNL_MSG_CT_NEW, AF_INET);
  put_tuple(message, CTA_TUPLE_ORIG, ip("10.1.2.3"), ip("192.0.2.9"));
  put_tuple(message, CTA_TUPLE_REPLY, ip("10.1.2.7"), ip("192.0.2.1"));
  message.put_be32(CTA_ID, 4711).put_be32(CTA_TIMEOUT, 30);
  const std::array<std::uint8_t, 2> zone{0, 5};
  message.put_bytes(CTA_ZONE, zone);
  return message;
}

TEST(ConntrackFlow, InvolvesBothEndsAndTheOneBehindNat) {
  Message message = translated_flow();
  const auto flow = decode_flow(*message.nl_header());
  ASSERT_TRUE(flow);
  for (const char* address : {"10.1.2.3", "192.0.2.9", "10.1.2.7"}) {
    EXPECT_TRUE(flow->involves(std::array{ip("10.9.9.9"), ip(address)})) << address;
  }
  EXPECT_FALSE(flow->involves(std::array{ip("192.0.2.1"), ip("fd00::1")}));
  EXPECT_FALSE(flow->involves({}));
}

TEST(ConntrackFlow, DeletionNamesTupleZoneAndId) {
  Message message = translated_flow();
  Message deletion = encode_deletion(decode_flow(*message.nl_header()).value());
  EXPECT_EQ(deletion.nl_header()->nlmsg_type, NFNL_SUBSYS_CTNETLINK << 8 | IPCTNL_MSG_CT_DELETE);
  const Attributes sent = Attributes::of(*message.nl_header(), sizeof(nfgenmsg));
  const Attributes named = Attributes::of(*deletion.nl_header(), sizeof(nfgenmsg));
  for (const int attribute : {CTA_TUPLE_ORIG, CTA_ZONE, CTA_ID}) {
    ASSERT_TRUE(named.find(attribute)) << attribute;
    EXPECT_TRUE(std::ranges::equal(*named.find(attribute), *sent.find(attribute))) << attribute;
  }
  EXPECT_FALSE(named.find(CTA_TIMEOUT));
}

TEST(ConntrackFlow, ReadsIpv6) {
  Message message = conntrack_message(IPCTNL_MSG_CT_NEW, AF_INET6);
  put_tuple(message, CTA_TUPLE_ORIG, ip("fd00::1"), ip("fd00::2"));
  put_tuple(message, CTA_TUPLE_REPLY, ip("fd00::2"), ip("fd00::1"));
  const auto flow = decode_flow(*message.nl_header());
  ASSERT_TRUE(flow);
  EXPECT_EQ(flow->family, AF_INET6);
  EXPECT_EQ(flow->original_destination, ip("fd00::2"));
}

TEST(ConntrackFlow, NothingWithoutBothTuples) {
  Message message = conntrack_message(IPCTNL_MSG_CT_NEW, AF_INET);
  EXPECT_FALSE(decode_flow(*message.nl_header()));
  put_tuple(message, CTA_TUPLE_ORIG, ip("10.1.2.3"), ip("192.0.2.9"));
  EXPECT_FALSE(decode_flow(*message.nl_header()));
}

}  // namespace
}  // namespace podwire::kernel
