// After a reboot the leases of the pods that died with it are free again, and no others (design: host-local).
// A reboot is simulated where the kernel tells of it: another boot id is bound over
// /proc/sys/kernel/random/boot_id.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "netns-test/cni.h"
#include "netns-test/node.h"

namespace podwire::netns {
namespace {

const std::string kConf =
    R"({"cniVersion":"1.0.0","name":"lan","type":"host-local","ipam":{"type":"host-local","subnet":"10.1.2.0/24",)"
    R"("rangeStart":"10.1.2.10","rangeEnd":"10.1.2.12"}})";

class Reboot : public testing::Test {
 protected:
  void SetUp() override { boot(1); }

  /// The machine is up for the n-th time.
  void boot(int n) {
    node_.write("/run/boot_id", fmt::format("00000000-0000-4000-8000-{:012d}\n", n));
    node_.sh("mount --bind /run/boot_id /proc/sys/kernel/random/boot_id");
  }
  Reply call(const char* verb, const std::string& id, const std::string& folder = our_plugins()) {
    return exec(node_, {.plugin = "host-local",
                        .verb = verb,
                        .conf = kConf,
                        .id = id,
                        .netns = "/run/netns/any",
                        .path = folder});
  }
  void fill(const std::string& prefix) {
    for (int i = 0; i < 3; ++i) ASSERT_TRUE(succeeds(call("ADD", fmt::format("{}{}", prefix, i))));
  }
  std::string leases() {
    return node_.sh(
        "cd /var/lib/cni/networks/lan; for f in 10.*; do echo \"$f $(head -1 $f | tr -d '\\r')\"; done");
  }

  Node node_;
};

TEST_F(Reboot, LeasesOfAnEarlierBootAreFree) {
  fill("old");
  EXPECT_TRUE(fails_with(call("ADD", "one-more"), Code::kPoolExhausted, "no IP addresses available"));
  boot(2);
  fill("new");
  EXPECT_EQ(leases(), "10.1.2.10 new0\n10.1.2.11 new1\n10.1.2.12 new2\n");
}

TEST_F(Reboot, NothingIsFreedWithinOneBoot) {
  fill("pod");
  boot(1);
  EXPECT_TRUE(fails_with(call("ADD", "one-more"), Code::kPoolExhausted, "no IP addresses available"));
}

TEST_F(Reboot, LeaseTheReferenceMadeSinceStays) {
  fill("old");
  boot(2);
  ASSERT_TRUE(succeeds(call("DEL", "old0", kReferencePlugins)));
  ASSERT_TRUE(succeeds(call("ADD", "theirs", kReferencePlugins)));
  ASSERT_TRUE(succeeds(call("ADD", "ours0")));
  ASSERT_TRUE(succeeds(call("ADD", "ours1")));
  EXPECT_NE(leases().find("10.1.2.10 theirs"), std::string::npos) << leases();
  EXPECT_TRUE(fails_with(call("ADD", "one-more"), Code::kPoolExhausted, "no IP addresses available"));
}

TEST_F(Reboot, DirectoryOfTheReferenceIsAdoptedAsItIs) {
  ASSERT_TRUE(succeeds(call("ADD", "theirs", kReferencePlugins)));
  ASSERT_TRUE(succeeds(call("ADD", "ours")));
  EXPECT_EQ(leases(), "10.1.2.10 theirs\n10.1.2.11 ours\n");
  boot(2);
  fill("new");
}

TEST_F(Reboot, StatusCountsWhatIsReallyFree) {
  const std::string status_conf = [] {
    std::string conf = kConf;
    return conf.replace(conf.find("1.0.0"), 5, "1.1.0");
  }();
  const auto status = [&] {
    return exec(node_, {.plugin = "host-local", .verb = "STATUS", .conf = status_conf});
  };
  fill("old");
  EXPECT_TRUE(fails_with(status(), Code::kNotAvailable, "no IP addresses available"));
  boot(2);
  EXPECT_TRUE(succeeds(status()));
}

}  // namespace
}  // namespace podwire::netns
