// Pods talk: ping, TCP and UDP, for IPv4, IPv6 and dual stack, pod to pod, node to pod, pod to node.

#include <gtest/gtest.h>

#include "netns-test/cni.h"
#include "netns-test/node.h"
#include "netns-test/traffic.h"

namespace podwire::netns {
namespace {

struct Family {
  const char* name;
  std::vector<std::string> subnets;
  std::vector<std::string> gateways;
  std::vector<std::string> first;
  std::vector<std::string> second;
};

class Traffic : public testing::TestWithParam<Family> {
 protected:
  static void expect_reaches(const Place& from, const Place& to, const std::string& address,
                             const std::string& seen) {
    EXPECT_TRUE(ping(from, address)) << address;
    const Exchange tcp = tcp_exchange(from, to, address);
    EXPECT_EQ(tcp.error, "") << address;
    EXPECT_EQ(tcp.client, seen);
    const Exchange udp = udp_exchange(from, to, address);
    EXPECT_EQ(udp.error, "") << address;
    EXPECT_EQ(udp.client, seen);
  }

  Node node_;
  Pod one_{node_, "pod1"};
  Pod two_{node_, "pod2"};
};

TEST_P(Traffic, EveryoneReachesEveryoneUnderTheirOwnAddress) {
  const Family& family = GetParam();
  const std::string conf = bridge_conf("1.1.0", "\"isDefaultGateway\":true," + ipam(family.subnets));
  ASSERT_TRUE(succeeds(exec(node_, {.conf = conf, .id = "pod1", .netns = one_.netns()})));
  ASSERT_TRUE(succeeds(exec(node_, {.conf = conf, .id = "pod2", .netns = two_.netns()})));
  for (std::size_t i = 0; i < family.subnets.size(); ++i) {
    expect_reaches(one_, two_, family.second[i], family.first[i]);
    expect_reaches(two_, one_, family.first[i], family.second[i]);
    expect_reaches(node_, one_, family.first[i], family.gateways[i]);
    expect_reaches(two_, node_, family.gateways[i], family.second[i]);
  }
}

INSTANTIATE_TEST_SUITE_P(
    Families, Traffic,
    testing::Values(Family{"v4", {"10.1.2.0/24"}, {"10.1.2.1"}, {"10.1.2.2"}, {"10.1.2.3"}},
                    Family{"v6", {"fd00:1::/64"}, {"fd00:1::1"}, {"fd00:1::2"}, {"fd00:1::3"}},
                    Family{"dual",
                           {"10.1.2.0/24", "fd00:1::/64"},
                           {"10.1.2.1", "fd00:1::1"},
                           {"10.1.2.2", "fd00:1::2"},
                           {"10.1.2.3", "fd00:1::3"}}),
    [](const auto& row) { return row.param.name; });

/// A new owner of an address is reached at once, although its neighbours knew another MAC: it announces
/// itself.
TEST(Announce, NewOwnerOfAnAddressIsReachedAtOnce) {
  const Node node;
  const Pod client(node, "client");
  const std::string conf = bridge_conf("1.1.0", "\"isGateway\":true," + ipam({"10.1.2.0/24", "fd00:1::/64"}));
  const auto wanting = [&](std::string_view mac) {
    return with(conf, "runtimeConfig",
                std::string(R"({"ips":["10.1.2.9","fd00:1::9"],"mac":")") + std::string(mac) + "\"}");
  };
  ASSERT_TRUE(succeeds(exec(node, {.conf = conf, .id = "client", .netns = client.netns()})));
  for (const char* mac : {"02:00:00:00:00:0a", "02:00:00:00:00:0b"}) {
    const Pod server(node, "server");
    ASSERT_TRUE(succeeds(exec(node, {.conf = wanting(mac), .id = "server", .netns = server.netns()})));
    EXPECT_EQ(tcp_exchange(client, server, "10.1.2.9").error, "");
    EXPECT_EQ(tcp_exchange(client, server, "fd00:1::9").error, "");
    EXPECT_NE(client.sh("ip neigh show 10.1.2.9; ip neigh show fd00:1::9").find(mac), std::string::npos);
    ASSERT_TRUE(succeeds(exec(node, {.verb = "DEL", .conf = conf, .id = "server", .netns = server.netns()})));
    node.remove_netns(server);
  }
}

}  // namespace
}  // namespace podwire::netns
