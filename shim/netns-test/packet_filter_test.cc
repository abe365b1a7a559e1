// The judgement of rulesets that nft and iptables made, as the kernel gives them back.
#include "shim/doctor/filter/packet_filter.h"

#include <gtest/gtest.h>
#include <linux/netfilter.h>

#include "netns-test/node.h"

namespace podwire::netns {
namespace {

using filter::Fate;
using filter::Judgement;
using filter::Packet;
using filter::Way;

Ip ip(std::string_view text) {
  return Ip::parse(text).value();
}

/// From a pod behind podwire0 to the outside behind eth0.
Packet outward() {
  return {.iif = "podwire0", .oif = "eth0", .source = ip("10.88.0.5"), .destination = ip("192.0.2.2")};
}
Packet answer() {
  return {.iif = "eth0",
          .oif = "podwire0",
          .source = ip("192.0.2.2"),
          .destination = ip("10.88.0.5"),
          .established = true};
}

class PacketFilterTest : public ::testing::Test {
 protected:
  void load(const std::string& script) { node_.sh(script); }
  void nft(const std::string& ruleset) {
    node_.write("/run/ruleset", ruleset);
    node_.sh("nft -f /run/ruleset");
  }
  Judgement judge(const Packet& packet, Way way = Way::kRouted, const filter::Ports& ports = {}) {
    const Inside inside(node_);
    auto netlink = kernel::Netlink::open(NETLINK_NETFILTER).value();
    ruleset_ = kernel::read_ruleset(netlink, NF_INET_FORWARD).value();
    return filter::judge(ruleset_, packet, way, ports);
  }
  Fate fate(const Packet& packet) { return judge(packet).fate; }

  Node node_;
  kernel::NftRuleset ruleset_;
};

TEST_F(PacketFilterTest, NoRulesLetEverythingPass) {
  EXPECT_EQ(fate(outward()), Fate::kPasses);
}

TEST_F(PacketFilterTest, APolicyThatDrops) {
  load("iptables-nft -P FORWARD DROP");
  const Judgement judgement = judge(outward());
  EXPECT_EQ(judgement.fate, Fate::kDropped);
  EXPECT_EQ(judgement.place, "policy drop of chain ip filter FORWARD");
  EXPECT_EQ(judgement.base->table, "filter");
  Packet v6 = outward();
  v6.source = ip("fd88::5");
  v6.destination = ip("2001:db8::1");
  EXPECT_EQ(fate(v6), Fate::kPasses);
}

// What Docker makes of the chain.
TEST_F(PacketFilterTest, DockersForwardChain) {
  load(
      "iptables-nft -P FORWARD DROP; iptables-nft -N DOCKER-USER; iptables-nft -A DOCKER-USER -j RETURN;"
      "iptables-nft -N DOCKER-ISOLATION-STAGE-1; iptables-nft -N DOCKER-ISOLATION-STAGE-2;"
      "iptables-nft -A DOCKER-ISOLATION-STAGE-1 -i docker0 ! -o docker0 -j DOCKER-ISOLATION-STAGE-2;"
      "iptables-nft -A DOCKER-ISOLATION-STAGE-1 -j RETURN;"
      "iptables-nft -A DOCKER-ISOLATION-STAGE-2 -o docker0 -j DROP; iptables-nft -N DOCKER;"
      "iptables-nft -A FORWARD -j DOCKER-USER; iptables-nft -A FORWARD -j DOCKER-ISOLATION-STAGE-1;"
      "iptables-nft -A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT;"
      "iptables-nft -A FORWARD -o docker0 -j DOCKER;"
      "iptables-nft -A FORWARD -i docker0 ! -o docker0 -j ACCEPT;"
      "iptables-nft -A FORWARD -i docker0 -o docker0 -j ACCEPT");
  EXPECT_EQ(fate(outward()), Fate::kDropped);
  EXPECT_EQ(fate(answer()), Fate::kDropped);
  Packet dockers = outward();
  dockers.iif = "docker0";
  EXPECT_EQ(fate(dockers), Fate::kPasses);
  Packet to_docker = answer();
  to_docker.oif = "docker0";
  EXPECT_EQ(fate(to_docker), Fate::kPasses);
  to_docker.established = false;
  EXPECT_EQ(fate(to_docker), Fate::kDropped);
  load(
      "iptables-nft -I DOCKER-USER -i podwire0 -j ACCEPT; iptables-nft -I DOCKER-USER -o podwire0 -j ACCEPT");
  EXPECT_EQ(fate(outward()), Fate::kPasses);
  EXPECT_EQ(fate(answer()), Fate::kPasses);
}

struct Case {
  const char* rules;  ///< of a forward chain whose policy is drop
  Fate outward;
  Fate answer;
};

class ForwardRules : public PacketFilterTest, public ::testing::WithParamInterface<Case> {
 protected:
  /// `first` stands before the rules of the case.
  void load_case(const std::string& first = "") {
    nft(std::string("table inet t {\n"
                    "  set pods { type ipv4_addr; flags interval; elements = { 10.88.0.0/24, "
                    "10.90.0.1-10.90.0.9 } }\n"
                    "  set names { type ifname; elements = { \"podwire0\", \"eth7\" } }\n"
                    "  chain yes { accept; }\n  chain no { drop; }\n  chain back { return; }\n"
                    "  chain forward { type filter hook forward priority 0; policy drop;\n") +
        first + "\n" + GetParam().rules + "\n}\n}\n");
  }
};

TEST_P(ForwardRules, AreJudged) {
  load_case();
  EXPECT_EQ(fate(outward()), GetParam().outward);
  EXPECT_EQ(fate(answer()), GetParam().answer);
}

/// How many packets a counter of a chain has seen.
bool has_counted(const Place& place, const std::string& counter) {
  return place.sh("nft list counter inet probe " + counter + " | grep -o 'packets [0-9]*'") != "packets 0\n";
}

// What is judged to pass arrives, and what is judged to be dropped does not. Packets of one way keep their
// order: a datagram that every case lets pass is sent after the connection's first packet has reached the
// node, so when it arrives the other has, or never will.
TEST_P(ForwardRules, TheKernelDoesTheSame) {
  const Outside outside(node_);
  const Pod pod(node_, "pod");
  node_.sh(
      "sysctl -qw net.ipv4.ip_forward=1; ip link set uplink down; ip link set uplink name eth0; ip link set "
      "eth0 up;"
      "ip link add podwire0 type bridge; ip address add 10.88.0.1/24 dev podwire0; ip link set podwire0 up;"
      "ip link add veth0 master podwire0 type veth peer name eth0 netns pod; ip link set veth0 up;"
      "nft add table inet probe; nft add counter inet probe sent;"
      "nft add chain inet probe c '{ type filter hook prerouting priority -300; }';"
      "nft add rule inet probe c iifname podwire0 tcp dport 443 counter name sent");
  pod.sh("ip address add 10.88.0.5/24 dev eth0; ip link set eth0 up; ip route add default via 10.88.0.1");
  outside.sh(
      "ip route add 10.88.0.0/24 via 192.0.2.1; nft add table inet probe; nft add counter inet probe "
      "connection;"
      "nft add counter inet probe datagram; nft add chain inet probe c '{ type filter hook input priority 0; }';"
      "nft add rule inet probe c tcp dport 443 counter name connection;"
      "nft add rule inet probe c udp dport 7777 counter name datagram");
  load_case("udp dport 7777 accept");
  Process connecting = [&] {
    const Inside inside(pod);
    return Process::start({.argv = {"bash", "-c", ": </dev/tcp/192.0.2.2/443"}});
  }();
  ASSERT_TRUE(wait_until([&] { return has_counted(node_, "sent"); }));
  ASSERT_TRUE(wait_until([&] {
    pod.sh("bash -c 'echo > /dev/udp/192.0.2.2/7777'");
    return has_counted(outside, "datagram");
  }));
  if (GetParam().outward == Fate::kUnknown) return;  // either is right
  EXPECT_EQ(has_counted(outside, "connection"), GetParam().outward == Fate::kPasses);
}

constexpr Fate kPasses = Fate::kPasses;
constexpr Fate kDropped = Fate::kDropped;
constexpr Fate kUnknown = Fate::kUnknown;

INSTANTIATE_TEST_SUITE_P(
    Table, ForwardRules,
    testing::Values(
        Case{"", kDropped, kDropped}, Case{"accept", kPasses, kPasses},
        Case{"iifname \"podwire0\" accept", kPasses, kDropped},
        Case{"iifname \"podwire*\" accept; ct state established,related accept", kPasses, kPasses},
        Case{"iifname != \"eth0\" accept", kPasses, kDropped},
        Case{"iifname { \"podwire0\", \"x\" } accept", kPasses, kDropped},
        Case{"iifname @names accept; oifname @names accept", kPasses, kPasses},
        Case{"ip saddr @pods accept", kPasses, kDropped}, Case{"ip saddr != @pods accept", kDropped, kPasses},
        Case{"ip saddr 10.88.0.0/16 accept", kPasses, kDropped},
        Case{"ip saddr 10.80.0.0-10.88.0.4 accept", kDropped, kDropped},
        Case{"ip saddr 10.80.0.0-10.88.0.5 accept", kPasses, kDropped},
        Case{"ip saddr 10.90.0.5 drop; accept", kPasses, kPasses},
        Case{"ip6 saddr fd88::/64 accept", kDropped, kDropped},
        Case{"meta nfproto ipv4 accept", kPasses, kPasses},
        Case{"meta l4proto udp accept", kDropped, kDropped}, Case{"tcp dport 443 accept", kPasses, kUnknown},
        Case{"tcp dport 80-443 accept", kPasses, kUnknown}, Case{"tcp dport 80 accept", kDropped, kUnknown},
        Case{"ct state vmap { established : accept, invalid : drop }; accept", kPasses, kPasses},
        Case{"ct state vmap { established : accept, new : drop }; accept", kDropped, kPasses},
        Case{"iifname vmap { \"podwire0\" : jump yes, \"eth0\" : goto no }", kPasses, kDropped},
        Case{"ct state invalid drop; ct status dnat accept", kDropped, kDropped},
        Case{"counter log prefix \"x\" limit rate 5/second accept", kPasses, kPasses},
        Case{"limit rate over 5/second drop; accept", kPasses, kPasses},
        Case{"meta mark & 0x8000 == 0x8000 drop; accept", kPasses, kPasses},
        Case{"jump back; jump yes", kPasses, kPasses}, Case{"goto back; accept", kDropped, kDropped},
        Case{"jump no; accept", kDropped, kDropped}, Case{"reject", kDropped, kDropped},
        Case{"fib saddr . iif oif missing drop; accept", kUnknown, kUnknown},
        Case{"ip ttl 64 accept", kUnknown, kUnknown}, Case{"ip ttl 64 drop", kDropped, kDropped},
        Case{"ip frag-off & 0x1fff != 0 drop; accept", kPasses, kPasses},
        Case{"iifname . ip saddr { \"podwire0\" . 10.88.0.5 } accept", kPasses, kDropped},
        Case{"ip saddr . ip daddr { 10.88.0.0/24 . 192.0.2.0/24 } accept", kUnknown, kDropped}));

TEST_F(PacketFilterTest, EveryChainOnTheHookMustLetItPass) {
  nft("table inet a { chain f { type filter hook forward priority 0; accept; }\n}\n"
      "table ip b { chain f { type filter hook forward priority 10; iifname \"podwire0\" drop; }\n}\n"
      "table ip6 c { chain f { type filter hook forward priority 10; policy drop; }\n}\n"
      "table ip d { flags dormant; chain f { type filter hook forward priority 10; policy drop; }\n}\n"
      "table ip e { chain f { type filter hook input priority 10; policy drop; }\n}\n");
  EXPECT_TRUE(judge(outward()).place.starts_with("rule ")) << judge(outward()).place;
  EXPECT_TRUE(judge(outward()).place.ends_with(" of chain ip b f"));
  EXPECT_EQ(fate(answer()), Fate::kPasses);
}

TEST_F(PacketFilterTest, BridgedFramesMeetOtherChains) {
  nft("table bridge a { chain f { type filter hook forward priority 0; iifname \"veth1\" drop; }\n}\n"
      "table ip b { chain f { type filter hook forward priority 0; policy drop; }\n}\n");
  Packet between = outward();
  between.oif = between.iif;
  const filter::Ports ports{.in = "veth2", .out = "veth1"};
  EXPECT_EQ(judge(between, Way::kBridged, ports).fate, Fate::kPasses);
  EXPECT_EQ(judge(between, Way::kBridged, {.in = "veth1", .out = "veth2"}).fate, Fate::kDropped);
  EXPECT_EQ(judge(between, Way::kBridgedFiltered, ports).fate, Fate::kDropped);
}

TEST_F(PacketFilterTest, ExtensionsOfIptables) {
  load("iptables-nft -P FORWARD DROP; iptables-nft -A FORWARD -p tcp --dport 22 -j ACCEPT");
  EXPECT_EQ(fate(outward()), Fate::kDropped);
  load("iptables-nft -A FORWARD -m addrtype --dst-type LOCAL -j ACCEPT");
  EXPECT_EQ(fate(outward()), Fate::kDropped);
  load("iptables-nft -A FORWARD -m mark --mark 0x4000/0x4000 -j ACCEPT; iptables-nft -A FORWARD -j LOG");
  EXPECT_EQ(fate(outward()), Fate::kDropped);
  load("iptables-nft -A FORWARD -m time --timestart 00:00 -j ACCEPT");
  const Judgement doubt = judge(outward());
  EXPECT_EQ(doubt.fate, Fate::kUnknown);
  EXPECT_EQ(doubt.unknown, std::vector<std::string>{"match time"});
  load("iptables-nft -A FORWARD -m comment --comment pods -p tcp --dport 443 -j ACCEPT");
  EXPECT_EQ(fate(outward()), Fate::kPasses);
}

}  // namespace
}  // namespace podwire::netns
