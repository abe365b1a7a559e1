// Every key of bridge beyond the plain case: what it does in the kernel, and that CHECK notices when it is
// undone.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "netns-test/cni.h"
#include "netns-test/node.h"
#include "netns-test/snapshot.h"
#include "netns-test/traffic.h"

namespace podwire::netns {
namespace {

const std::string kGateway = R"("isGateway":true,)" + ipam({"10.1.2.0/24"});

class BridgeOptions : public testing::Test {
 protected:
  Reply add(const Pod& pod, const std::string& conf, const std::string& args = "") {
    return exec(node_, {.conf = conf, .id = pod.name(), .netns = pod.netns(), .args = args});
  }
  Reply check(const Pod& pod, const std::string& conf, const Reply& added) {
    return exec(node_,
                {.verb = "CHECK", .conf = with_prev(conf, added), .id = pod.name(), .netns = pod.netns()});
  }
  Reply del(const Pod& pod, const std::string& conf) {
    return exec(node_, {.verb = "DEL", .conf = conf, .id = pod.name(), .netns = pod.netns()});
  }
  /// A value of `ip -d -j link show dev LINK`.
  static std::string link_value(const Place& place, const std::string& link, std::string_view pointer) {
    return at(Json::parse(place.sh("ip -d -j address show dev " + link)).value().view(),
              "/0" + std::string(pointer));
  }

  Node node_;
  Pod pod_{node_, "pod1"};
};

/// Port options: a key, the attribute of the host end that shows it, and a command that undoes it for CHECK.
TEST_F(BridgeOptions, PortFlags) {
  struct Case {
    const char* member;
    const char* pointer;
    const char* expected;
  };
  const Case cases[] = {
      {R"("hairpinMode":true)", "/linkinfo/info_slave_data/hairpin", "true"},
      {R"("hairpinMode":false)", "/linkinfo/info_slave_data/hairpin", "false"},
      {R"("portIsolation":true)", "/linkinfo/info_slave_data/isolated", "true"},
      {R"("portIsolation":false)", "/linkinfo/info_slave_data/isolated", "false"},
  };
  for (const Case& c : cases) {
    const std::string conf = bridge_conf("1.1.0", std::string(c.member) + "," + kGateway);
    const Reply added = add(pod_, conf);
    ASSERT_TRUE(succeeds(added)) << c.member;
    EXPECT_EQ(link_value(node_, added.at("/interfaces/1/name"), c.pointer), c.expected) << c.member;
    EXPECT_TRUE(succeeds(check(pod_, conf, added))) << c.member;
    EXPECT_TRUE(succeeds(del(pod_, conf))) << c.member;
  }
}

TEST_F(BridgeOptions, CheckNoticesAPortFlagThatWasUndone) {
  const std::string conf = bridge_conf("1.1.0", R"("hairpinMode":true,)" + kGateway);
  const Reply added = add(pod_, conf);
  ASSERT_TRUE(succeeds(added));
  node_.sh("bridge link set dev " + added.at("/interfaces/1/name") + " hairpin off");
  EXPECT_TRUE(fails_with(check(pod_, conf, added), Code::kMissing, added.at("/interfaces/1/name")));
}

TEST_F(BridgeOptions, PromiscuousBridge) {
  const std::string conf = bridge_conf("1.1.0", R"("promiscMode":true,)" + kGateway);
  const Reply added = add(pod_, conf);
  ASSERT_TRUE(succeeds(added));
  EXPECT_NE(node_.sh("ip -o link show br0").find("PROMISC"), std::string::npos);
  EXPECT_TRUE(succeeds(check(pod_, conf, added)));
  node_.sh("ip link set br0 promisc off");
  EXPECT_TRUE(fails_with(check(pod_, conf, added), Code::kMissing, "br0"));
}

TEST_F(BridgeOptions, MtuOfBridgeAndBothEnds) {
  const std::string conf = bridge_conf("1.1.0", R"("mtu":1400,)" + kGateway);
  const Reply added = add(pod_, conf);
  ASSERT_TRUE(succeeds(added));
  for (const char* link : {"br0", "veth"}) {
    const std::string name = link[0] == 'b' ? "br0" : added.at("/interfaces/1/name");
    EXPECT_EQ(link_value(node_, name, "/mtu"), "1400") << link;
  }
  EXPECT_EQ(link_value(pod_, "eth0", "/mtu"), "1400");
}

TEST_F(BridgeOptions, MacPrecedence) {
  struct Case {
    const char* members;
    const char* args;
    const char* expected;
  };
  const Case cases[] = {
      {"", "IgnoreUnknown=1;MAC=02:00:00:00:00:01", "02:00:00:00:00:01"},
      {R"("args":{"cni":{"mac":"02:00:00:00:00:02"}},)", "IgnoreUnknown=1;MAC=02:00:00:00:00:01",
       "02:00:00:00:00:02"},
      {R"("args":{"cni":{"mac":"02:00:00:00:00:02"}},"runtimeConfig":{"mac":"02:00:00:00:00:03"},)",
       "IgnoreUnknown=1;MAC=02:00:00:00:00:01", "02:00:00:00:00:03"},
      {R"("RuntimeConfig":{"mac":"02:00:00:00:00:04"},)", "", "02:00:00:00:00:04"},
      {R"("runtimeConfig":{"Mac":"02:00:00:00:00:05"},)", "", "02:00:00:00:00:05"},
  };
  for (const Case& c : cases) {
    const std::string conf = bridge_conf("1.1.0", c.members + kGateway);
    const Reply added = add(pod_, conf, c.args);
    ASSERT_TRUE(succeeds(added)) << c.expected;
    EXPECT_EQ(added.at("/interfaces/2/mac"), c.expected);
    EXPECT_EQ(link_value(pod_, "eth0", "/address"), c.expected);
    EXPECT_TRUE(succeeds(del(pod_, conf)));
  }
}

TEST_F(BridgeOptions, ContainerInterfaceLeftDown) {
  const std::string conf = bridge_conf("1.1.0", R"("disableContainerInterface":true,"ipam":{})");
  ASSERT_TRUE(succeeds(add(pod_, conf)));
  EXPECT_EQ(pod_.sh("ip -o link show dev eth0 | grep -c ',UP' || true"), "0\n");
}

TEST_F(BridgeOptions, DuplicateAddressDetectionOnlyOnRequest) {
  for (const bool enabled : {false, true}) {
    const std::string conf = bridge_conf(
        "1.1.0", fmt::format(R"("enabledad":{},"isGateway":true,{})", enabled, ipam({"2001:db8:1::/64"})));
    ASSERT_TRUE(succeeds(add(pod_, conf)));
    const bool nodad = pod_.sh("ip -6 addr show dev eth0").find("nodad") != std::string::npos;
    EXPECT_EQ(nodad, !enabled);
    EXPECT_TRUE(succeeds(del(pod_, conf)));
  }
}

TEST_F(BridgeOptions, ForceAddressReplacesTheGateway) {
  node_.sh("ip link add br0 type bridge; ip addr add 10.9.9.1/24 dev br0; ip link set br0 up");
  const Snapshot before = snapshot(node_, pod_);
  const std::string refused = bridge_conf("1.1.0", kGateway);
  EXPECT_TRUE(fails_with(add(pod_, refused), Code::kAddressConflict,
                         "\"br0\" already has an IP address different from 10.1.2.1/24"));
  EXPECT_EQ(node_.sh("ip -4 -o addr show dev br0 | awk '{ print $4 }'"), "10.9.9.1/24\n");
  const std::string forced = bridge_conf("1.1.0", R"("forceAddress":true,)" + kGateway);
  EXPECT_TRUE(succeeds(add(pod_, forced)));
  EXPECT_EQ(node_.sh("ip -4 -o addr show dev br0 | awk '{ print $4 }'"), "10.1.2.1/24\n");
}

/// The old address is the primary one of the subnet, and takes its secondary ones along when it goes.
TEST_F(BridgeOptions, ForceAddressReplacesAnotherOneOfTheSubnet) {
  node_.sh(
      "ip link add br0 type bridge; ip addr add 10.1.2.250/24 dev br0; ip addr add 10.1.2.251/24 dev br0; "
      "ip link set br0 up");
  const std::string forced = bridge_conf("1.1.0", R"("forceAddress":true,)" + kGateway);
  EXPECT_TRUE(succeeds(add(pod_, forced)));
  EXPECT_EQ(node_.sh("ip -4 -o addr show dev br0 | awk '{ print $4 }'"), "10.1.2.1/24\n");
}

TEST_F(BridgeOptions, SecondIpv6GatewayStandsBesideTheFirst) {
  node_.sh("ip link add br0 type bridge; ip addr add 2001:db8:7::1/64 dev br0 nodad; ip link set br0 up");
  ASSERT_TRUE(succeeds(add(pod_, bridge_conf("1.1.0", R"("isGateway":true,)" + ipam({"2001:db8:1::/64"})))));
  EXPECT_EQ(node_.sh("ip -6 -o addr show dev br0 scope global | awk '{ print $4 }' | sort"),
            "2001:db8:1::1/64\n2001:db8:7::1/64\n");
}

TEST_F(BridgeOptions, DefaultRouteYieldsToTheOneOfIpam) {
  const std::string conf =
      bridge_conf("1.1.0", R"("isDefaultGateway":true,)" +
                               ipam({"10.1.2.0/24"}, R"("routes":[{"dst":"0.0.0.0/0","gw":"10.1.2.9"}])"));
  ASSERT_TRUE(succeeds(add(pod_, conf)));
  EXPECT_EQ(pod_.sh("ip -4 route show default | cut -d' ' -f1-3"), "default via 10.1.2.9\n");
}

TEST_F(BridgeOptions, RouteAttributes) {
  const std::string conf = bridge_conf(
      "1.1.0",
      R"("isGateway":true,)" +
          ipam(
              {"10.1.2.0/24"},
              R"("routes":[{"dst":"10.50.0.0/16","mtu":1300,"advmss":1200,"priority":77,"table":42,"scope":0}])"));
  const Reply added = add(pod_, conf);
  ASSERT_TRUE(succeeds(added));
  const std::string route = pod_.sh("ip route show table 42");
  for (const char* part : {"10.50.0.0/16 via 10.1.2.1", "metric 77", "mtu 1300", "advmss 1200"}) {
    EXPECT_NE(route.find(part), std::string::npos) << part << " is not in " << route;
  }
  EXPECT_TRUE(succeeds(check(pod_, conf, added)));
  pod_.sh("ip route flush table 42");
  EXPECT_TRUE(fails_with(check(pod_, conf, added), Code::kMissing, "10.50.0.0/16"));
}

TEST_F(BridgeOptions, DnsOfTheConfigurationReplacesThatOfIpam) {
  node_.write("/run/resolv.conf", "nameserver 192.0.2.0\nsearch a.example b.example\noptions ndots:2\n");
  const std::string with_resolv = ipam({"10.1.2.0/24"}, R"("resolvConf":"/run/resolv.conf")");
  const std::string plain = bridge_conf("1.1.0", with_resolv);
  EXPECT_EQ(add(pod_, plain).at("/dns"),
            R"({"nameservers":["192.0.2.0"],"search":["a.example","b.example"],"options":["ndots:2"]})");
  EXPECT_TRUE(succeeds(del(pod_, plain)));
  const std::string replaced = bridge_conf("1.1.0", R"("dns":{"domain":"x.example"},)" + with_resolv);
  EXPECT_EQ(add(pod_, replaced).at("/dns"), R"({"domain":"x.example"})");
}

/// Frames with a foreign source MAC do not leave a guarded pod; honest ones sent after them do.
TEST_F(BridgeOptions, MacSpoofCheckDropsForeignSources) {
  const std::string conf = bridge_conf("1.1.0", R"("macspoofchk":true,)" + kGateway);
  const Reply added = add(pod_, conf);
  ASSERT_TRUE(succeeds(added));
  const UdpReceiver gateway(node_);
  ASSERT_TRUE(ping(pod_, "10.1.2.1"));
  // The gateway is a permanent neighbour, so that the spoofed datagram needs no ARP, which would be dropped
  // first.
  pod_.sh(
      fmt::format("ip neigh replace 10.1.2.1 lladdr {} dev eth0 nud permanent; "
                  "ip link set eth0 address 02:ba:ad:00:00:01",
                  added.at("/interfaces/0/mac")));
  ASSERT_TRUE(send_udp(pod_, "10.1.2.1", "spoofed"));
  pod_.sh("ip link set eth0 address " + added.at("/interfaces/2/mac"));
  ASSERT_TRUE(send_udp(pod_, "10.1.2.1", "honest"));
  EXPECT_EQ(gateway.next(), "honest");
  EXPECT_TRUE(succeeds(check(pod_, conf, added)));
  node_.sh("nft flush ruleset");
  EXPECT_TRUE(fails_with(check(pod_, conf, added), Code::kMissing, ""));
  EXPECT_TRUE(succeeds(del(pod_, conf)));
}

TEST_F(BridgeOptions, MacSpoofCheckIsRemovedWithTheAttachment) {
  const std::string conf = bridge_conf("1.1.0", R"("macspoofchk":true,)" + kGateway);
  const Pod other(node_, "pod2");
  ASSERT_TRUE(succeeds(add(other, conf)));
  const Snapshot before = lines_with(snapshot(node_), "nft");
  ASSERT_TRUE(succeeds(add(pod_, conf)));
  EXPECT_FALSE(unchanged(before, lines_with(snapshot(node_), "nft")));
  ASSERT_TRUE(succeeds(del(pod_, conf)));
  EXPECT_TRUE(unchanged(before, lines_with(snapshot(node_), "nft")));
}

/// Isolated ports reach the gateway, not each other.
TEST_F(BridgeOptions, IsolatedPodsDoNotReachEachOther) {
  const std::string conf = bridge_conf("1.1.0", R"("portIsolation":true,)" + kGateway);
  const Pod other(node_, "pod2");
  ASSERT_TRUE(succeeds(add(pod_, conf)));
  const Reply second = add(other, conf);
  ASSERT_TRUE(succeeds(second));
  const UdpReceiver receiver(other);
  pod_.sh(fmt::format("ip neigh replace 10.1.2.3 lladdr {} dev eth0 nud permanent",
                      second.at("/interfaces/2/mac")));
  ASSERT_TRUE(send_udp(pod_, "10.1.2.3", "from the neighbour"));
  ASSERT_TRUE(ping(pod_, "10.1.2.1"));
  ASSERT_TRUE(send_udp(node_, "10.1.2.3", "from the node"));
  EXPECT_EQ(receiver.next(), "from the node");
}

TEST_F(BridgeOptions, VlanFilteringOnThePort) {
  if (!node_.run({"ip", "link", "add", "probe", "type", "bridge", "vlan_filtering", "1"}).ok() ||
      link_value(node_, "probe", "/linkinfo/info_data/vlan_filtering") != "1") {
    GTEST_SKIP() << "kernel lacks bridge VLAN filtering";
  }
  const std::string conf =
      bridge_conf("1.1.0", R"("vlan":100,"vlanTrunk":[{"minID":200,"maxID":202}],"ipam":{})");
  const Reply added = add(pod_, conf);
  ASSERT_TRUE(succeeds(added));
  EXPECT_EQ(node_.sh("bridge -j vlan show dev " + added.at("/interfaces/1/name")),
            fmt::format(R"([{{"ifname":"{}","vlans":[{{"vlan":100,"flags":["PVID","Egress Untagged"]}},)"
                        R"({{"vlan":200}},{{"vlan":201}},{{"vlan":202}}]}}])",
                        added.at("/interfaces/1/name")) +
                "\n");
}

}  // namespace
}  // namespace podwire::netns
