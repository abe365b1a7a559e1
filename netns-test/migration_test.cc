// The exchange of the plugins in both directions while pods run and pings run through it: nothing is lost,
// the other side's plugins check and delete what was made before, and in the end nothing is left.

#include "netns-test/migration.h"

#include <fmt/format.h>

#include "netns-test/running_ping.h"
#include "netns-test/traffic.h"

namespace podwire::netns {
namespace {

struct Stack {
  const char* name;
  bool dual;
  bool masquerade;
};

std::string stack_name(const testing::TestParamInfo<Stack>& info) {
  return info.param.name;
}

class UnderPing : public Migration, public testing::WithParamInterface<Stack> {
 protected:
  UnderPing() {
    // Without masquerading, the answers of the outside host need a way back.
    if (!GetParam().masquerade) {
      outside_.sh("ip route add 10.1.2.0/24 via 192.0.2.1; ip -6 route add fd00:1::/64 via 2001:db8:ffff::1");
    }
  }

  [[nodiscard]] static std::string conf(std::string_view version = "1.0.0") {
    std::vector<std::string> subnets{"10.1.2.0/24"};
    if (GetParam().dual) subnets.emplace_back("fd00:1::/64");
    return bridge_conf(version, fmt::format(R"("isDefaultGateway":true,"ipMasq":{},"macspoofchk":true,{})",
                                            GetParam().masquerade, ipam(subnets)));
  }

  Reply add(const Pod& pod) {
    Reply reply = call("ADD", conf(), pod);
    EXPECT_TRUE(succeeds(reply));
    return reply;
  }
  void check(const Pod& pod, const Reply& added) {
    EXPECT_TRUE(succeeds(call("CHECK", with_prev(conf(), added), pod))) << pod.name();
  }
  /// The reference of Debian 12 does its work and then fails over the chain that podwire did not make.
  void del_by_reference(const Pod& pod, const Reply& added) {
    const Reply first = call("DEL", with_prev(conf(), added), pod);
    if (!first.ok()) {
      EXPECT_TRUE(GetParam().masquerade);
      EXPECT_NE(first.out.find("does not exist"), std::string::npos) << first.out;
    }
    EXPECT_TRUE(succeeds(call("DEL", with_prev(conf(), added), pod))) << "the second time";
  }

  /// Shared objects of both sides (bridge, base tables) exist from here on, as on any node that has run pods.
  Snapshot warmed_up() {
    const auto come_and_go = [&] {
      EXPECT_TRUE(succeeds(call("ADD", conf(), four_)));
      // The reference lets the kernel look for duplicates of the gateway's address, for a second or two.
      EXPECT_TRUE(wait_until([&] { return node_.sh("ip -6 -o address show dev br0 tentative").empty(); }));
      EXPECT_TRUE(succeeds(call("DEL", conf(), four_)));
    };
    come_and_go();
    to_podwire();
    come_and_go();
    to_reference();
    return snapshot(node_);
  }

  /// From a pod to another one and to the outside, in every family.
  std::vector<RunningPing> pings(const Pod& from, unsigned to) {
    std::vector<RunningPing> running;
    running.emplace_back(from, fmt::format("10.1.2.{}", to));
    running.emplace_back(from, Outside::kAddress4);
    if (GetParam().dual) {
      running.emplace_back(from, fmt::format("fd00:1::{}", to));
      running.emplace_back(from, Outside::kAddress6);
    }
    return running;
  }
  void expect_reachable(const Place& from, unsigned pod) {
    EXPECT_TRUE(ping(from, fmt::format("10.1.2.{}", pod)));
    EXPECT_TRUE(!GetParam().dual || ping(from, fmt::format("fd00:1::{}", pod)));
  }
  void expect_seen_outside(const Pod& pod, unsigned number) {
    const bool masquerade = GetParam().masquerade;
    EXPECT_EQ(tcp_exchange(pod, outside_, Outside::kAddress4).client,
              masquerade ? Outside::kNodeAddress4 : fmt::format("10.1.2.{}", number));
    if (!GetParam().dual) return;
    EXPECT_EQ(tcp_exchange(pod, outside_, Outside::kAddress6).client,
              masquerade ? Outside::kNodeAddress6 : fmt::format("fd00:1::{}", number));
  }

  Outside outside_{node_};
  Pod one_{node_, "pod1"};
  Pod two_{node_, "pod2"};
  Pod three_{node_, "pod3"};
  Pod four_{node_, "pod4"};
};

// The warm-up took .2 and .3; addresses are handed out in turn.
constexpr unsigned kOne = 4;
constexpr unsigned kTwo = 5;
constexpr unsigned kThree = 6;

TEST_P(UnderPing, ReferenceToPodwire) {
  const Snapshot before = warmed_up();
  const Reply one = add(one_);
  const Reply two = add(two_);
  std::vector<RunningPing> running = pings(one_, kTwo);

  to_podwire();
  check(one_, one);
  check(two_, two);
  const Reply three = add(three_);
  check(three_, three);
  expect_reachable(three_, kOne);
  expect_reachable(one_, kThree);
  expect_reachable(node_, kThree);
  expect_seen_outside(one_, kOne);
  expect_seen_outside(three_, kThree);
  EXPECT_TRUE(succeeds(gc(conf("1.1.0"), R"([{"containerID":"pod1","ifname":"eth0"},)"
                                         R"({"containerID":"pod2","ifname":"eth0"}])")));
  EXPECT_EQ(three_.sh("ip -o link show type veth"), "") << "GC removed the pod of podwire that is not valid";
  check(one_, one);
  check(two_, two);

  for (RunningPing& ping : running) EXPECT_TRUE(ping.lost_nothing());
  EXPECT_TRUE(succeeds(call("DEL", with_prev(conf(), one), one_)));
  check(two_, two);
  EXPECT_TRUE(succeeds(call("DEL", conf(), two_)));
  to_reference();
  EXPECT_TRUE(unchanged(before, snapshot(node_)));
}

TEST_P(UnderPing, PodwireToReferenceAndBack) {
  const Snapshot before = warmed_up();
  to_podwire();
  const Reply one = add(one_);
  const Reply two = add(two_);
  std::vector<RunningPing> running = pings(one_, kTwo);

  to_reference();
  check(one_, one);
  check(two_, two);
  const Reply three = add(three_);
  check(three_, three);
  expect_reachable(three_, kOne);
  expect_reachable(one_, kThree);
  expect_seen_outside(one_, kOne);
  expect_seen_outside(three_, kThree);

  for (RunningPing& ping : running) EXPECT_TRUE(ping.lost_nothing());
  del_by_reference(one_, one);
  expect_reachable(two_, kThree);
  del_by_reference(two_, two);
  EXPECT_EQ(one_.sh("ip -o link show type veth") + two_.sh("ip -o link show type veth"), "");
  EXPECT_TRUE(succeeds(call("DEL", conf(), three_)));
  EXPECT_EQ(leases(), "");

  // What the reference does not know waits for podwire's return.
  EXPECT_NE(owned_elements(node_), "");
  to_podwire();
  EXPECT_TRUE(succeeds(gc(conf("1.1.0"), R"([{"containerID":"elsewhere","ifname":"eth0"}])")));
  EXPECT_EQ(owned_elements(node_), "");
  to_reference();
  EXPECT_TRUE(unchanged(before, snapshot(node_)));
}

TEST_F(Migration, ExchangedTwiceTheReferenceIsStillSaved) {
  const std::string reference = node_.sh("sha256sum /run/cni/bin/*");
  to_podwire();
  to_podwire();
  EXPECT_NE(node_.sh("sha256sum /run/cni/bin/*"), reference);
  to_reference();
  EXPECT_EQ(node_.sh("sha256sum /run/cni/bin/*"), reference);
  EXPECT_EQ(node_.sh("ls -A /run/cni/bin"), "bridge\nhost-local\n") << "nothing half done is left";
}

INSTANTIATE_TEST_SUITE_P(Stacks, UnderPing,
                         testing::Values(Stack{"Ipv4", false, false}, Stack{"Ipv4Masquerade", false, true},
                                         Stack{"Dual", true, false}, Stack{"DualMasquerade", true, true}),
                         stack_name);

}  // namespace
}  // namespace podwire::netns
