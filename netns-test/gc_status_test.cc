// GC removes what is not valid and nothing that is not ours; STATUS tells whether an ADD would succeed.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "netns-test/cni.h"
#include "netns-test/node.h"
#include "netns-test/snapshot.h"

namespace podwire::netns {
namespace {

std::string network(std::string_view name, std::string_view bridge, std::string_view subnet) {
  return fmt::format(R"({{"cniVersion":"1.1.0","name":"{}","type":"bridge","bridge":"{}","isGateway":true,)"
                     R"("ipMasq":true,"macspoofchk":true,{}}})",
                     name, bridge, ipam({std::string(subnet)}));
}

const std::string kRed = network("red", "br-red", "10.1.0.0/24");
const std::string kBlue = network("blue", "br-blue", "10.2.0.0/24");

class Gc : public testing::Test {
 protected:
  void add(const std::string& conf, const Pod& pod, const std::string& ifname = "eth0") {
    ASSERT_TRUE(
        succeeds(exec(node_, {.conf = conf, .id = pod.name(), .netns = pod.netns(), .ifname = ifname})));
  }
  void del(const std::string& conf, const Pod& pod, const std::string& ifname = "eth0") {
    ASSERT_TRUE(succeeds(exec(
        node_, {.verb = "DEL", .conf = conf, .id = pod.name(), .netns = pod.netns(), .ifname = ifname})));
  }
  Reply gc(const std::string& conf, std::string_view valid) {
    return exec(node_, {.verb = "GC",
                        .conf = with(conf, "cni.dev/valid-attachments", valid),
                        .id = "",
                        .netns = "",
                        .ifname = ""});
  }
  std::string leases(std::string_view network) {
    return node_.sh(fmt::format("cd /var/lib/cni/networks/{} && ls | grep '^10' || true", network));
  }

  Node node_;
  Pod one_{node_, "pod1"};
  Pod two_{node_, "pod2"};
};

TEST_F(Gc, ValidStaysStaleGoes) {
  add(kRed, two_);
  const Snapshot before = snapshot(node_, one_);
  add(kRed, one_);
  const Reply reply = gc(kRed, R"([{"containerID":"pod2","ifname":"eth0","extra":{"ignored":true}}])");
  EXPECT_TRUE(succeeds(reply));
  EXPECT_EQ(reply.out, "");
  EXPECT_TRUE(unchanged(before, snapshot(node_, one_)));
}

TEST_F(Gc, OtherNetworkWithTheSameContainerIsUntouched) {
  add(kRed, one_, "eth0");
  add(kBlue, one_, "eth1");
  del(kRed, one_, "eth0");
  ASSERT_TRUE(succeeds(gc(kRed, "[]")));
  const Snapshot before = snapshot(node_);
  add(kRed, one_, "eth0");
  EXPECT_TRUE(succeeds(gc(kRed, "[]")));
  EXPECT_TRUE(unchanged(before, snapshot(node_)));
  EXPECT_EQ(leases("blue"), "10.2.0.2\n");
}

TEST_F(Gc, NetworkWhoseNameBeginsLikeOursIsUntouched) {
  const std::string longer = network("red-2", "br-red2", "10.3.0.0/24");
  add(longer, one_, "eth1");
  const Snapshot before = snapshot(node_);
  EXPECT_TRUE(succeeds(gc(kRed, "[]")));
  EXPECT_TRUE(unchanged(lines_with(before, "link"), lines_with(snapshot(node_), "link")));
  EXPECT_EQ(leases("red-2"), "10.3.0.2\n");
}

TEST_F(Gc, OtherInterfaceOfTheSameContainerStays) {
  add(kRed, one_, "eth0");
  const Snapshot before = snapshot(node_);
  add(kRed, one_, "eth1");
  EXPECT_TRUE(succeeds(gc(kRed, R"([{"containerID":"pod1","ifname":"eth0"}])")));
  EXPECT_TRUE(unchanged(before, snapshot(node_)));
  EXPECT_EQ(leases("red"), "10.1.0.2\n");
}

TEST_F(Gc, NullIsAnEmptyListAndAbsenceIsRefused) {
  add(kRed, one_);
  const Snapshot before = snapshot(node_, one_);
  EXPECT_TRUE(fails_with(exec(node_, {.verb = "GC", .conf = kRed}), Code::kInvalidNetworkConfig,
                         "cni.dev/valid-attachments"));
  EXPECT_TRUE(unchanged(before, snapshot(node_, one_)));
  EXPECT_TRUE(succeeds(gc(kRed, "null")));
  EXPECT_EQ(leases("red"), "");
  EXPECT_EQ(node_.sh("ip -o link show type veth"), "");
}

TEST_F(Gc, StaleAttachmentWhoseNetnsIsGone) {
  add(kRed, one_);
  node_.remove_netns(one_);
  EXPECT_TRUE(succeeds(gc(kRed, "[]")));
  EXPECT_EQ(leases("red"), "");
  EXPECT_EQ(owned_elements(node_), "");
}

TEST_F(Gc, ForeignObjectsAreNeverTouched) {
  add(kRed, two_);
  node_.sh(
      "ip link add veth0123456789a type veth peer name peer0; ip link set veth0123456789a master br-red "
      "alias mine; "
      "nft add table inet mine; nft add set inet mine s '{ type ipv4_addr; }'; "
      "nft add element inet mine s '{ 10.1.0.77 }'; "
      "nft add element inet podwire masq4 '{ 10.1.0.99 }'");
  const Snapshot before = snapshot(node_);
  EXPECT_TRUE(succeeds(gc(kRed, R"([{"containerID":"pod2","ifname":"eth0"}])")));
  EXPECT_TRUE(unchanged(before, snapshot(node_)));
}

TEST_F(Gc, TwiceIsTheSameAsOnce) {
  add(kRed, one_);
  EXPECT_TRUE(succeeds(gc(kRed, "[]")));
  const Snapshot once = snapshot(node_);
  EXPECT_TRUE(succeeds(gc(kRed, "[]")));
  EXPECT_TRUE(unchanged(once, snapshot(node_)));
}

/// Host links say whose they are, in a form that people read too.
TEST_F(Gc, OwnerIsWrittenOnTheLink) {
  add(kRed, one_);
  EXPECT_NE(node_.sh("ip -d link show type veth").find("alias podwire:red/pod1/eth0=10.1.0.2/24"),
            std::string::npos);
}

TEST(Status, OkUntilThePoolIsExhausted) {
  const Node node;
  const std::string conf = bridge_conf(
      "1.1.0",
      R"("ipam":{"type":"host-local","subnet":"10.1.2.0/24","rangeStart":"10.1.2.5","rangeEnd":"10.1.2.6"})");
  const auto status = [&](const char* plugin) {
    return exec(node,
                {.plugin = plugin, .verb = "STATUS", .conf = conf, .id = "", .netns = "", .ifname = ""});
  };
  const Snapshot before = snapshot(node);
  EXPECT_TRUE(succeeds(status("bridge")));
  EXPECT_TRUE(unchanged(before, snapshot(node))) << "STATUS has no side effects";
  for (const char* name : {"pod1", "pod2"}) {
    const Pod pod(node, name);
    EXPECT_TRUE(succeeds(status("bridge")));
    ASSERT_TRUE(succeeds(exec(node, {.conf = conf, .id = name, .netns = pod.netns()})));
  }
  EXPECT_TRUE(fails_with(status("bridge"), Code::kNotAvailable, "no IP addresses available in range set"));
  EXPECT_TRUE(
      fails_with(status("host-local"), Code::kNotAvailable, "no IP addresses available in range set"));
  ASSERT_TRUE(succeeds(exec(node, {.verb = "DEL", .conf = conf, .id = "pod1", .netns = ""})));
  EXPECT_TRUE(succeeds(status("bridge")));
}

TEST(Status, FailsWhenIpamIsMissing) {
  const Node node;
  const Reply reply =
      exec(node, {.verb = "STATUS", .conf = bridge_conf("1.1.0", R"("ipam":{"type":"no-such-ipam"})")});
  EXPECT_TRUE(fails_with(reply, Code::kDelegate, "no-such-ipam"));
}

}  // namespace
}  // namespace podwire::netns
