// The signature test of podwire: for every step k of an ADD, fail step k; node and pod are as they were
// before.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <cstdlib>

#include "libcni/spec/invocation.h"
#include "netns-test/cni.h"
#include "netns-test/node.h"
#include "netns-test/snapshot.h"
#include "plugins/bridge/bridge.h"

namespace podwire::netns {
namespace {

constexpr const char* kInjected = "failed on purpose";

/// ADD in this process, so that the executor's seam is reachable; IPAM is executed and reads our environment.
Result<spec::AddResult> add_failing_at(const Node& node, const Call& call, std::size_t failing) {
  const Inside inside(node);
  ::setenv("CNI_COMMAND", "ADD", 1);
  ::setenv("CNI_CONTAINERID", call.id.c_str(), 1);
  ::setenv("CNI_NETNS", call.netns->c_str(), 1);
  ::setenv("CNI_IFNAME", call.ifname.c_str(), 1);
  ::setenv("CNI_PATH", call.path.c_str(), 1);
  const auto getenv = [](const char* name) -> std::optional<std::string> {
    const char* value = std::getenv(name);
    return value == nullptr ? std::nullopt : std::optional<std::string>(value);
  };
  const spec::Invocation invocation{.env = TRY(spec::parse_environment(getenv)),
                                    .conf = TRY(spec::parse_net_conf(call.conf))};
  std::vector<std::string> notices;
  return bridge::add_with({.invocation = invocation, .builtin = {}, .notices = notices},
                          [&](std::size_t index) -> Result<void> {
                            if (index == failing) return fail(Code::kKernel, kInjected);
                            return {};
                          });
}

struct Variant {
  const char* name;
  const char* members;
  bool has_ipam;
};

class Rollback : public testing::TestWithParam<Variant> {};

TEST_P(Rollback, EveryStep) {
  const Node node;
  const Pod resident(node, "resident");
  const Pod pod(node, "pod");
  std::string members = GetParam().members;
  if (GetParam().has_ipam) members += "," + ipam({"10.1.0.0/24", "fd01::/64"});
  const std::string conf = bridge_conf("1.1.0", members);
  // Shared objects (bridge, gateway, nftables base) belong to no attachment: a first pod makes them.
  ASSERT_TRUE(succeeds(exec(node, {.conf = conf, .id = "resident", .netns = resident.netns()})));
  // The kernel routes to the gateway's IPv6 address from a work queue of its own (addrconf_dad_work()), after
  // ADD.
  const auto is_routed = [&] {
    return node.sh("ip -6 route show table local").find("fd01::1 ") != std::string::npos;
  };
  if (GetParam().has_ipam) {
    ASSERT_TRUE(wait_until(is_routed));
  }
  const Snapshot before = snapshot(node, pod);
  const Call call{.conf = conf, .id = "pod", .netns = pod.netns()};

  std::size_t steps = 0;
  for (;; ++steps) {
    const auto result = add_failing_at(node, call, steps);
    if (result) break;
    ASSERT_NE(result.error().msg.find(kInjected), std::string::npos) << result.error().msg;
    EXPECT_EQ(result.error().details, "") << "everything could be undone";
    ASSERT_TRUE(unchanged(before, snapshot(node, pod))) << "after failing step " << steps;
  }
  EXPECT_GE(steps, GetParam().has_ipam ? 15U : 5U) << "the plan has fewer steps than it should";
  ASSERT_FALSE(unchanged(before, snapshot(node, pod))) << "a whole ADD must be visible to the snapshot";
  ASSERT_TRUE(succeeds(exec(node, {.verb = "DEL", .conf = conf, .id = "pod", .netns = pod.netns()})));
  EXPECT_TRUE(unchanged(before, snapshot(node, pod)));
}

INSTANTIATE_TEST_SUITE_P(
    Bridge, Rollback,
    testing::Values(Variant{"Minimal", R"("isGateway":true)", true},
                    Variant{"Masquerade", R"("isDefaultGateway":true,"ipMasq":true)", true},
                    Variant{"EveryOption",
                            R"("isDefaultGateway":true,"ipMasq":true,"macspoofchk":true,"hairpinMode":true,
                               "portIsolation":true,"mtu":1400,"enabledad":true)",
                            true},
                    Variant{"L2", R"("macspoofchk":true)", false},
                    Variant{"ContainerInterfaceDown", R"("disableContainerInterface":true)", false}),
    [](const testing::TestParamInfo<Variant>& row) { return row.param.name; });

/// What is done in the pod is one datagram: the error says which part of it the kernel refused.
TEST(BridgeRollback, ARouteThatTheKernelRefuses) {
  const Node node;
  const Pod resident(node, "resident");
  const Pod pod(node, "pod");
  const auto conf = [](std::string_view routes) {
    return bridge_conf("1.1.0", R"("isDefaultGateway":true,"ipMasq":true,)" + ipam({"10.1.0.0/24"}, routes));
  };
  ASSERT_TRUE(succeeds(exec(node, {.conf = conf(""), .id = "resident", .netns = resident.netns()})));
  const Snapshot before = snapshot(node, pod);
  const std::string refused =
      R"("routes":[{"dst":"10.8.0.0/16"},{"dst":"10.9.0.0/16","gw":"203.0.113.1"},{"dst":"10.7.0.0/16"}])";
  const Reply reply = exec(node, {.conf = conf(refused), .id = "pod", .netns = pod.netns()});
  EXPECT_TRUE(fails_with(reply, Code::kKernel, "failed to add route '10.9.0.0/16 via 203.0.113.1 dev eth0'"));
  EXPECT_TRUE(unchanged(before, snapshot(node, pod)));
}

}  // namespace
}  // namespace podwire::netns
