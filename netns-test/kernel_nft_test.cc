// Masqueraded addresses: what nft lists afterwards, under repetition and damage, and what happens to packets.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include "netns-test/kernel_nft.h"
#include "netns-test/traffic.h"

namespace podwire::netns {
namespace {

using kernel::MasqueradeElement;

TEST_F(KernelNft, MakesEverythingOnAFreshNode) {
  EXPECT_FALSE(nft_.masquerade_base_intact().value());
  ASSERT_TRUE(succeeded(
      nft_.add_masquerade({{"podwire:net/cid/eth0", ip("10.1.2.3")}, {"podwire:net/cid/eth0", ip("fd00::3")}},
                          nothing_to_rebuild)));
  EXPECT_EQ(rules(), kMasqueradeChain);
  EXPECT_EQ(listed("inet", "masq4"), (Listed{{"10.1.2.3", "podwire:net/cid/eth0"}}));
  EXPECT_EQ(listed("inet", "masq6"), (Listed{{"fd00::3", "podwire:net/cid/eth0"}}));
  EXPECT_EQ(listed("inet", "nomasq4"), (Listed{{"224.0.0.0/4", "podwire"}}));
  EXPECT_EQ(listed("inet", "nomasq6"), (Listed{{"ff00::/8", "podwire"}}));
  EXPECT_TRUE(nft_.masquerade_base_intact().value());
  const auto elements = nft_.masquerade_elements().value();
  ASSERT_EQ(elements.size(), 2U);
  EXPECT_EQ(elements[0].address, ip("10.1.2.3"));
  EXPECT_EQ(elements[1].owner, "podwire:net/cid/eth0");
}

TEST_F(KernelNft, RepetitionChangesNothing) {
  const std::vector<MasqueradeElement> elements{{"o", ip("10.1.2.3")}, {"o", ip("fd00::3")}};
  ASSERT_TRUE(succeeded(nft_.add_masquerade(elements, nothing_to_rebuild)));
  const std::string before = node_.sh("nft list ruleset");
  ASSERT_TRUE(succeeded(nft_.add_masquerade(elements, nothing_to_rebuild)));
  ASSERT_TRUE(succeeded(nft_.add_masquerade({}, nothing_to_rebuild)));
  EXPECT_EQ(node_.sh("nft list ruleset"), before);
}

TEST_F(KernelNft, NftLoadsItsOwnDumpAndItIsStillOurs) {
  const std::string owner = "podwire:" + std::string(120, 'n');  // as long as nft takes comments
  ASSERT_TRUE(
      succeeded(nft_.add_masquerade({{owner, ip("10.1.2.3")}, {owner, ip("fd00::3")}}, nothing_to_rebuild)));
  ASSERT_TRUE(
      succeeded(nft_.ensure_no_masquerade({{owner, cidr("10.0.0.0/8")}, {owner, cidr("240.0.0.0/4")}})));
  ASSERT_TRUE(succeeded(nft_.add_mac_guard(owner, "veth0", Mac::parse("02:00:00:00:00:01").value())));
  const std::string before = node_.sh("nft list ruleset");
  node_.sh("nft list ruleset > /run/dump; nft flush ruleset; nft -f /run/dump");
  EXPECT_EQ(node_.sh("nft list ruleset"), before);
  EXPECT_TRUE(nft_.masquerade_base_intact().value());
  EXPECT_TRUE(nft_.mac_guard_intact("veth0", Mac::parse("02:00:00:00:00:01").value()).value());
  ASSERT_TRUE(succeeded(nft_.remove_masquerade(owned_by(owner))));
  ASSERT_TRUE(succeeded(nft_.remove_no_masquerade(owned_by(owner))));
  EXPECT_TRUE(nft_.masquerade_elements()->empty());
  EXPECT_EQ(nft_.no_masquerade_elements()->size(), 2U);
}

/// What somebody may do to the table; afterwards an ADD makes the base as it was and rebuilds by the tags.
class Damage : public KernelNft, public testing::WithParamInterface<const char*> {};

TEST_P(Damage, IsSeenAndRepaired) {
  const auto rebuild = []() -> Result<std::vector<MasqueradeElement>> {
    return std::vector<MasqueradeElement>{
        {"old", ip("10.1.2.3")}, {"old", ip("fd00::3")}, {"new", ip("10.1.2.4")}};
  };
  ASSERT_TRUE(
      succeeded(nft_.add_masquerade({{"old", ip("10.1.2.3")}, {"old", ip("fd00::3")}}, nothing_to_rebuild)));
  node_.sh(GetParam());
  EXPECT_FALSE(nft_.masquerade_base_intact().value());
  ASSERT_TRUE(succeeded(nft_.ensure_no_masquerade({{"net", cidr("10.0.0.0/8")}})));
  ASSERT_TRUE(succeeded(nft_.add_masquerade({{"new", ip("10.1.2.4")}}, rebuild)));
  EXPECT_TRUE(nft_.masquerade_base_intact().value());
  EXPECT_EQ(rules(), kMasqueradeChain);
  EXPECT_EQ(listed("inet", "masq4"), (Listed{{"10.1.2.3", "old"}, {"10.1.2.4", "new"}}));
  EXPECT_EQ(listed("inet", "masq6"), (Listed{{"fd00::3", "old"}}));
  EXPECT_EQ(listed("inet", "nomasq4"), (Listed{{"10.0.0.0/8", "net"}, {"224.0.0.0/4", "podwire"}}));
}

INSTANTIATE_TEST_SUITE_P(
    Kinds, Damage,
    testing::Values(
        "nft flush ruleset", "nft delete table inet podwire", "nft flush table inet podwire",
        "nft flush chain inet podwire postrouting",
        "nft flush chain inet podwire postrouting; nft delete chain inet podwire postrouting",
        "nft delete rule inet podwire postrouting handle "
        "$(nft -a list chain inet podwire postrouting | sed -n 's/.*@masq4.*handle //p')",
        "nft add rule inet podwire postrouting ip saddr @masq4 accept",
        "nft insert rule inet podwire postrouting accept",
        "nft flush chain inet podwire postrouting;"
        "nft add rule inet podwire postrouting ip saddr @masq4 ip daddr @nomasq4 masquerade fully-random;"
        "nft add rule inet podwire postrouting ip6 saddr @masq6 ip6 daddr != @nomasq6 masquerade "
        "fully-random",
        "nft add chain inet podwire postrouting '{ policy drop; }'",
        "nft flush chain inet podwire postrouting; nft delete chain inet podwire postrouting;"
        "nft add chain inet podwire postrouting '{ type nat hook postrouting priority 50; }'",
        "nft add table inet podwire '{ flags dormant; }'"));

TEST_F(KernelNft, FailedRebuildLeavesTheTableAsItIs) {
  ASSERT_TRUE(succeeded(nft_.add_masquerade({{"old", ip("10.1.2.3")}}, nothing_to_rebuild)));
  node_.sh("nft flush table inet podwire");
  const std::string before = node_.sh("nft list ruleset");
  const auto status = nft_.add_masquerade(
      {{"new", ip("10.1.2.4")}},
      []() -> Result<std::vector<MasqueradeElement>> { return fail(Code::kKernel, "no links today"); });
  ASSERT_FALSE(status);
  EXPECT_EQ(status.error().msg, "cannot add masquerade elements: no links today");
  EXPECT_EQ(node_.sh("nft list ruleset"), before);
}

TEST_F(KernelNft, ForeignObjectsInTheTableSurviveARepair) {
  ASSERT_TRUE(succeeded(nft_.add_masquerade({{"o", ip("10.1.2.3")}}, nothing_to_rebuild)));
  node_.sh(
      "nft add chain inet podwire other; nft add rule inet podwire other counter;"
      "nft add table ip other; nft flush chain inet podwire postrouting");
  ASSERT_TRUE(succeeded(nft_.add_masquerade({{"o", ip("10.1.2.4")}}, nothing_to_rebuild)));
  EXPECT_NE(rules("inet", "other").find("counter"), std::string::npos);
  EXPECT_NE(node_.sh("nft list tables").find("ip other"), std::string::npos);
  EXPECT_EQ(listed("inet", "masq4").size(), 2U);
}

TEST_F(KernelNft, AddressOfADeadOwnerIsTakenOver) {
  ASSERT_TRUE(succeeded(
      nft_.add_masquerade({{"dead", ip("10.1.2.3")}, {"other", ip("10.1.2.4")}}, nothing_to_rebuild)));
  ASSERT_TRUE(
      succeeded(nft_.add_masquerade({{"new", ip("10.1.2.3")}, {"new", ip("fd00::3")}}, nothing_to_rebuild)));
  EXPECT_EQ(listed("inet", "masq4"), (Listed{{"10.1.2.3", "new"}, {"10.1.2.4", "other"}}));
  EXPECT_EQ(listed("inet", "masq6"), (Listed{{"fd00::3", "new"}}));
}

TEST_F(KernelNft, RemovesByOwnerAndNothingElse) {
  ASSERT_TRUE(succeeded(nft_.remove_masquerade(owned_by("a"))));  // no table
  std::vector<MasqueradeElement> elements{{"b", ip("10.9.9.9")}, {"b", ip("fd00::9")}};
  for (unsigned i = 0; i < 100; ++i) elements.push_back({"a", numbered(i)});
  ASSERT_TRUE(succeeded(nft_.add_masquerade(elements, nothing_to_rebuild)));
  ASSERT_TRUE(succeeded(nft_.remove_masquerade(owned_by("nobody"))));
  EXPECT_EQ(listed("inet", "masq4").size(), 101U);
  ASSERT_TRUE(succeeded(nft_.remove_masquerade(owned_by("a"))));
  EXPECT_EQ(listed("inet", "masq4"), (Listed{{"10.9.9.9", "b"}}));
  ASSERT_TRUE(succeeded(nft_.remove_masquerade(owned_by("a"))));
  EXPECT_EQ(listed("inet", "masq6"), (Listed{{"fd00::9", "b"}}));
}

TEST_F(KernelNft, RebuildsFiveThousand) {
  const auto rebuild = []() -> Result<std::vector<MasqueradeElement>> {
    constexpr unsigned kCount = 5000;
    std::vector<MasqueradeElement> elements;
    elements.reserve(kCount);
    for (unsigned i = 0; i < kCount; ++i) {
      elements.push_back({fmt::format("podwire:net/{:064}/eth0", i), numbered(i)});
    }
    return elements;
  };
  ASSERT_TRUE(succeeded(nft_.add_masquerade({{"new", ip("10.1.0.0")}}, rebuild)));
  auto elements = nft_.masquerade_elements().value();
  ASSERT_EQ(elements.size(), 5001U);
  ASSERT_TRUE(succeeded(nft_.remove_masquerade([](std::string_view owner) { return owner != "new"; })));
  elements = nft_.masquerade_elements().value();
  ASSERT_EQ(elements.size(), 1U);
  EXPECT_EQ(elements[0].owner, "new");
}

TEST_F(KernelNft, TrafficIsMasqueradedExceptToExemptDestinations) {
  const Outside outside(node_);
  const Pod pod(node_, "pod");
  node_.sh(
      "ip link add veth0 type veth peer name eth0 netns pod; ip addr add 10.1.2.1/24 dev veth0;"
      "ip addr add fd00:1::1/64 dev veth0 nodad; ip link set veth0 up;"
      "echo 1 > /proc/sys/net/ipv4/ip_forward; echo 1 > /proc/sys/net/ipv6/conf/all/forwarding");
  pod.sh(
      "ip addr add 10.1.2.3/24 dev eth0; ip addr add fd00:1::3/64 dev eth0 nodad; ip link set eth0 up;"
      "ip route add default via 10.1.2.1; ip route add default via fd00:1::1");
  outside.sh("ip route add 10.1.2.0/24 via 192.0.2.1; ip route add fd00:1::/64 via 2001:db8:ffff::1");
  ASSERT_TRUE(wait_until([&] { return ping(pod, Outside::kAddress4) && ping(pod, Outside::kAddress6); }));
  const auto seen = [&] {
    return std::pair(udp_exchange(pod, outside, Outside::kAddress4).client,
                     udp_exchange(pod, outside, Outside::kAddress6).client);
  };
  EXPECT_EQ(seen(), std::pair(std::string("10.1.2.3"), std::string("fd00:1::3")));
  ASSERT_TRUE(
      succeeded(nft_.add_masquerade({{"o", ip("10.1.2.3")}, {"o", ip("fd00:1::3")}}, nothing_to_rebuild)));
  EXPECT_EQ(seen(), std::pair(std::string(Outside::kNodeAddress4), std::string(Outside::kNodeAddress6)));
  ASSERT_TRUE(
      succeeded(nft_.ensure_no_masquerade({{"n", cidr("192.0.2.0/24")}, {"n", cidr("2001:db8::/32")}})));
  EXPECT_EQ(seen(), std::pair(std::string("10.1.2.3"), std::string("fd00:1::3")));
  ASSERT_TRUE(succeeded(nft_.remove_no_masquerade(owned_by("n"))));
  EXPECT_EQ(seen().first, Outside::kNodeAddress4);
  ASSERT_TRUE(succeeded(nft_.remove_masquerade(owned_by("o"))));
  EXPECT_EQ(seen().first, "10.1.2.3");
}

}  // namespace
}  // namespace podwire::netns
