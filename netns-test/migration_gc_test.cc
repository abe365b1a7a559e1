// GC by podwire of what the reference made: masquerading and leases of attachments that are not valid go,
// those of valid ones and of other networks stay.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "libcni/plan/reference.h"
#include "netns-test/migration.h"

namespace podwire::netns {
namespace {

std::string conf(std::string_view network, std::string_view subnet, std::string_view version = "1.0.0") {
  std::string text = bridge_conf(
      version, R"("isGateway":true,"ipMasq":true,"macspoofchk":true,)" +
                   ipam({fmt::format("10.{}.0.0/24", subnet), fmt::format("fd00:{}::/64", subnet)}));
  text.replace(text.find("testnet"), 7, network);
  text.replace(text.find("\"br0\""), 5, fmt::format("\"br-{}\"", network));
  return text;
}

class MigrationGc : public Migration {
 protected:
  void add(const std::string& configuration, const Pod& pod, const std::string& ifname = "eth0") {
    ASSERT_TRUE(succeeds(call("ADD", configuration, pod, ifname)));
  }
  /// The node lost the pod without a DEL: its netns and its link are gone.
  static void lose(const Pod& pod, const std::string& ifname = "eth0") { pod.sh("ip link del " + ifname); }
  Reply gc_red(std::string_view valid) { return gc(conf("red", "1", "1.1.0"), valid); }

  const std::string red_ = conf("red", "1");
  const std::string blue_ = conf("blue", "2");
  Pod one_{node_, "pod1"};
  Pod two_{node_, "pod2"};
};

constexpr const char* kPod2 = R"([{"containerID":"pod2","ifname":"eth0"}])";

TEST_F(MigrationGc, ValidStaysStaleGoes) {
  add(red_, two_);
  masquerade_by_rules({.network = "red", .container_id = "pod2", .ifname = "eth0"}, {"10.1.0.2/24"});
  const std::string rules = ruleset();
  add(red_, one_);
  masquerade_by_rules({.network = "red", .container_id = "pod1", .ifname = "eth0"},
                      {"10.1.0.3/24", "fd00:1::3/64"});
  lose(one_);
  to_podwire();
  EXPECT_TRUE(succeeds(gc_red(kPod2)));
  EXPECT_EQ(ruleset(), rules);
  EXPECT_EQ(leases("red"), "10.1.0.2 fd00:1::2 ");
  EXPECT_TRUE(succeeds(gc_red(kPod2))) << "a second time";
  EXPECT_EQ(ruleset(), rules);
}

TEST_F(MigrationGc, EmptyListRemovesAllOfTheNetworkAndNothingElse) {
  add(blue_, one_, "eth1");
  add(conf("red-2", "3"), two_, "eth1");
  const std::string rules = ruleset();
  add(red_, one_);
  add(red_, two_);
  lose(one_);
  lose(two_);
  to_podwire();
  EXPECT_TRUE(succeeds(gc_red("[]")));
  // The spoof check of pod1's other network, whose port lives, is not taken for garbage.
  EXPECT_EQ(ruleset(), rules);
  EXPECT_EQ(leases("red"), "");
  EXPECT_EQ(leases("blue"), "10.2.0.2 fd00:2::2 ");
}

TEST_F(MigrationGc, ChainStaysWhileAnotherInterfaceOfTheContainerIsValid) {
  add(red_, one_);
  const std::string nat = node_.sh("iptables -t nat -S; ip6tables -t nat -S");
  masquerade_by_rules({.network = "red", .container_id = "pod1", .ifname = "eth0"}, {"10.1.0.2/24"});
  const std::string newer = node_.sh("nft -s list table inet cni_plugins_masquerade");
  masquerade_by_rules({.network = "red", .container_id = "pod1", .ifname = "eth9"}, {"10.1.0.9/24"});
  to_podwire();
  EXPECT_TRUE(succeeds(gc_red(R"([{"containerID":"pod1","ifname":"eth0"}])")));
  EXPECT_EQ(node_.sh("iptables -t nat -S; ip6tables -t nat -S"), nat);
  EXPECT_EQ(node_.sh("nft -s list table inet cni_plugins_masquerade"), newer);
}

TEST_F(MigrationGc, CommentsThatLieAreNotBelieved) {
  add(red_, two_);
  node_.sh(
      "iptables -t nat -N CNI-0123456789abcdef01234567;"
      "iptables -t nat -A CNI-0123456789abcdef01234567 -j ACCEPT -m comment --comment 'name: \"red\" id: "
      "\"pod1\"';"
      "iptables -t nat -A POSTROUTING -s 10.1.0.9 -j CNI-0123456789abcdef01234567 -m comment --comment "
      "'name: \"red\" id: \"pod1\"';"
      "iptables -t nat -A POSTROUTING -s 10.1.0.9 -j ACCEPT -m comment --comment 'name: \"red\" id: "
      "\"pod1\"'");
  const std::string rules = ruleset();
  to_podwire();
  EXPECT_TRUE(succeeds(gc_red(kPod2)));
  EXPECT_EQ(ruleset(), rules);
}

TEST_F(MigrationGc, ChainWithoutAJumpGoesToo) {
  add(red_, two_);
  const std::string rules = ruleset();
  add(red_, one_);
  lose(one_);
  node_.sh("iptables -t nat -D POSTROUTING 2; ip6tables -t nat -D POSTROUTING 2");
  to_podwire();
  EXPECT_TRUE(succeeds(gc_red(kPod2)));
  EXPECT_EQ(ruleset(), rules);
}

TEST_F(MigrationGc, Hundreds) {
  add(red_, two_);
  const std::string rules = ruleset();
  // As iptables-nft stores them: the chain of container pod1, renamed. Rules alone make no pod, but GC sees
  // no more.
  std::string script = "*nat\n";
  std::string jumps;
  for (int i = 0; i < 200; ++i) {
    const plan::reference::ChainOwner owner{.network = "red", .container_id = fmt::format("many{}", i)};
    const std::string chain = plan::reference::chain_name(owner);
    const std::string comment = fmt::format(R"(-m comment --comment "name: \"red\" id: \"many{}\"")", i);
    script += fmt::format(":{} - [0:0]\n", chain);
    jumps += fmt::format(
        "-A POSTROUTING -s 10.1.1.{0}/32 {1} -j {2}\n-A {2} -d 10.1.0.0/16 {1} -j ACCEPT\n"
        "-A {2} ! -d 224.0.0.0/4 {1} -j MASQUERADE\n",
        i, comment, chain);
  }
  node_.write("/run/many", script + jumps + "COMMIT\n");
  node_.sh("iptables-restore -n /run/many");
  EXPECT_NE(ruleset(), rules);
  to_podwire();
  EXPECT_TRUE(succeeds(gc_red(kPod2)));
  EXPECT_EQ(ruleset(), rules);
}

}  // namespace
}  // namespace podwire::netns
