// The pod that limit makes is podwire's, as far as traffic goes: otherwise it would be the limit of something
// else.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <deque>

#include "libcni/base/text.h"
#include "netns-test/cni.h"
#include "netns-test/node.h"
#include "netns-test/snapshot.h"
#include "netns-test/traffic.h"

namespace podwire::netns {
namespace {

constexpr const char* kBridge = "br0";

class Limit : public testing::Test {
 protected:
  [[nodiscard]] static Command command(const char* verb, const Pod& pod, int host, bool masquerade = true) {
    return {.argv = {PODWIRE_BENCH_DIR "/limit"},
            .environment = std::vector<std::string>{
                fmt::format("CNI_COMMAND={}", verb), "CNI_CONTAINERID=" + pod.name(),
                "CNI_NETNS=" + pod.netns(), "CNI_IFNAME=eth0", fmt::format("LIMIT_BRIDGE={}", kBridge),
                fmt::format("LIMIT_IPS=10.1.2.{0}/24,fd00:1::{0}/64", host),
                fmt::format("LIMIT_MASQUERADE={}", masquerade ? 1 : 0)}};
  }
  [[nodiscard]] Reply call(const char* verb, const Pod& pod, int host) const {
    return reply_of(node_.run(command(verb, pod, host)));
  }

  Node node_;
  Outside outside_{node_};
  Pod one_{node_, "pod1"};
  Pod two_{node_, "pod2"};
};

TEST_F(Limit, OutsideSeesTheNodeAndPodsSeeEachOther) {
  ASSERT_TRUE(succeeds(call("ADD", one_, 2)));
  ASSERT_TRUE(succeeds(call("ADD", two_, 3)));
  struct Case {
    const Place& client;
    const Place& server;
    const char* address;
    const char* client_seen;
  };
  const Case cases[] = {
      {one_, outside_, Outside::kAddress4, Outside::kNodeAddress4},
      {one_, outside_, Outside::kAddress6, Outside::kNodeAddress6},
      {one_, two_, "10.1.2.3", "10.1.2.2"},
      {two_, one_, "fd00:1::2", "fd00:1::3"},
      {node_, two_, "fd00:1::3", "fd00:1::1"},
  };
  for (const Case& c : cases) {
    const Exchange tcp = tcp_exchange(c.client, c.server, c.address);
    EXPECT_TRUE(tcp.ok()) << c.address << ": " << tcp.error;
    EXPECT_EQ(tcp.client, c.client_seen) << c.address;
  }
}

/// Links, addresses, routes of the pod and the attributes of its port, without the MACs, which are derived
/// from other seeds, and without what names the maker.
Snapshot comparable(const Node& node, const Pod& pod) {
  Snapshot lines;
  for (const char* prefix : {"link eth0 ", "address ", "route "}) {
    std::ranges::copy(lines_with(snapshot(pod), prefix), std::back_inserter(lines));
  }
  for (const std::string& line : lines_with(snapshot(node), "link veth")) {
    lines.push_back("port" + line.substr(line.find(' ', sizeof "link veth")));
  }
  const auto names_the_maker = [](const std::string& line) {
    return std::ranges::any_of(
        std::initializer_list<const char*>{"address=", "ifname=", "ifalias=", "bridge_id",
                                           "designated_bridge", "designated_root", "root_id", "brd="},
        [&](const char* key) { return line.find(key) != std::string::npos; });
  };
  std::erase_if(lines, names_the_maker);
  lines.push_back("link-local addresses of the port: " +
                  node.sh("ip -6 -o address show scope link | grep -c ': veth' || true"));
  std::ranges::sort(lines);
  return lines;
}

/// All that podwire may set, of both families.
std::string sysctls(const Pod& pod) {
  return pod.sh("cd /proc/sys/net; grep -H . ipv4/conf/eth0/* ipv6/conf/eth0/* | grep -v stable_secret");
}

TEST_F(Limit, PodAndPortAreThoseOfPodwire) {
  const Node other_node;
  const Pod other(other_node, "pod1");
  const std::string conf = bridge_conf(
      "1.1.0", R"("isDefaultGateway":true,"ipMasq":true,)" + ipam({"10.1.2.0/24", "fd00:1::/64"}));
  ASSERT_TRUE(succeeds(exec(other_node, {.conf = conf, .id = other.name(), .netns = other.netns()})));
  ASSERT_TRUE(succeeds(call("ADD", one_, 2)));
  const Snapshot theirs = comparable(other_node, other);
  EXPECT_GT(theirs.size(), 40U);
  EXPECT_TRUE(unchanged(theirs, comparable(node_, one_)));
  EXPECT_EQ(sysctls(one_), sysctls(other));
}

TEST_F(Limit, AnIPv4PodHasTheSysctlsOfPodwires) {
  const Node other_node;
  const Pod other(other_node, "pod1");
  const std::string conf = bridge_conf("1.1.0", R"("isDefaultGateway":true,)" + ipam({"10.1.2.0/24"}));
  ASSERT_TRUE(succeeds(exec(other_node, {.conf = conf, .id = other.name(), .netns = other.netns()})));
  Command ipv4 = command("ADD", one_, 2, false);
  for (std::string& variable : *ipv4.environment) {
    if (variable.starts_with("LIMIT_IPS=")) variable = variable.substr(0, variable.find(','));
  }
  ASSERT_TRUE(succeeds(reply_of(node_.run(ipv4))));
  EXPECT_EQ(sysctls(one_), sysctls(other));
}

TEST_F(Limit, NewOwnerOfAnAddressIsReachedAtOnce) {
  ASSERT_TRUE(succeeds(call("ADD", one_, 2)));
  ASSERT_TRUE(succeeds(call("ADD", two_, 9)));
  EXPECT_TRUE(ping(one_, "10.1.2.9"));
  EXPECT_TRUE(ping(one_, "fd00:1::9"));
  ASSERT_TRUE(succeeds(call("DEL", two_, 9)));
  const Pod heir(node_, "heir");
  ASSERT_TRUE(succeeds(call("ADD", heir, 9)));
  const std::string mac(trim(heir.sh("ip -j link show eth0 | jq -r '.[].address'")));
  EXPECT_TRUE(wait_until([&] {
    const std::string neighbours = one_.sh("ip neigh show 10.1.2.9; ip neigh show fd00:1::9");
    return neighbours.find(mac) != neighbours.rfind(mac);
  })) << "both families are announced\n"
      << one_.sh("ip neigh");
}

TEST_F(Limit, DelLeavesTheNodeAsItWas) {
  ASSERT_TRUE(succeeds(call("ADD", one_, 2)));
  const Snapshot before = snapshot(node_);
  ASSERT_TRUE(succeeds(call("ADD", two_, 3)));
  EXPECT_NE(difference(before, snapshot(node_)), "");
  ASSERT_TRUE(succeeds(call("DEL", two_, 3)));
  EXPECT_TRUE(unchanged(before, snapshot(node_)));
  EXPECT_TRUE(succeeds(call("DEL", two_, 3))) << "gone already is success";
}

TEST_F(Limit, WithoutMasqueradeThereIsNoRuleset) {
  ASSERT_TRUE(succeeds(reply_of(node_.run(command("ADD", one_, 2, false)))));
  EXPECT_TRUE(ping(one_, "10.1.2.1"));
  EXPECT_EQ(node_.sh("nft list ruleset"), "");
  EXPECT_TRUE(succeeds(reply_of(node_.run(command("DEL", one_, 2, false)))));
}

TEST_F(Limit, ManyFirstPodsAtOnce) {
  constexpr int kPods = 16;
  std::deque<Pod> pods;
  for (int i = 0; i < kPods; ++i) pods.emplace_back(node_, fmt::format("many{}", i));
  const Inside inside(node_);
  std::vector<Process> running;
  for (int i = 0; i < kPods; ++i)
    running.push_back(Process::start(command("ADD", pods[static_cast<std::size_t>(i)], i + 2)));
  for (Process& process : running) EXPECT_TRUE(succeeds(reply_of(process.wait())));
  const Completed rules = netns::run({.argv = {"sh", "-c", "nft list ruleset | grep -c masquerade"}});
  EXPECT_EQ(rules.out, "2\n") << "one rule per family, however many were first";
}

TEST_F(Limit, ErrorsAreCniErrors) {
  EXPECT_TRUE(fails_with(call("CHECK", one_, 2), Code::kKernel, "CNI_COMMAND"));
  ASSERT_TRUE(succeeds(call("ADD", one_, 2)));
  EXPECT_TRUE(fails_with(call("ADD", one_, 2), Code::kKernel, "File exists"));
  Command nameless = command("ADD", two_, 3);
  std::erase_if(*nameless.environment,
                [](const std::string& variable) { return variable.starts_with("LIMIT_BRIDGE"); });
  EXPECT_TRUE(fails_with(reply_of(node_.run(nameless)), Code::kKernel, "LIMIT_BRIDGE"));
}

}  // namespace
}  // namespace podwire::netns
