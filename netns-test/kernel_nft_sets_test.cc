// Exemptions from masquerading, and the source MAC guard.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "netns-test/kernel_nft.h"
#include "netns-test/traffic.h"

namespace podwire::netns {
namespace {

TEST_F(KernelNft, WiderExemptionsReplaceNarrowerOnes) {
  ASSERT_TRUE(succeeded(nft_.ensure_no_masquerade(
      {{"a", cidr("10.1.0.0/16")}, {"a", cidr("10.2.0.0/16")}, {"a", cidr("fd00:1::/64")}})));
  ASSERT_TRUE(succeeded(nft_.ensure_no_masquerade({{"b", cidr("10.1.2.0/24")}})));  // covered
  EXPECT_EQ(listed("inet", "nomasq4"),
            (Listed{{"10.1.0.0/16", "a"}, {"10.2.0.0/16", "a"}, {"224.0.0.0/4", "podwire"}}));
  ASSERT_TRUE(succeeded(nft_.ensure_no_masquerade({{"b", cidr("10.0.0.0/8")}, {"b", cidr("fd00::/8")}})));
  EXPECT_EQ(listed("inet", "nomasq4"), (Listed{{"10.0.0.0/8", "b"}, {"224.0.0.0/4", "podwire"}}));
  EXPECT_EQ(listed("inet", "nomasq6"), (Listed{{"fd00::/8", "b"}, {"ff00::/8", "podwire"}}));
}

TEST_F(KernelNft, ExemptionsReachTheEndOfTheAddressSpace) {
  ASSERT_TRUE(
      succeeded(nft_.ensure_no_masquerade({{"a", cidr("255.255.255.255/32")}, {"a", cidr("0.0.0.0/32")}})));
  ASSERT_TRUE(succeeded(nft_.ensure_no_masquerade({{"a", cidr("240.0.0.0/5")}})));  // right behind multicast
  EXPECT_EQ(
      listed("inet", "nomasq4"),
      (Listed{{"0.0.0.0", "a"}, {"224.0.0.0/4", "podwire"}, {"240.0.0.0/5", "a"}, {"255.255.255.255", "a"}}));
  ASSERT_TRUE(succeeded(nft_.ensure_no_masquerade({{"b", cidr("0.0.0.0/0")}, {"b", cidr("::/0")}})));
  EXPECT_EQ(listed("inet", "nomasq4"), (Listed{{"0.0.0.0/0", "b"}}));
  const auto elements = nft_.no_masquerade_elements().value();
  ASSERT_EQ(elements.size(), 2U);
  EXPECT_EQ(elements[0].destination, cidr("0.0.0.0/0"));
  EXPECT_EQ(elements[1].destination, cidr("::/0"));
  // Multicast was covered by what goes, and stays covered.
  ASSERT_TRUE(succeeded(nft_.remove_no_masquerade(owned_by("b"))));
  EXPECT_EQ(listed("inet", "nomasq4"), (Listed{{"224.0.0.0/4", "podwire"}}));
  EXPECT_EQ(listed("inet", "nomasq6"), (Listed{{"ff00::/8", "podwire"}}));
}

TEST_F(KernelNft, NeighbouringExemptionsAreRemovedOneByOne) {
  ASSERT_TRUE(succeeded(nft_.ensure_no_masquerade(
      {{"a", cidr("10.0.0.0/9")}, {"b", cidr("10.128.0.0/9")}, {"c", cidr("11.0.0.0/8")}})));
  ASSERT_TRUE(succeeded(nft_.remove_no_masquerade(owned_by("b"))));
  EXPECT_EQ(listed("inet", "nomasq4"),
            (Listed{{"10.0.0.0/9", "a"}, {"11.0.0.0/8", "c"}, {"224.0.0.0/4", "podwire"}}));
  ASSERT_TRUE(succeeded(nft_.remove_no_masquerade([](std::string_view) { return true; })));
  EXPECT_EQ(listed("inet", "nomasq4"), (Listed{{"224.0.0.0/4", "podwire"}}));
}

TEST_F(KernelNft, MacGuardIsMadeAndRemoved) {
  const Mac mac = Mac::parse("02:00:00:00:00:01").value();
  const Mac next = Mac::parse("02:00:00:00:00:02").value();
  ASSERT_TRUE(succeeded(nft_.remove_mac_guard(owned_by("a"))));
  EXPECT_FALSE(nft_.mac_guard_intact("veth0", mac).value());
  ASSERT_TRUE(succeeded(nft_.add_mac_guard("a", "veth0", mac)));
  ASSERT_TRUE(succeeded(nft_.add_mac_guard("b", "veth1", next)));
  EXPECT_EQ(rules("bridge", "prerouting"), kMacGuardChain);
  EXPECT_TRUE(nft_.mac_guard_intact("veth0", mac).value());
  EXPECT_FALSE(nft_.mac_guard_intact("veth0", next).value());
  EXPECT_EQ(listed("bridge", "macguard"),
            (Listed{{"veth0 . 02:00:00:00:00:01", "a"}, {"veth1 . 02:00:00:00:00:02", "b"}}));
  // Same link again with another address: the former one is allowed no longer.
  ASSERT_TRUE(succeeded(nft_.add_mac_guard("a2", "veth0", next)));
  EXPECT_EQ(listed("bridge", "macguard"),
            (Listed{{"veth0 . 02:00:00:00:00:02", "a2"}, {"veth1 . 02:00:00:00:00:02", "b"}}));
  EXPECT_EQ(listed("bridge", "macguard_ports"), (Listed{{"veth0", "a2"}, {"veth1", "b"}}));
  EXPECT_EQ(nft_.mac_guard_owners().value(), (std::vector<std::string>{"a2", "b"}));
  ASSERT_TRUE(succeeded(nft_.remove_mac_guard(owned_by("a2"))));
  EXPECT_EQ(listed("bridge", "macguard_ports"), (Listed{{"veth1", "b"}}));
  EXPECT_EQ(listed("bridge", "macguard"), (Listed{{"veth1 . 02:00:00:00:00:02", "b"}}));
}

TEST_F(KernelNft, FramesWithAForgedSourceAreDropped) {
  const Pod pod(node_, "pod");
  node_.sh(
      "ip link add br0 address 02:00:00:00:00:ff type bridge; ip addr add 10.1.2.1/24 dev br0; ip link set "
      "br0 up;"
      "ip link add veth0 type veth peer name eth0 netns pod; ip link set veth0 master br0 up");
  pod.sh("ip link set eth0 address 02:00:00:00:00:01; ip addr add 10.1.2.3/24 dev eth0; ip link set eth0 up");
  const std::string bridge_mac = "02:00:00:00:00:ff";
  const auto send_as = [&](const std::string& mac, const std::string& text) {
    pod.sh(
        fmt::format("ip link set eth0 address {}; ip neigh replace 10.1.2.1 dev eth0 nud permanent lladdr {}",
                    mac, bridge_mac));
    return send_udp(pod, "10.1.2.1", text);
  };
  ASSERT_TRUE(ping(pod, "10.1.2.1"));
  const UdpReceiver receiver(node_);
  ASSERT_TRUE(succeeded(nft_.add_mac_guard("o", "veth0", Mac::parse("02:00:00:00:00:01").value())));
  ASSERT_TRUE(send_as("02:00:00:00:00:02", "forged"));
  ASSERT_TRUE(send_as("02:00:00:00:00:01", "honest"));  // would come after the forged one
  EXPECT_EQ(receiver.next(), "honest");
  ASSERT_TRUE(succeeded(nft_.remove_mac_guard(owned_by("o"))));
  ASSERT_TRUE(send_as("02:00:00:00:00:02", "unguarded"));
  EXPECT_EQ(receiver.next(), "unguarded");
}

}  // namespace
}  // namespace podwire::netns
