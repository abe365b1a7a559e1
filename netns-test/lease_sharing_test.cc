// Our host-local and Debian's take turns on one directory, in both directions, live: each sees, respects,
// checks and releases the other's leases.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <set>

#include "netns-test/cni.h"
#include "netns-test/node.h"
#include "netns-test/snapshot.h"

namespace podwire::netns {
namespace {

const std::string kConf =
    R"({"cniVersion":"1.0.0","name":"shared","type":"host-local","ipam":{"type":"host-local","ranges":[)"
    R"([{"subnet":"10.1.2.0/28"}],[{"subnet":"fd00:1::/64"}]]}})";

class LeaseSharing : public testing::Test {
 protected:
  Reply call(const std::string& folder, const char* verb, const std::string& id,
             const std::string& conf = kConf) {
    return exec(node_, {.plugin = "host-local",
                        .verb = verb,
                        .conf = conf,
                        .id = id,
                        .netns = "/run/netns/any",
                        .path = folder});
  }
  Reply ours(const char* verb, const std::string& id) { return call(our_plugins(), verb, id); }
  Reply theirs(const char* verb, const std::string& id) { return call(kReferencePlugins, verb, id); }
  std::string file(const std::string& name) {
    return node_.sh("od -An -c /var/lib/cni/networks/shared/" + name + " | tr -d ' \\n'");
  }
  std::string leases() {
    return node_.sh("cd /var/lib/cni/networks/shared && ls | grep -E '^(10\\.|fd)' || true");
  }

  Node node_;
};

TEST_F(LeaseSharing, FilesAreTheSame) {
  ASSERT_TRUE(succeeds(ours("ADD", "a")));
  ASSERT_TRUE(succeeds(theirs("ADD", "b")));
  EXPECT_EQ(file("10.1.2.2"), "a\\r\\neth0");
  EXPECT_EQ(file("10.1.2.3"), "b\\r\\neth0");
  EXPECT_EQ(file("fd00:1::2"), "a\\r\\neth0");
}

TEST_F(LeaseSharing, RoundRobinGoesOnWhereTheOtherStopped) {
  for (int i = 2; i < 8; ++i) {
    const Reply reply =
        i % 2 == 0 ? ours("ADD", fmt::format("p{}", i)) : theirs("ADD", fmt::format("p{}", i));
    ASSERT_TRUE(succeeds(reply));
    EXPECT_EQ(reply.at("/ips/0/address"), fmt::format("10.1.2.{}/28", i));
    EXPECT_EQ(reply.at("/ips/1/address"), fmt::format("fd00:1::{}/64", i));
  }
  EXPECT_EQ(file("last_reserved_ip.0"), "10.1.2.7");
  ASSERT_TRUE(succeeds(theirs("DEL", "p4")));
  EXPECT_EQ(ours("ADD", "next").at("/ips/0/address"), "10.1.2.8/28")
      << "freed addresses rest until the round is over";
}

TEST_F(LeaseSharing, EachReleasesAndChecksTheOthersLeases) {
  ASSERT_TRUE(succeeds(ours("ADD", "mine")));
  ASSERT_TRUE(succeeds(theirs("ADD", "yours")));
  const std::string prev = with(kConf, "prevResult", R"({"cniVersion":"1.0.0"})");
  EXPECT_TRUE(succeeds(call(our_plugins(), "CHECK", "yours", prev)));
  EXPECT_TRUE(succeeds(call(kReferencePlugins, "CHECK", "mine", prev)));
  EXPECT_TRUE(succeeds(ours("DEL", "yours")));
  EXPECT_TRUE(succeeds(theirs("DEL", "mine")));
  EXPECT_EQ(leases(), "");
  EXPECT_FALSE(call(our_plugins(), "CHECK", "yours", prev).ok());
}

TEST_F(LeaseSharing, BothRefuseASecondLeaseOfOneAttachment) {
  ASSERT_TRUE(succeeds(theirs("ADD", "a")));
  EXPECT_TRUE(fails_with(ours("ADD", "a"), Code::kDuplicateAllocation,
                         "10.1.2.2 has been allocated to a, duplicate allocation is not allowed"));
  ASSERT_TRUE(succeeds(ours("ADD", "b")));
  EXPECT_FALSE(theirs("ADD", "b").ok());
}

TEST_F(LeaseSharing, NoAddressTwiceWhenBothRunAtOnce) {
  std::vector<Process> running;
  std::set<std::string> addresses;
  const std::string wide =
      R"({"cniVersion":"1.0.0","name":"wide","type":"host-local","ipam":{"type":"host-local","subnet":"10.7.0.0/24"}})";
  {
    const Inside inside(node_);
    for (int i = 0; i < 40; ++i) {
      running.push_back(
          Process::start(command_of({.plugin = "host-local",
                                     .conf = wide,
                                     .id = fmt::format("p{}", i),
                                     .netns = "/run/netns/any",
                                     .path = i % 2 == 0 ? our_plugins() : std::string(kReferencePlugins)})));
    }
    for (Process& process : running) {
      const Reply reply = reply_of(process.wait());
      ASSERT_TRUE(succeeds(reply));
      addresses.insert(reply.at("/ips/0/address"));
    }
  }
  EXPECT_EQ(addresses.size(), 40U);
}

TEST_F(LeaseSharing, LegacyAndDamagedFilesAreTolerated) {
  node_.write("/var/lib/cni/networks/shared/10.1.2.2", "");          // killed between create and write
  node_.write("/var/lib/cni/networks/shared/10.1.2.3", "oldstyle");  // before interface names
  node_.write("/var/lib/cni/networks/shared/10.1.2.4", "   spaced\r\neth0\n");  // whitespace around
  node_.write("/var/lib/cni/networks/shared/README", "somebody was here");
  ASSERT_TRUE(succeeds(ours("DEL", "oldstyle")));
  EXPECT_EQ(leases(), "10.1.2.4\n") << "an empty file is nobody's lease";
  ASSERT_TRUE(succeeds(ours("DEL", "spaced")));
  ASSERT_TRUE(succeeds(ours("ADD", "new")));
  EXPECT_EQ(node_.sh("cat /var/lib/cni/networks/shared/README"), "somebody was here");
}

TEST_F(LeaseSharing, LinkAndLeaseOfAReferencePodAreRemovedByOurs) {
  const Pod pod(node_, "pod1");
  const std::string conf =
      R"({"cniVersion":"1.0.0","name":"shared","type":"bridge","bridge":"br0","isGateway":true,)"
      R"("ipMasq":true,)" +
      ipam({"10.1.2.0/28"}) + "}";
  ASSERT_TRUE(succeeds(exec(node_, {.conf = conf, .netns = pod.netns(), .path = kReferencePlugins})));
  ASSERT_TRUE(succeeds(exec(node_, {.verb = "DEL", .conf = conf, .netns = pod.netns()})));
  EXPECT_EQ(leases(), "");
  EXPECT_EQ(node_.sh("ip -o link show type veth"), "");
}

}  // namespace
}  // namespace podwire::netns
