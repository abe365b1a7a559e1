// Debian's plugins behind our bridge in one chain, driven as a runtime drives them: prevResult goes forward
// on ADD, and in reverse on DEL.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "netns-test/cni.h"
#include "netns-test/node.h"
#include "netns-test/snapshot.h"
#include "netns-test/traffic.h"

namespace podwire::netns {
namespace {

const std::string kBridge = R"({"cniVersion":"1.0.0","name":"chain","type":"bridge","bridge":"br0",)"
                            R"("isDefaultGateway":true,"ipMasq":true,)" +
                            ipam({"10.1.2.0/24", "fd00:1::/64"}) + "}";
const std::string kPortmap = fmt::format(
    R"({{"cniVersion":"1.0.0","name":"chain","type":"portmap","snat":true,"runtimeConfig":{{"portMappings":)"
    R"([{{"hostPort":8080,"containerPort":{},"protocol":"tcp"}}]}}}})",
    kEchoPort);
const std::string kTuning =
    R"({"cniVersion":"1.0.0","name":"chain","type":"tuning","sysctl":{"net.ipv4.conf.eth0.arp_announce":"2"}})";

class Chain : public testing::Test {
 protected:
  Reply call(const char* plugin, const char* verb, const std::string& conf) {
    const bool ours = std::string_view(plugin) == "bridge";
    return exec(node_, {.plugin = plugin,
                        .verb = verb,
                        .conf = conf,
                        .netns = pod_.netns(),
                        .path = ours ? our_plugins() : std::string(kReferencePlugins)});
  }

  Node node_;
  Outside outside_{node_};
  Pod pod_{node_, "pod1"};
};

TEST_F(Chain, PortmapReachesThePodThroughTheNode) {
  const Reply first = call("bridge", "ADD", kBridge);
  ASSERT_TRUE(succeeds(first));
  const Reply second = call("portmap", "ADD", with_prev(kPortmap, first));
  ASSERT_TRUE(succeeds(second));
  EXPECT_EQ(second.at("/ips/0/address"), "10.1.2.2/24");

  const Exchange seen = tcp_exchange(outside_, pod_, Outside::kNodeAddress4, 8080);
  EXPECT_EQ(seen.error, "");
  EXPECT_EQ(seen.client, Outside::kAddress4) << "the source address arrives unchanged";
  EXPECT_EQ(tcp_exchange(outside_, pod_, Outside::kNodeAddress6, 8080).error, "");

  EXPECT_TRUE(succeeds(call("bridge", "CHECK", with_prev(kBridge, second))));
  EXPECT_TRUE(succeeds(call("portmap", "DEL", with_prev(kPortmap, second))));
  EXPECT_TRUE(succeeds(call("bridge", "DEL", with_prev(kBridge, second))));
  EXPECT_EQ(node_.sh("ip -o link show type veth | grep -v uplink || true"), "");
  EXPECT_FALSE(tcp_exchange(node_, outside_, Outside::kNodeAddress4, 8080).ok());
}

TEST_F(Chain, TuningBehindOurBridge) {
  const Reply first = call("bridge", "ADD", kBridge);
  ASSERT_TRUE(succeeds(first));
  const Reply second = call("tuning", "ADD", with_prev(kTuning, first));
  ASSERT_TRUE(succeeds(second));
  EXPECT_EQ(pod_.sh("cat /proc/sys/net/ipv4/conf/eth0/arp_announce"), "2\n");
  EXPECT_TRUE(succeeds(call("bridge", "CHECK", with_prev(kBridge, second))))
      << "what later plugins changed is not ours to complain about";
}

/// CHECK tolerates routes that a later plugin added, and notices one of ours that is gone.
TEST_F(Chain, CheckToleratesAdditions) {
  const Reply first = call("bridge", "ADD", kBridge);
  ASSERT_TRUE(succeeds(first));
  pod_.sh("ip route add 10.200.0.0/16 via 10.1.2.1; ip addr add 10.201.0.1/32 dev eth0");
  EXPECT_TRUE(succeeds(call("bridge", "CHECK", with_prev(kBridge, first))));
  pod_.sh("ip route del default");
  EXPECT_TRUE(fails_with(call("bridge", "CHECK", with_prev(kBridge, first)), Code::kMissing, "0.0.0.0/0"));
}

/// CHECK names the first thing that is missing.
TEST_F(Chain, CheckNamesWhatIsMissing) {
  struct Case {
    const char* damage;
    bool in_pod;
    const char* named;
  };
  const Case cases[] = {
      {"ip addr del 10.1.2.2/24 dev eth0", true, "10.1.2.2"},
      {"ip -6 addr del fd00:1::2/64 dev eth0", true, "fd00:1::2"},
      {"ip link set eth0 address 02:00:00:00:00:99", true, "eth0"},
      {"ip link set eth0 down", true, "eth0"},
      {"ip link del eth0", true, "does not exist"},
      {"ip addr del 10.1.2.1/24 dev br0", false, "10.1.2.1"},
      {"ip link set $(ip -o link show master br0 | cut -d: -f2 | cut -d@ -f1) nomaster", false, "br0"},
      {"rm /var/lib/cni/networks/chain/10.1.2.2 /var/lib/cni/networks/chain/fd00:1::2", false, "address"},
      {"ip link set br0 down", false, "br0"},
  };
  const std::string fixed = with(kBridge, "runtimeConfig", R"({"ips":["10.1.2.2","fd00:1::2"]})");
  for (const Case& c : cases) {
    SCOPED_TRACE(c.damage);
    const Reply added = call("bridge", "ADD", fixed);
    ASSERT_TRUE(succeeds(added));
    ASSERT_TRUE(succeeds(call("bridge", "CHECK", with_prev(fixed, added))));
    (c.in_pod ? static_cast<const Place&>(pod_) : node_).sh(c.damage);
    EXPECT_TRUE(fails_with(call("bridge", "CHECK", with_prev(fixed, added)), Code::kMissing, c.named));
    EXPECT_TRUE(succeeds(call("bridge", "DEL", with_prev(fixed, added))));
  }
}

TEST_F(Chain, CheckNeedsPrevResult) {
  ASSERT_TRUE(succeeds(call("bridge", "ADD", kBridge)));
  EXPECT_TRUE(fails_with(call("bridge", "CHECK", kBridge), Code::kInvalidNetworkConfig, "prevResult"));
}

}  // namespace
}  // namespace podwire::netns
