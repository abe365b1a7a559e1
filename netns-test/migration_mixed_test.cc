// Pods of both sides on one node and one bridge: they reach each other and the outside, whoever came first,
// and each side's addresses, ports and rules are respected by the other.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

#include "netns-test/migration.h"
#include "netns-test/traffic.h"

namespace podwire::netns {
namespace {

std::string conf(std::string_view more = "", std::string_view version = "1.0.0") {
  return bridge_conf(version, fmt::format(R"("isDefaultGateway":true,"ipMasq":true,{}{})", more,
                                          ipam({"10.1.2.0/24", "fd00:1::/64"})));
}

struct Side {
  const char* name;
  std::string plugins;
};

/// The parameter: does podwire come first, and make the bridge?
class MigrationMixed : public Migration, public testing::WithParamInterface<bool> {
 protected:
  [[nodiscard]] static Side first() { return GetParam() ? podwire() : reference(); }
  [[nodiscard]] static Side second() { return GetParam() ? reference() : podwire(); }
  [[nodiscard]] static Side podwire() { return {"podwire", our_plugins()}; }
  [[nodiscard]] static Side reference() { return {"reference", kReferencePlugins}; }

  Reply call_by(const Side& side, const char* verb, const std::string& configuration, const Pod& pod) {
    return exec(
        node_,
        {.verb = verb, .conf = configuration, .id = pod.name(), .netns = pod.netns(), .path = side.plugins});
  }
  Reply add_by(const Side& side, const std::string& configuration, const Pod& pod) {
    Reply reply = call_by(side, "ADD", configuration, pod);
    EXPECT_TRUE(succeeds(reply)) << side.name;
    return reply;
  }
  std::string bridge_lines() {
    return node_.sh(
        "ip -o link show br0 | grep -oE 'mtu [0-9]+|ether [0-9a-f:]+'; ip -o address show br0 scope global "
        "| grep -oE 'inet6? [0-9a-f.:/]+' || true");
  }

  Outside outside_{node_};
  Pod one_{node_, "pod1"};
  Pod two_{node_, "pod2"};
  Pod three_{node_, "pod3"};
  Pod four_{node_, "pod4"};
};

TEST_P(MigrationMixed, EveryoneReachesEveryone) {
  const std::array pods{&one_, &two_, &three_, &four_};
  std::vector<std::string> v4;
  std::vector<std::string> v6;
  std::string bridge;
  for (std::size_t i = 0; i < pods.size(); ++i) {
    const Reply reply = add_by(i % 2 == 0 ? first() : second(), conf(R"("mtu":1400,)"), *pods.at(i));
    v4.push_back(reply.at("/ips/0/address").substr(0, reply.at("/ips/0/address").find('/')));
    v6.push_back(reply.at("/ips/1/address").substr(0, reply.at("/ips/1/address").find('/')));
    EXPECT_EQ(v4.back(), fmt::format("10.1.2.{}", i + 2)) << "leases are shared, and handed out in turn";
    if (i == 0) bridge = bridge_lines();
    EXPECT_EQ(bridge_lines(), bridge) << "the bridge stays as the first pod's plugin made it";
    EXPECT_NE(pods.at(i)->sh("ip -o link show eth0").find("mtu 1400"), std::string::npos);
  }
  for (std::size_t from = 0; from < pods.size(); ++from) {
    EXPECT_EQ(tcp_exchange(*pods.at(from), outside_, Outside::kAddress4).client, Outside::kNodeAddress4);
    EXPECT_EQ(tcp_exchange(*pods.at(from), outside_, Outside::kAddress6).client, Outside::kNodeAddress6);
    for (std::size_t to = 0; to < pods.size(); ++to) {
      if (from == to) continue;
      const Exchange tcp4 = tcp_exchange(*pods.at(from), *pods.at(to), v4.at(to));
      EXPECT_EQ(tcp4.client, v4.at(from)) << tcp4.error;
      const Exchange tcp6 = tcp_exchange(*pods.at(from), *pods.at(to), v6.at(to));
      EXPECT_EQ(tcp6.client, v6.at(from)) << tcp6.error;
    }
  }
}

TEST_P(MigrationMixed, BothCheckBothInEveryVersionWithEveryPortOption) {
  for (const char* version : {"0.4.0", "1.0.0"}) {
    for (const std::string option : {R"("hairpinMode":true,)", R"("promiscMode":true,)"}) {
      SCOPED_TRACE(version + option);
      const std::string configuration = conf(option, version);
      const Reply one = add_by(first(), configuration, one_);
      const Reply two = add_by(second(), configuration, two_);
      for (const Side& side : {reference(), podwire()}) {
        EXPECT_TRUE(succeeds(call_by(side, "CHECK", with_prev(configuration, one), one_))) << side.name;
        EXPECT_TRUE(succeeds(call_by(side, "CHECK", with_prev(configuration, two), two_))) << side.name;
      }
      const std::string ports = node_.sh("bridge -d link show | grep -o 'hairpin [a-z]*' | sort -u");
      EXPECT_EQ(ports, option.find("hairpin") == std::string::npos ? "hairpin off\n" : "hairpin on\n");
      EXPECT_TRUE(succeeds(call_by(podwire(), "DEL", configuration, one_)));
      EXPECT_TRUE(succeeds(call_by(podwire(), "DEL", configuration, two_)));
      node_.sh("ip link del br0");
    }
  }
}

TEST_P(MigrationMixed, Layer2BridgeKeepsItsAddressWhenOurPortsJoin) {
  const std::string configuration = bridge_conf("1.0.0", ipam({"10.1.2.0/24"}));
  const Reply one = add_by(first(), configuration, one_);
  const std::string bridge = bridge_lines();
  const std::array more{&two_, &three_, &four_};
  for (const Pod* pod : more) {
    const Reply reply = add_by(podwire(), configuration, *pod);
    EXPECT_EQ(bridge_lines(), bridge);
    EXPECT_TRUE(succeeds(call_by(reference(), "CHECK", with_prev(configuration, reply), *pod)));
  }
  EXPECT_TRUE(succeeds(call_by(reference(), "CHECK", with_prev(configuration, one), one_)));
  for (const Pod* pod : {&one_, &two_, &three_, &four_}) {
    EXPECT_TRUE(succeeds(call_by(podwire(), "DEL", configuration, *pod)));
  }
  // Without ports, a bridge that the reference made has no MAC address at all.
  const Reply again = add_by(podwire(), configuration, one_);
  EXPECT_EQ(node_.sh("ip -o link show br0").find("00:00:00:00:00:00 brd"), std::string::npos);
  EXPECT_TRUE(succeeds(call_by(reference(), "CHECK", with_prev(configuration, again), one_)));
}

TEST_P(MigrationMixed, StatusIsTheSame) {
  (void)add_by(first(), conf(), one_);
  (void)add_by(second(), conf(), two_);
  const Snapshot before = snapshot(node_);
  EXPECT_TRUE(succeeds(exec(node_, {.verb = "STATUS", .conf = conf("", "1.1.0"), .id = "", .ifname = ""})));
  EXPECT_TRUE(unchanged(before, snapshot(node_)));
}

INSTANTIATE_TEST_SUITE_P(First, MigrationMixed, testing::Bool(),
                         [](const testing::TestParamInfo<bool>& side) {
                           return std::string(side.param ? "Podwire" : "Reference");
                         });

/// A pool of one address in each family, so that the next pod gets the same.
class MigrationSameAddress : public Migration {
 protected:
  static std::string one_address(std::string_view version = "1.0.0") {
    return bridge_conf(version,
                       R"("isDefaultGateway":true,"ipMasq":true,"ipam":{"type":"host-local","ranges":[)"
                       R"([{"subnet":"10.1.2.0/30"}],)"
                       R"([{"subnet":"fd00:1::/64","rangeStart":"fd00:1::2","rangeEnd":"fd00:1::2"}]]})");
  }
  Reply by(const std::string& plugins, const char* verb, const Pod& pod) {
    return exec(
        node_,
        {.verb = verb, .conf = one_address(), .id = pod.name(), .netns = pod.netns(), .path = plugins});
  }
  /// A pod of podwire is deleted by the reference, which leaves the pod's set elements.
  void leave_elements() {
    ASSERT_TRUE(succeeds(by(our_plugins(), "ADD", one_)));
    (void)by(kReferencePlugins, "DEL", one_);  // fails over the chain that is not there
    ASSERT_TRUE(succeeds(by(kReferencePlugins, "DEL", one_)));
    ASSERT_EQ(owned_elements(node_), "10.1.2.2\nfd00:1::2\n");
    ASSERT_EQ(leases(), "");
  }
  void expect_served(const Pod& pod) {
    EXPECT_EQ(tcp_exchange(pod, outside_, Outside::kAddress4).client, Outside::kNodeAddress4);
    EXPECT_EQ(tcp_exchange(pod, outside_, Outside::kAddress6).client, Outside::kNodeAddress6);
    EXPECT_EQ(tcp_exchange(pod, node_, "10.1.2.1").client, "10.1.2.2");
    EXPECT_EQ(tcp_exchange(node_, pod, "fd00:1::2").client, "fd00:1::1");
  }
  std::string owners() {
    return node_.sh("nft list set inet podwire masq4 | grep -o 'podwire:testnet/[^\"]*' || true");
  }

  Outside outside_{node_};
  Pod one_{node_, "pod1"};
  Pod two_{node_, "pod2"};
};

TEST_F(MigrationSameAddress, TheNextPodOfTheReferenceIsServed) {
  leave_elements();
  ASSERT_TRUE(succeeds(by(kReferencePlugins, "ADD", two_)));
  expect_served(two_);
  EXPECT_TRUE(succeeds(by(kReferencePlugins, "DEL", two_)));
  EXPECT_EQ(node_.sh("iptables -t nat -S").find("CNI-"), std::string::npos);
}

TEST_F(MigrationSameAddress, TheNextPodOfPodwireTakesTheElementsOver) {
  leave_elements();
  ASSERT_TRUE(succeeds(by(our_plugins(), "ADD", two_)));
  expect_served(two_);
  EXPECT_EQ(owners(), "podwire:testnet/pod2/eth0\n");
  EXPECT_TRUE(succeeds(by(our_plugins(), "DEL", one_))) << "a late DEL of the pod that is gone";
  expect_served(two_);
  EXPECT_TRUE(succeeds(by(our_plugins(), "DEL", two_)));
  EXPECT_EQ(owned_elements(node_), "");
}

TEST_F(MigrationSameAddress, GcOfPodwireRemovesWhatTheReferenceLeft) {
  leave_elements();
  to_podwire();
  EXPECT_TRUE(succeeds(gc(one_address("1.1.0"), "[]")));
  EXPECT_EQ(owned_elements(node_), "");
}

TEST_F(MigrationSameAddress, TablesGoWithTheLastPod) {
  ASSERT_TRUE(succeeds(by(our_plugins(), "ADD", one_)));
  EXPECT_THROW(follow("Clean up after leaving"), std::runtime_error) << "a pod of podwire is running";
  EXPECT_NE(owned_elements(node_), "");
  (void)by(kReferencePlugins, "DEL", one_);
  follow("Clean up after leaving");
  EXPECT_EQ(node_.sh("nft list tables | grep podwire || true"), "");
  EXPECT_EQ(node_.sh("find /var/lib/cni -name .podwire-index"), "");
  ASSERT_TRUE(succeeds(by(kReferencePlugins, "ADD", two_)));
  expect_served(two_);
}

}  // namespace
}  // namespace podwire::netns
