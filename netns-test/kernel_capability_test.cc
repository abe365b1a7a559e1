// What the kernel says it can do, against what its tools can do with it.
#include "libcni/kernel/capability.h"

#include <gtest/gtest.h>

#include <array>

#include "netns-test/node.h"
#include "netns-test/snapshot.h"

namespace podwire::netns {
namespace {

using kernel::Capability;

TEST(KernelCapability, AgreesWithTheToolsAndLeavesNothing) {
  const Node node;
  const auto can = [&](const std::string& script) { return node.run({"sh", "-euc", script}).ok(); };
  const std::array<std::pair<Capability, bool>, 8> expected{
      {{Capability::kVeth, can("ip link add t0 type veth peer name t1; ip link delete t0")},
       {Capability::kBridge, can("ip link add t0 type bridge; ip link delete t0")},
       {Capability::kBridgeVlan,
        can("ip link add t0 type bridge vlan_filtering 1; ip -d link show t0 | grep -q 'vlan_filtering 1'")},
       {Capability::kVxlan, can("ip link add t0 type vxlan id 1 dstport 4789; ip link delete t0")},
       {Capability::kMacvlan,
        can("ip link add t0 type veth peer name t1; ip link add t2 link t0 type macvlan; ip link delete t0")},
       {Capability::kMasquerade,
        can("nft add table inet x; nft add chain inet x c '{ type nat hook postrouting priority 100; }';"
            "nft add rule inet x c masquerade; nft delete table inet x")},
       {Capability::kMacGuard, can("nft add table bridge x; nft add chain bridge x c '{ type filter hook "
                                   "prerouting priority -300; }';"
                                   "nft delete table bridge x")},
       {Capability::kConntrack, can("conntrack -L")}}};
  node.sh("ip link delete t0 2>/dev/null || :");
  std::vector<Capability> wanted;
  for (const auto& [capability, able] : expected) wanted.push_back(capability);

  const Snapshot before = snapshot(node);
  const Inside inside(node);
  const auto answers = kernel::probe_capabilities(wanted);
  ASSERT_TRUE(answers) << answers.error().msg;
  ASSERT_EQ(answers->size(), expected.size());
  for (std::size_t i = 0; i < expected.size(); ++i) {
    EXPECT_EQ(!(*answers)[i].refusal, expected[i].second) << i << ": " << (*answers)[i].refusal.value_or("");
  }
  EXPECT_TRUE(unchanged(before, snapshot(node)));
}

}  // namespace
}  // namespace podwire::netns
