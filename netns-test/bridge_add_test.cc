// What an ADD of bridge makes, for every version of the specification, and that CHECK confirms and DEL
// removes it (the common assertions of the reference's own test suite, by exec).

#include <fmt/format.h>
#include <fmt/ranges.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "netns-test/cni.h"
#include "netns-test/node.h"
#include "netns-test/snapshot.h"

namespace podwire::netns {
namespace {

struct Subnets {
  const char* name;
  std::vector<std::string> subnets;
  std::vector<std::string> gateways;   ///< on the bridge, as `ip` prints them
  std::vector<std::string> addresses;  ///< of the first pod
};

const std::array kFamilies{
    Subnets{"v4", {"10.1.2.0/24"}, {"10.1.2.1/24"}, {"10.1.2.2/24"}},
    Subnets{"v6", {"2001:db8:1::/64"}, {"2001:db8:1::1/64"}, {"2001:db8:1::2/64"}},
    Subnets{"dual",
            {"192.168.0.0/24", "fd00:5::/64"},
            {"192.168.0.1/24", "fd00:5::1/64"},
            {"192.168.0.2/24", "fd00:5::2/64"}},
    Subnets{"v4v6v6",
            {"192.168.0.0/24", "2001:db8:2::/64", "fd00:5::/64"},
            {"192.168.0.1/24", "2001:db8:2::1/64", "fd00:5::1/64"},
            {"192.168.0.2/24", "2001:db8:2::2/64", "fd00:5::2/64"}},
};

bool is_before(std::string_view version, std::string_view other) {
  return version < other;
}

/// Addresses of a link other than link-local ones, sorted, "a b".
std::string addresses_of(const Place& place, const std::string& link) {
  return place.sh("ip -o addr show dev " + link + " | awk '$4 !~ /^fe80/ { print $4 }' | sort | xargs");
}

class BridgeAdd : public testing::TestWithParam<std::tuple<const char*, Subnets>> {
 protected:
  [[nodiscard]] std::string version() const { return std::get<0>(GetParam()); }
  [[nodiscard]] const Subnets& nets() const { return std::get<1>(GetParam()); }
  [[nodiscard]] std::string conf() const {
    return bridge_conf(version(), "\"isDefaultGateway\":true," + ipam(nets().subnets));
  }
  [[nodiscard]] bool too_many_for_version() const {
    return is_before(version(), "0.3.0") && nets().subnets.size() > 2;
  }

  void expect_interfaces(const Reply& add, const Pod& pod) const;
  void expect_ips(const Reply& add) const;
  void expect_kernel(const Pod& pod) const;

  Node node_;
};

void BridgeAdd::expect_interfaces(const Reply& add, const Pod& pod) const {
  ASSERT_EQ(size_at(add.json.view(), "/interfaces"), 3U) << add.out;
  EXPECT_EQ(add.at("/interfaces/0/name"), "br0");
  EXPECT_TRUE(add.at("/interfaces/1/name").starts_with("veth"));
  EXPECT_EQ(add.at("/interfaces/2/name"), "eth0");
  EXPECT_EQ(add.at("/interfaces/2/sandbox"), pod.netns());
  EXPECT_EQ(add.at("/interfaces/0/sandbox") + add.at("/interfaces/1/sandbox"), "");
  const auto mac_of = [](const Place& place, const std::string& link) {
    return place.sh("cat /proc/net/dev >/dev/null; ip -o link show dev " + link +
                    " | grep -o 'ether [^ ]*' | cut -c7-");
  };
  EXPECT_EQ(add.at("/interfaces/0/mac") + "\n", mac_of(node_, "br0"));
  EXPECT_EQ(add.at("/interfaces/1/mac") + "\n", mac_of(node_, add.at("/interfaces/1/name")));
  EXPECT_EQ(add.at("/interfaces/2/mac") + "\n", mac_of(pod, "eth0"));
  EXPECT_NE(add.at("/interfaces/0/mac"), add.at("/interfaces/1/mac"));
}

void BridgeAdd::expect_ips(const Reply& add) const {
  const bool with_family = is_before(version(), "1.0.0");
  ASSERT_EQ(size_at(add.json.view(), "/ips"), nets().addresses.size()) << add.out;
  for (std::size_t i = 0; i < nets().addresses.size(); ++i) {
    const std::string ip = fmt::format("/ips/{}", i);
    const bool v6 = nets().addresses[i].find(':') != std::string::npos;
    EXPECT_EQ(add.at(ip + "/address"), nets().addresses[i]);
    EXPECT_EQ(add.at(ip + "/interface"), "2");
    EXPECT_EQ(add.at(ip + "/gateway") + (v6 ? "/64" : "/24"), nets().gateways[i]);
    EXPECT_EQ(add.at(ip + "/version"), !with_family ? "" : v6 ? "6" : "4");
  }
}

void BridgeAdd::expect_kernel(const Pod& pod) const {
  EXPECT_EQ(addresses_of(node_, "br0"), fmt::format("{}\n", fmt::join(nets().gateways, " ")));
  EXPECT_EQ(addresses_of(pod, "eth0"), fmt::format("{}\n", fmt::join(nets().addresses, " ")));
  EXPECT_EQ(node_.sh("ip -o link show master br0 | wc -l"), "1\n");
  EXPECT_NE(pod.sh("ip -o -d link show dev eth0").find("veth"), std::string::npos);
  EXPECT_NE(pod.sh("ip -o link show dev eth0").find(",UP"), std::string::npos);
  for (const std::string& gateway : nets().gateways) {
    const bool v6 = gateway.find(':') != std::string::npos;
    if (v6 && gateway != nets().gateways[nets().gateways.size() == 1 ? 0 : 1]) continue;
    const std::string via = "default via " + gateway.substr(0, gateway.find('/')) + " ";
    EXPECT_NE(pod.sh(v6 ? "ip -6 route" : "ip -4 route").find(via), std::string::npos) << via;
  }
}

TEST_P(BridgeAdd, MakesChecksAndRemoves) {
  const Pod pod(node_, "pod1");
  const Snapshot pod_before = snapshot(pod);
  const Reply add = exec(node_, {.conf = conf(), .netns = pod.netns()});
  if (too_many_for_version()) {
    EXPECT_TRUE(
        fails_with(add, Code::kInvalidNetworkConfig,
                   fmt::format("CNI version {} does not support more than 1 address per family", version())));
    return;
  }
  ASSERT_TRUE(succeeds(add));
  EXPECT_EQ(add.at("/cniVersion"), version());
  if (is_before(version(), "0.3.0")) {
    for (const std::string& address : nets().addresses) {
      EXPECT_EQ(add.at(address.find(':') == std::string::npos ? "/ip4/ip" : "/ip6/ip"), address) << add.out;
    }
    EXPECT_EQ(size_at(add.json.view(), "/interfaces"), 0U);
  } else {
    expect_interfaces(add, pod);
    expect_ips(add);
  }
  expect_kernel(pod);

  const Snapshot made = snapshot(node_, pod);
  const Reply check = exec(node_, {.verb = "CHECK", .conf = with_prev(conf(), add), .netns = pod.netns()});
  if (is_before(version(), "0.4.0")) {
    EXPECT_TRUE(fails_with(check, Code::kIncompatibleVersion, "config version does not allow CHECK"));
  } else {
    EXPECT_TRUE(succeeds(check));
    EXPECT_EQ(check.out, "");
  }
  EXPECT_TRUE(unchanged(made, snapshot(node_, pod)));

  const Reply del = exec(node_, {.verb = "DEL", .conf = conf(), .netns = pod.netns()});
  EXPECT_TRUE(succeeds(del));
  EXPECT_EQ(del.out, "");
  EXPECT_EQ(lines_with(snapshot(node_), "file /var/lib/cni/networks/").size(), 0U);
  EXPECT_EQ(node_.sh("ip -o link show type veth"), "");
  EXPECT_TRUE(unchanged(lines_with(pod_before, "link"), lines_with(snapshot(pod), "link")));
}

INSTANTIATE_TEST_SUITE_P(Versions, BridgeAdd,
                         testing::Combine(testing::ValuesIn(kVersions), testing::ValuesIn(kFamilies)),
                         [](const auto& row) {
                           std::string name =
                               fmt::format("{}_{}", std::get<0>(row.param), std::get<1>(row.param).name);
                           std::ranges::replace(name, '.', '_');
                           return name;
                         });

class BridgeLayer2 : public testing::TestWithParam<const char*> {};

TEST_P(BridgeLayer2, MakesALinkWithoutAddresses) {
  const Node node;
  const Pod pod(node, "pod1");
  const std::string conf = bridge_conf(GetParam(), "\"ipam\":{}");
  const Snapshot before = snapshot(node, pod);
  const Reply add = exec(node, {.conf = conf, .netns = pod.netns()});
  if (is_before(GetParam(), "0.3.0")) {
    EXPECT_TRUE(fails_with(add, Code::kIncompatibleVersion, "cannot convert: no valid IP addresses"));
    EXPECT_EQ(node.sh("ip -o link show type veth"), "");
  } else {
    ASSERT_TRUE(succeeds(add));
    EXPECT_EQ(addresses_of(pod, "eth0"), "\n");
    EXPECT_EQ(addresses_of(node, "br0"), "\n");
    if (!is_before(GetParam(), "0.4.0")) {
      EXPECT_TRUE(
          succeeds(exec(node, {.verb = "CHECK", .conf = with_prev(conf, add), .netns = pod.netns()})));
    }
  }
  EXPECT_TRUE(succeeds(exec(node, {.verb = "DEL", .conf = conf, .netns = pod.netns()})));
  EXPECT_EQ(node.sh("ip -o link show type veth"), "");
}

INSTANTIATE_TEST_SUITE_P(Versions, BridgeLayer2, testing::ValuesIn(kVersions), [](const auto& row) {
  std::string name = row.param;
  std::ranges::replace(name, '.', '_');
  return "v" + name;
});

TEST(Bridge, AddTwiceFailsAndLeavesTheFirstAttachment) {
  const Node node;
  const Pod pod(node, "pod1");
  const std::string conf =
      bridge_conf("1.1.0", "\"isGateway\":true,\"ipMasq\":true," + ipam({"10.1.2.0/24"}));
  ASSERT_TRUE(succeeds(exec(node, {.conf = conf, .netns = pod.netns()})));
  const Snapshot before = snapshot(node, pod);
  EXPECT_TRUE(fails_with(exec(node, {.conf = conf, .netns = pod.netns()}), Code::kInterfaceExists, "eth0"));
  EXPECT_TRUE(unchanged(before, snapshot(node, pod)));
}

TEST(Bridge, OnePodHasAsManyInterfacesAsItLikes) {
  const Node node;
  const Pod pod(node, "pod1");
  const std::string conf = bridge_conf("1.1.0", "\"isGateway\":true," + ipam({"10.1.2.0/24"}));
  ASSERT_TRUE(succeeds(exec(node, {.conf = conf, .netns = pod.netns(), .ifname = "eth0"})));
  const Snapshot before = snapshot(node, pod);
  ASSERT_TRUE(succeeds(exec(node, {.conf = conf, .netns = pod.netns(), .ifname = "eth1"})));
  EXPECT_TRUE(succeeds(exec(node, {.verb = "DEL", .conf = conf, .netns = pod.netns(), .ifname = "eth1"})));
  EXPECT_TRUE(unchanged(before, snapshot(node, pod)));
}

TEST(Bridge, ExistingBridgeIsUsedAndKeepsItsMac) {
  const Node node;
  const Pod pod(node, "pod1");
  node.sh("ip link add br0 address 02:11:22:33:44:55 type bridge");
  const std::string before = node.sh("ip -o link show br0 | cut -d: -f1");
  const std::string conf = bridge_conf("1.1.0", "\"isGateway\":true," + ipam({"10.1.2.0/24"}));
  const Reply add = exec(node, {.conf = conf, .netns = pod.netns()});
  ASSERT_TRUE(succeeds(add));
  EXPECT_EQ(add.at("/interfaces/0/mac"), "02:11:22:33:44:55");
  EXPECT_EQ(node.sh("ip -o link show br0 | cut -d: -f1"), before);
  EXPECT_TRUE(succeeds(exec(node, {.verb = "DEL", .conf = conf, .netns = pod.netns()})));
  EXPECT_NE(node.sh("ip -o link show br0").find("02:11:22:33:44:55"), std::string::npos);
}

}  // namespace
}  // namespace podwire::netns
