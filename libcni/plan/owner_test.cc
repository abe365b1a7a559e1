#include "libcni/plan/owner.h"

#include <gtest/gtest.h>

namespace podwire::plan {
namespace {

const spec::Attachment kAttachment{.network = "net1", .container_id = "c1", .ifname = "eth0"};

TEST(Owner, KeyNamesTheAttachment) {
  EXPECT_EQ(owner_key(kAttachment), "podwire:net1/c1/eth0");
  EXPECT_EQ(owner_prefix("net1"), "podwire:net1/");
}

TEST(Owner, LongNamesAreHashedAndStayDistinct) {
  spec::Attachment a = kAttachment;
  a.network = std::string(300, 'n');
  a.container_id = std::string(300, 'c');
  spec::Attachment b = a;
  b.container_id.back() = 'd';
  EXPECT_LE(owner_key(a).size(), kMaxOwnerKey);
  EXPECT_NE(owner_key(a), owner_key(b));
  EXPECT_TRUE(owner_key(a).starts_with(owner_prefix(a.network)));
}

TEST(Owner, UsualContainerIdsStayReadable) {
  spec::Attachment a = kAttachment;
  a.container_id = std::string(64, 'a');
  EXPECT_NE(owner_key(a).find(a.container_id), std::string::npos);
}

TEST(Owner, PrefixOfOneNetworkIsNotThePrefixOfAnother) {
  EXPECT_FALSE(owner_key({.network = "net10", .container_id = "c", .ifname = "eth0"})
                   .starts_with(owner_prefix("net1")));
}

TEST(OwnerTag, RoundTrip) {
  const OwnerTag tag{.key = owner_key(kAttachment),
                     .ips = {*Cidr::parse("10.1.2.3/24"), *Cidr::parse("fd00::3/64")},
                     .masquerade = true};
  EXPECT_EQ(tag.text(), "podwire:net1/c1/eth0=10.1.2.3/24,fd00::3/64;masq");
  const auto parsed = OwnerTag::parse(tag.text());
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->key, tag.key);
  EXPECT_EQ(parsed->ips, tag.ips);
  EXPECT_TRUE(parsed->masquerade);
}

TEST(OwnerTag, WithoutAddresses) {
  const OwnerTag tag{.key = owner_key(kAttachment)};
  const auto parsed = OwnerTag::parse(tag.text());
  ASSERT_TRUE(parsed);
  EXPECT_TRUE(parsed->ips.empty());
  EXPECT_FALSE(parsed->masquerade);
}

TEST(OwnerTag, FitsIntoTheKernelsAlias) {
  OwnerTag tag{
      .key = std::string("podwire:") + std::string(kMaxOwnerKey - 8, 'k'), .ips = {}, .masquerade = true};
  for (int i = 0; i < 20; ++i) tag.ips.push_back(*Cidr::parse("fd00:1111:2222:3333:4444:5555:6666:7777/64"));
  const std::string text = tag.text();
  EXPECT_LE(text.size(), kMaxAlias);
  EXPECT_TRUE(text.ends_with("+;masq")) << text;
  const auto parsed = OwnerTag::parse(text);
  ASSERT_TRUE(parsed);
  EXPECT_EQ(parsed->key, tag.key);
  EXPECT_EQ(parsed->ips.size(), 2U);
  EXPECT_FALSE(parsed->complete);
}

TEST(OwnerTag, ForeignAliasesAreNotOurs) {
  for (const std::string_view text : {"", "uplink to rack 7", "podwire:net1/c1/eth0",
                                      "podwire:a/b/c=nonsense", "other:net1/c1/eth0=10.0.0.1/24"}) {
    EXPECT_FALSE(OwnerTag::parse(text)) << text;
  }
}

TEST(HostVethName, IsDerivedFromTheWholeAttachment) {
  const std::string name = host_veth_name(kAttachment);
  EXPECT_EQ(name.size(), 15U);
  EXPECT_TRUE(name.starts_with("veth"));
  EXPECT_EQ(name, host_veth_name(kAttachment));
  for (const spec::Attachment& other :
       {spec::Attachment{"net2", "c1", "eth0"}, spec::Attachment{"net1", "c2", "eth0"},
        spec::Attachment{"net1", "c1", "eth1"}, spec::Attachment{"net1c", "1", "eth0"}}) {
    EXPECT_NE(name, host_veth_name(other));
  }
}

TEST(DerivedMac, IsUnicastLocalAndDependsOnTheSalt) {
  const Mac mac = pod_mac(kAttachment, "boot 1");
  EXPECT_FALSE(mac.is_multicast());
  EXPECT_EQ(mac.bytes()[0] & 2, 2);
  EXPECT_EQ(mac, pod_mac(kAttachment, "boot 1"));
  EXPECT_NE(mac, pod_mac(kAttachment, "boot 2"));
  EXPECT_NE(mac, host_mac(kAttachment, "boot 1"));
  EXPECT_TRUE(host_mac(kAttachment, "boot 1").text().starts_with("fe:"));
  EXPECT_NE(host_mac(kAttachment, "boot 1"), host_mac(kAttachment, "boot 2"));
}

}  // namespace
}  // namespace podwire::plan
