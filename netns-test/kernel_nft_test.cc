// kernel::Nft against the kernel: what nft lists afterwards, under repetition, damage and concurrency, and
// what happens to packets.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <sys/wait.h>
#include <unistd.h>

#include <algorithm>
#include <functional>
#include <map>

#include "libcni/base/json.h"
#include "libcni/kernel/nft.h"
#include "netns-test/node.h"
#include "netns-test/traffic.h"

namespace podwire::netns {
namespace {

using kernel::MasqueradeElement;
using kernel::Nft;
using kernel::NoMasqueradeElement;

Ip ip(std::string_view text) {
  return Ip::parse(text).value();
}
Cidr cidr(std::string_view text) {
  return Cidr::parse(text).value();
}
Ip numbered(unsigned number) {
  return Ip::from_number(Family::kV4, 0x0a000000U + number);
}

Result<std::vector<MasqueradeElement>> nothing_to_rebuild() {
  return std::vector<MasqueradeElement>{};
}

testing::AssertionResult succeeded(const Result<void>& result) {
  if (result) return testing::AssertionSuccess();
  return testing::AssertionFailure() << result.error().msg;
}

auto owned_by(std::string owner) {
  return [owner = std::move(owner)](std::string_view candidate) { return candidate == owner; };
}

/// Elements of a set as nft shows them, "value" -> comment; concatenations joined by " . ".
using Listed = std::map<std::string, std::string>;

std::string value_text(const JsonView& value) {
  if (value.is_string()) return value.string().value();
  if (const auto prefix = value.find("prefix")) {
    return fmt::format("{}/{}", prefix->find("addr")->string().value(),
                       prefix->find("len")->integer(0, 128).value());
  }
  if (const auto parts = value.find("concat")) {
    return fmt::format("{} . {}", parts->elements().value().at(0).string().value(),
                       parts->elements().value().at(1).string().value());
  }
  return value.dump();
}

class KernelNft : public testing::Test {
 protected:
  KernelNft() : nft_(open_inside(node_)) {}

  static Nft open_inside(const Node& node) {
    const Inside inside(node);
    return Nft::open().value();
  }

  Listed listed(const std::string& family, const std::string& set) const {
    const Json document =
        Json::parse(node_.sh(fmt::format("nft -j list set {} podwire {}", family, set))).value();
    Listed result;
    const auto objects = document.view().find("nftables")->elements().value();
    for (const JsonView& object : objects) {
      const auto elements = object.find("set") ? object.find("set")->find("elem") : std::nullopt;
      if (!elements) continue;
      const auto entries = elements->elements().value();
      for (const JsonView& each : entries) {
        const auto element = each.find("elem");
        const JsonView value = element ? *element->find("val") : each;
        const auto comment = element ? element->find("comment") : std::nullopt;
        result[value_text(value)] = comment ? comment->string().value() : "";
      }
    }
    return result;
  }

  std::string rules(const std::string& family = "inet", const std::string& chain = "postrouting") const {
    return node_.sh(fmt::format("nft -s list chain {} podwire {}", family, chain));
  }

  /// Runs `body` in `count` processes that start together; how many succeeded.
  int in_processes(int count, const std::function<Result<void>(int index, Nft& nft)>& body) const {
    int barrier[2] = {-1, -1};
    if (::pipe(barrier) != 0) return -1;
    std::vector<pid_t> children;
    for (int i = 0; i < count; ++i) {
      const pid_t child = ::fork();
      if (child == 0) {
        ::close(barrier[1]);
        Nft nft = open_inside(node_);
        char released = 0;
        [[maybe_unused]] const auto end = ::read(barrier[0], &released, 1);
        const Result<void> result = body(i, nft);
        if (!result) fmt::print(stderr, "process {}: {}\n", i, result.error().msg);
        ::_exit(result ? 0 : 1);
      }
      children.push_back(child);
    }
    ::close(barrier[0]);
    ::close(barrier[1]);
    return static_cast<int>(std::ranges::count_if(children, [](pid_t child) {
      int status = -1;
      return child > 0 && ::waitpid(child, &status, 0) == child && status == 0;
    }));
  }

  Node node_;
  Nft nft_;
};

constexpr std::string_view kMasqueradeChain =
    "table inet podwire {\n"
    "\tchain postrouting {\n"
    "\t\ttype nat hook postrouting priority srcnat; policy accept;\n"
    "\t\tip saddr @masq4 ip daddr != @nomasq4 masquerade fully-random\n"
    "\t\tip6 saddr @masq6 ip6 daddr != @nomasq6 masquerade fully-random\n"
    "\t}\n"
    "}\n";

constexpr std::string_view kMacGuardChain =
    "table bridge podwire {\n"
    "\tchain prerouting {\n"
    "\t\ttype filter hook prerouting priority dstnat; policy accept;\n"
    "\t\tiifname @macguard_ports iifname . ether saddr != @macguard drop\n"
    "\t}\n"
    "}\n";

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
    std::vector<MasqueradeElement> elements;
    for (unsigned i = 0; i < 5000; ++i)
      elements.push_back({fmt::format("podwire:net/{:064}/eth0", i), numbered(i)});
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

TEST_F(KernelNft, ManyAtOnceOnAFreshNodeMakeOneCopy) {
  constexpr int kProcesses = 64;
  const auto body = [](int index, Nft& nft) -> Result<void> {
    const std::string owner = fmt::format("o{}", index);
    const auto number = static_cast<unsigned>(index);
    TRY(nft.ensure_no_masquerade({{owner, cidr("10.0.0.0/8")}}));
    TRY(nft.add_masquerade({{owner, numbered(number)}}, nothing_to_rebuild));
    return nft.add_mac_guard(owner, fmt::format("veth{}", index), Mac::from_seed(number));
  };
  EXPECT_EQ(in_processes(kProcesses, body), kProcesses);
  EXPECT_EQ(rules(), kMasqueradeChain);
  EXPECT_EQ(rules("bridge", "prerouting"), kMacGuardChain);
  EXPECT_EQ(listed("inet", "masq4").size(), 64U);
  EXPECT_EQ(listed("inet", "nomasq4").size(), 2U);
  EXPECT_EQ(listed("bridge", "macguard_ports").size(), 64U);
  EXPECT_EQ(listed("bridge", "macguard").size(), 64U);
}

TEST_F(KernelNft, AddsAndRemovalsAtOnceTouchOnlyTheirOwn) {
  constexpr int kProcesses = 32;
  const auto body = [](int index, Nft& nft) -> Result<void> {
    constexpr int kRounds = 20;
    const std::string owner = fmt::format("o{}", index);
    for (int round = 1; round <= kRounds; ++round) {
      TRY(nft.add_masquerade({{owner, numbered(static_cast<unsigned>(index))}}, nothing_to_rebuild));
      const bool stays = round == kRounds && index % 2 == 0;
      if (!stays) TRY(nft.remove_masquerade(owned_by(owner)));
    }
    return {};
  };
  EXPECT_EQ(in_processes(kProcesses, body), kProcesses);
  EXPECT_EQ(rules(), kMasqueradeChain);
  Listed even;
  for (unsigned i = 0; i < kProcesses; i += 2) even[numbered(i).text()] = fmt::format("o{}", i);
  EXPECT_EQ(listed("inet", "masq4"), even);
}

/// Somebody takes the address over between the look at its owner and the removal; the predicate is where that
/// moment can be met.
TEST_F(KernelNft, RemovalSparesATakeoverInItsMidst) {
  Nft other = open_inside(node_);
  for (const int moment :
       {1, 2}) {  // after the dump; after the second look, under the generation already read
    ASSERT_TRUE(succeeded(nft_.add_masquerade({{"dead", ip("10.1.2.3")}}, nothing_to_rebuild)));
    int looks = 0;
    ASSERT_TRUE(succeeded(nft_.remove_masquerade([&](std::string_view owner) {
      if (owner == "dead" && ++looks == moment) {
        EXPECT_TRUE(succeeded(other.add_masquerade({{"new", ip("10.1.2.3")}}, nothing_to_rebuild)));
      }
      return owner == "dead";
    })));
    EXPECT_EQ(looks, moment);
    EXPECT_EQ(listed("inet", "masq4"), (Listed{{"10.1.2.3", "new"}}));
  }
}

/// One process takes addresses over while others remove their former owners: whoever comes first, every
/// address ends up with its new owner.
TEST_F(KernelNft, RemovalSparesWhoTookTheAddressOver) {
  constexpr unsigned kAddresses = 60;
  std::vector<MasqueradeElement> dead;
  for (unsigned i = 0; i < kAddresses; ++i) dead.push_back({fmt::format("dead{}", i), numbered(i)});
  ASSERT_TRUE(succeeded(nft_.add_masquerade(dead, nothing_to_rebuild)));
  const auto body = [](int index, Nft& nft) -> Result<void> {
    for (unsigned i = 0; i < kAddresses; ++i) {
      TRY(index == 0 ? nft.add_masquerade({{"new", numbered(i)}}, nothing_to_rebuild)
                     : nft.remove_masquerade(owned_by(fmt::format("dead{}", i))));
    }
    return {};
  };
  EXPECT_EQ(in_processes(4, body), 4);
  const Listed left = listed("inet", "masq4");
  EXPECT_EQ(left.size(), kAddresses);
  EXPECT_TRUE(std::ranges::all_of(left, [](const auto& element) { return element.second == "new"; }));
}

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
