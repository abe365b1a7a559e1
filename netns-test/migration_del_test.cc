// DEL of pods that the reference made, by podwire: link, lease, masquerading of every backend and spoof check
// go, whatever became of the netns; everything else in the same tables stays.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "netns-test/migration.h"
#include "netns-test/traffic.h"

namespace podwire::netns {
namespace {

class MigrationDel : public Migration {
 protected:
  static std::string conf(std::string_view network = "testnet") {
    std::string text = bridge_conf("1.0.0", R"("isDefaultGateway":true,"ipMasq":true,"macspoofchk":true,)" +
                                                ipam({"10.1.2.0/24", "fd00:1::/64"}));
    text.replace(text.find("testnet"), 7, network);
    return text;
  }
  static spec::Attachment attachment(const Pod& pod, std::string ifname = "eth0") {
    return {.network = "testnet", .container_id = pod.name(), .ifname = std::move(ifname)};
  }
  Reply add(const Pod& pod, const std::string& ifname = "eth0") {
    Reply reply = call("ADD", conf(), pod, ifname);
    EXPECT_TRUE(succeeds(reply));
    return reply;
  }
  void del(const Pod& pod, const std::string& ifname = "eth0") {
    const Reply reply = call("DEL", conf(), pod, ifname);
    EXPECT_TRUE(succeeds(reply));
    EXPECT_EQ(reply.err, "");
  }

  Pod one_{node_, "pod1"};
  Pod two_{node_, "pod2"};
};

TEST_F(MigrationDel, WhateverBecameOfTheNetns) {
  add(two_);
  const std::string rules = ruleset();
  for (const std::optional<std::string>& netns :
       {std::optional(one_.netns()), std::optional<std::string>(""), std::optional<std::string>(),
        std::optional<std::string>("/run/netns/gone")}) {
    add(one_);
    masquerade_by_rules(attachment(one_), {"10.1.2.2/24", "fd00:1::2/64"});
    EXPECT_NE(ruleset(), rules);
    to_podwire();
    Call del{.verb = "DEL", .conf = conf(), .netns = netns, .path = kPlugins};
    EXPECT_TRUE(succeeds(exec(node_, del)));
    node_.sh("nft delete table inet cni_plugins_masquerade");  // empty by now, or this fails below
    EXPECT_EQ(ruleset(), rules) << "CNI_NETNS=" << netns.value_or("(unset)");
    EXPECT_EQ(leases(), "10.1.2.2 fd00:1::2 ");
    EXPECT_TRUE(succeeds(exec(node_, del))) << "a second time";
    EXPECT_EQ(ruleset(), rules);
    one_.sh("ip link del eth0 2>/dev/null || true");
    to_reference();
  }
}

TEST_F(MigrationDel, RulesOfNewerReleases) {
  add(one_);
  add(two_);
  masquerade_by_rules(attachment(two_), {"10.1.2.3/24", "fd00:1::3/64"});
  const std::string without_one = node_.sh("nft -s list table inet cni_plugins_masquerade");
  masquerade_by_rules(attachment(one_), {"10.1.2.2/24", "fd00:1::2/64"});
  // The same interface and container in another network, and another interface in the same one.
  const std::string others = node_.sh("nft -s list table inet cni_plugins_masquerade");
  masquerade_by_rules({.network = "testnet2", .container_id = "pod1", .ifname = "eth0"}, {"10.9.0.2/24"});
  masquerade_by_rules(attachment(one_, "eth1"), {"10.1.2.4/24"});
  to_podwire();
  del(one_);
  const std::string left = node_.sh("nft -s list table inet cni_plugins_masquerade");
  EXPECT_EQ(left.find("saddr 10.1.2.2 "), std::string::npos) << left;
  EXPECT_EQ(left.find("saddr fd00:1::2 "), std::string::npos) << left;
  for (const char* kept : {"10.1.2.3 ", "fd00:1::3 ", "10.9.0.2 ", "10.1.2.4 "}) {
    EXPECT_NE(left.find(std::string("saddr ") + kept), std::string::npos) << kept << left;
  }
}

TEST_F(MigrationDel, TwoInterfacesShareOneChain) {
  const Reply first = add(one_);
  const std::string one_interface = node_.sh("iptables -t nat -S; ip6tables -t nat -S");
  const Reply second = add(one_, "eth1");
  to_podwire();
  del(one_, "eth1");
  const std::string left = node_.sh("iptables -t nat -S; ip6tables -t nat -S");
  EXPECT_EQ(left.find("10.1.2.3"), std::string::npos) << left;
  EXPECT_NE(left.find("-s 10.1.2.2/32"), std::string::npos) << left;
  EXPECT_TRUE(succeeds(call("CHECK", with_prev(conf(), first), one_)))
      << "the other interface is still masqueraded";
  del(one_);
  EXPECT_EQ(node_.sh("iptables -t nat -S; ip6tables -t nat -S").find("CNI-"), std::string::npos);
  EXPECT_NE(one_interface.find("CNI-"), std::string::npos);
}

TEST_F(MigrationDel, OthersInTheSameTablesStay) {
  add(two_);
  node_.sh(
      "iptables -t nat -N MINE; iptables -t nat -A MINE -j RETURN; iptables -t nat -I POSTROUTING -j MINE;"
      "iptables -t nat -A POSTROUTING -s 10.1.2.2/32 -m comment --comment 'name: \"testnet\" id: \"pod1\"' "
      "-j MINE;"
      "iptables -t nat -A POSTROUTING -s 10.77.0.0/16 -j MASQUERADE;"
      // A chain of that form of a network which begins like ours, and one whose comment lies about its owner.
      "iptables -t nat -N CNI-0123456789abcdef01234567;"
      "iptables -t nat -A CNI-0123456789abcdef01234567 -j ACCEPT -m comment --comment 'name: \"testnet\" id: "
      "\"pod1\"';"
      "nft add chain bridge nat cni-br-iface-pod10-eth0;"
      "nft add rule bridge nat PREROUTING iifname vethx jump cni-br-iface-pod10-eth0 comment "
      "macspoofchk-pod10-eth0");
  const std::string rules = ruleset();
  add(one_);
  to_podwire();
  del(one_);
  EXPECT_EQ(ruleset(), rules);
}

TEST_F(MigrationDel, AChainOfAnotherOwnerByTheSameNameStays) {
  // "testnet" + "pod1" = "test" + "netpod1".
  add(one_);
  const Pod twin(node_, "netpod1");
  ASSERT_TRUE(succeeds(call("ADD", conf("test"), twin)));
  to_podwire();
  del(one_);
  const std::string left = node_.sh("iptables -t nat -S");
  EXPECT_NE(
      left.find(R"(-A POSTROUTING -s 10.1.2.2/32 -m comment --comment "name: \"test\" id: \"netpod1\"")"),
      std::string::npos)
      << left;
  EXPECT_EQ(
      left.find(R"(-A POSTROUTING -s 10.1.2.2/32 -m comment --comment "name: \"testnet\" id: \"pod1\"")"),
      std::string::npos)
      << left;
  EXPECT_TRUE(succeeds(call("DEL", conf("test"), twin)));
  EXPECT_EQ(node_.sh("iptables -t nat -S; ip6tables -t nat -S").find("CNI-"), std::string::npos);
}

TEST_F(MigrationDel, AChainThatSomebodyElseJumpsToStays) {
  add(one_);
  node_.sh(
      "iptables -t nat -N MINE; iptables -t nat -A POSTROUTING -s 10.1.0.0/16 -j MINE;"
      "iptables -t nat -A MINE -j CNI-169623ab7b5aa875a3760ba1");
  to_podwire();
  del(one_);
  const std::string left = node_.sh("iptables -t nat -S");
  EXPECT_NE(left.find("-A MINE -j CNI-169623ab7b5aa875a3760ba1"), std::string::npos) << left;
  EXPECT_EQ(left.find("-A POSTROUTING -s 10.1.2.2"), std::string::npos) << left;
  EXPECT_EQ(leases(), "");
}

TEST_F(MigrationDel, TrackedConnectionsGoWithThePod) {
  const Outside outside(node_);
  add(one_);
  add(two_);
  for (const Pod* pod : {&one_, &two_}) {
    ASSERT_TRUE(udp_exchange(*pod, outside, Outside::kAddress4).ok());
    ASSERT_TRUE(udp_exchange(*pod, outside, Outside::kAddress6).ok());
  }
  const auto tracked = [&](const char* family, const char* source) {
    return node_.sh(fmt::format("conntrack -L -f {} -s {} 2>/dev/null | wc -l", family, source));
  };
  ASSERT_NE(tracked("ipv4", "10.1.2.2"), "0\n");
  to_podwire();
  del(one_);
  EXPECT_EQ(tracked("ipv4", "10.1.2.2"), "0\n");
  EXPECT_EQ(tracked("ipv6", "fd00:1::2"), "0\n");
  EXPECT_NE(tracked("ipv4", "10.1.2.3"), "0\n");
}

TEST_F(MigrationDel, ManyAtOnceWhileIptablesWorks) {
  constexpr int kPods = 8;
  std::vector<Pod> pods;
  pods.reserve(kPods);
  for (int i = 0; i < kPods; ++i) add(pods.emplace_back(node_, fmt::format("many{}", i)));
  to_podwire();
  std::vector<Process> running;
  {
    const Inside inside(node_);
    for (const Pod& pod : pods) {
      running.push_back(Process::start(command_of(
          {.verb = "DEL", .conf = conf(), .id = pod.name(), .netns = pod.netns(), .path = kPlugins})));
    }
    running.push_back(Process::start({.argv = {"sh", "-ec",
                                               "for i in 1 2 3 4 5 6 7 8 9 10; do iptables -w -t nat -N X$i; "
                                               "iptables -w -t nat -X X$i; done"}}));
    for (Process& process : running) EXPECT_TRUE(succeeds(reply_of(process.wait())));
  }
  EXPECT_EQ(ruleset().find("many"), std::string::npos);
  EXPECT_EQ(ruleset().find("CNI-"), std::string::npos);
  EXPECT_EQ(leases(), "");
}

TEST_F(MigrationDel, PodsOfPodwireDoNotPayForTheSearch) {
  to_podwire();
  add(one_);
  // A chain by the reference's name for a pod that podwire made is nobody's business.
  node_.sh("iptables -t nat -N CNI-169623ab7b5aa875a3760ba1");
  del(one_);
  EXPECT_NE(node_.sh("iptables -t nat -S").find("CNI-169623ab7b5aa875a3760ba1"), std::string::npos);
  del(one_);
  EXPECT_EQ(node_.sh("iptables -t nat -S").find("CNI-"), std::string::npos)
      << "without a link of ours it is looked for";
}

}  // namespace
}  // namespace podwire::netns
