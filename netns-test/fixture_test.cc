// The fixtures themselves: a snapshot sees what changes, and nothing else; namespaces are separate.

#include <gtest/gtest.h>

#include <filesystem>

#include "netns-test/cni.h"
#include "netns-test/node.h"
#include "netns-test/running_ping.h"
#include "netns-test/snapshot.h"
#include "netns-test/traffic.h"

namespace podwire::netns {
namespace {

TEST(Fixture, SnapshotOfAnIdleNodeIsStable) {
  const Node node;
  const Snapshot first = snapshot(node);
  EXPECT_TRUE(unchanged(first, snapshot(node)));
  EXPECT_FALSE(first.empty());
}

TEST(Fixture, SnapshotNamesEveryKindOfChange) {
  struct Case {
    const char* change;
    const char* reported;
  };
  for (const Case& c : std::initializer_list<Case>{
           {"ip link add br0 type bridge", "+ link br0 address="},
           {"ip addr add 10.0.0.1/24 dev lo", "+ address lo family=\"inet\" local=\"10.0.0.1\""},
           {"ip route add 10.9.0.0/16 dev lo", "+ route type=\"unicast\" dst=\"10.9.0.0/16\" dev=\"lo\""},
           {"ip rule add pref 7 lookup 7", "+ rule priority=7"},
           {"ip -6 route add fd00:9::/64 dev lo", "dst=\"fd00:9::/64\""},
           {"nft add table inet t", "+ nft table.family=\"inet\" table.name=\"t\""},
           {"echo 1 > /proc/sys/net/ipv4/ip_forward", "+ sysctl net/ipv4/ip_forward=1"},
           {"mkdir -p /var/lib/cni/networks; printf 'a\\r\\nb' > /var/lib/cni/networks/10.0.0.2",
            "+ file /var/lib/cni/networks/10.0.0.2=a\\r\\nb"}}) {
    const Node node;
    const Snapshot before = snapshot(node);
    node.sh(c.change);
    EXPECT_NE(difference(before, snapshot(node)).find(c.reported), std::string::npos)
        << c.change << "\n"
        << difference(before, snapshot(node));
  }
}

TEST(Fixture, PodsAndOutsideAreHostsOfTheirOwn) {
  const Node node;
  const Outside outside(node);
  const Pod pod(node, "pod1");
  EXPECT_TRUE(ping(node, Outside::kAddress4));
  EXPECT_TRUE(ping(node, Outside::kAddress6));
  EXPECT_EQ(pod.sh("ls /sys/class/net >/dev/null; ip -o link | wc -l"), "1\n");
  EXPECT_TRUE(ping(pod, "127.0.0.1")) << "the loopback is up";
  const Exchange seen = tcp_exchange(node, outside, Outside::kAddress4);
  EXPECT_EQ(seen.client, Outside::kNodeAddress4) << seen.error;
  EXPECT_EQ(udp_exchange(node, outside, Outside::kAddress6).client, Outside::kNodeAddress6);
}

TEST(Fixture, RunningPingNoticesALoss) {
  const Node node;
  const Outside outside(node);
  RunningPing undisturbed(node, Outside::kAddress4);
  EXPECT_TRUE(undisturbed.lost_nothing());
  RunningPing disturbed(node, Outside::kAddress4);
  node.sh(
      "nft 'add table inet t; add chain inet t c { type filter hook output priority 0; }; "
      "add rule inet t c icmp type echo-request counter drop'");
  EXPECT_TRUE(
      wait_until([&] { return node.sh("nft list table inet t").find("packets 0 ") == std::string::npos; }));
  node.sh("nft delete table inet t");
  const testing::AssertionResult result = disturbed.lost_nothing();
  EXPECT_FALSE(result);
  EXPECT_NE(std::string(result.message()).find("requests these were lost: "), std::string::npos)
      << result.message();
}

TEST(Fixture, NodesDoNotSeeEachOther) {
  const Node one;
  const Node two;
  one.write("/run/only-here", "x");
  one.sh("ip link add br0 type bridge");
  EXPECT_FALSE(two.run({"test", "-e", "/run/only-here"}).ok());
  EXPECT_FALSE(two.run({"ip", "link", "show", "br0"}).ok());
  EXPECT_FALSE(std::filesystem::exists("/run/only-here"));
}

TEST(Fixture, RemovedNetnsIsGone) {
  const Node node;
  const Pod pod(node, "pod1");
  EXPECT_TRUE(node.run({"test", "-e", pod.netns()}).ok());
  node.remove_netns(pod);
  EXPECT_FALSE(node.run({"test", "-e", pod.netns()}).ok());
}

TEST(Fixture, ReferencePluginRunsInANode) {
  const Node node;
  const Pod pod(node, "pod1");
  const Reply add = exec(node, {.conf = bridge_conf("1.0.0", "\"isGateway\":true," + ipam({"10.1.0.0/24"})),
                                .netns = pod.netns(),
                                .path = kReferencePlugins});
  ASSERT_TRUE(succeeds(add));
  EXPECT_EQ(add.at("/ips/0/address"), "10.1.0.2/24");
  EXPECT_TRUE(ping(node, "10.1.0.2"));
}

}  // namespace
}  // namespace podwire::netns
