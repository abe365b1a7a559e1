// A node whose reference plugins used legacy iptables: podwire leaves those rules alone and says so.

#include <gtest/gtest.h>

#include "netns-test/migration.h"

namespace podwire::netns {
namespace {

class MigrationLegacy : public Migration {
 protected:
  MigrationLegacy() {
    node_.sh(
        "mkdir /run/legacy; for tool in iptables ip6tables; do ln -s $(command -v $tool-legacy) "
        "/run/legacy/$tool; done");
  }
  static std::string conf(std::string_view version = "1.0.0") {
    return bridge_conf(version,
                       R"("isDefaultGateway":true,"ipMasq":true,)" + ipam({"10.1.2.0/24", "fd00:1::/64"}));
  }
  Reply add(const Pod& pod) {
    const char* path = std::getenv("PATH");
    Reply reply = exec(node_, {.conf = conf(),
                               .id = pod.name(),
                               .netns = pod.netns(),
                               .path = kPlugins,
                               .environment = {{"PATH", std::string("/run/legacy:") + path}}});
    EXPECT_TRUE(succeeds(reply));
    EXPECT_EQ(ruleset(), "") << "the reference did not use legacy iptables";
    return reply;
  }
  [[nodiscard]] std::string legacy() const {
    return node_.sh("iptables-legacy -t nat -S; ip6tables-legacy -t nat -S");
  }

  Pod one_{node_, "pod1"};
  Pod two_{node_, "pod2"};
};

constexpr const char* kChainOfOne = "CNI-169623ab7b5aa875a3760ba1";

TEST_F(MigrationLegacy, DelSaysWhatStays) {
  add(one_);
  const std::string rules = legacy();
  to_podwire();
  const Reply reply = call("DEL", conf(), one_);
  EXPECT_TRUE(succeeds(reply));
  EXPECT_NE(reply.err.find(std::string("chain ") + kChainOfOne), std::string::npos) << reply.err;
  EXPECT_NE(reply.err.find("with iptables-legacy"), std::string::npos) << reply.err;
  EXPECT_NE(reply.err.find("with ip6tables-legacy"), std::string::npos) << reply.err;
  EXPECT_EQ(legacy(), rules);
  EXPECT_EQ(leases(), "");
  EXPECT_EQ(one_.sh("ip -o link show type veth"), "");
  follow("Legacy iptables");
  EXPECT_EQ(node_.sh("iptables-legacy -t nat -S").find("CNI-"), std::string::npos);
  node_.sh("ip6tables-legacy -t nat -F; ip6tables-legacy -t nat -X");
  EXPECT_EQ(call("DEL", conf(), one_).err, "");
}

TEST_F(MigrationLegacy, OtherChainsAreNotMentioned) {
  add(two_);
  to_podwire();
  const Reply reply = call("DEL", conf(), one_);
  EXPECT_TRUE(succeeds(reply));
  EXPECT_EQ(reply.err, "");
}

TEST_F(MigrationLegacy, LookingMakesNoTable) {
  to_podwire();
  EXPECT_TRUE(succeeds(call("DEL", conf(), one_)));
  EXPECT_TRUE(succeeds(gc(conf("1.1.0"), "[]")));
  EXPECT_EQ(node_.sh("cat /proc/net/ip_tables_names /proc/net/ip6_tables_names"), "");
}

TEST_F(MigrationLegacy, GcNamesThoseThatAreNotValid) {
  add(one_);
  add(two_);
  const std::string rules = legacy();
  to_podwire();
  const Reply reply = gc(conf("1.1.0"), R"([{"containerID":"pod2","ifname":"eth0"}])");
  EXPECT_TRUE(succeeds(reply));
  EXPECT_NE(reply.err.find(R"(chain CNI-169623ab7b5aa875a3760ba1 (name: "testnet" id: "pod1") stays)"),
            std::string::npos)
      << reply.err;
  EXPECT_EQ(reply.err.find("pod2"), std::string::npos) << reply.err;
  EXPECT_EQ(legacy(), rules);
  EXPECT_EQ(leases(), "10.1.2.3 fd00:1::3 ");
}

TEST_F(MigrationLegacy, CheckCountsTheRules) {
  const Reply added = add(one_);
  add(two_);
  to_podwire();
  const Reply reply = call("CHECK", with_prev(conf(), added), one_);
  EXPECT_TRUE(succeeds(reply));
  EXPECT_NE(reply.err.find("10.1.2.2 is masqueraded by legacy iptables"), std::string::npos) << reply.err;
  node_.sh(std::string("iptables-legacy -t nat -F ") + kChainOfOne);
  EXPECT_TRUE(fails_with(call("CHECK", with_prev(conf(), added), one_), Code::kMissing,
                         "10.1.2.2 is not masqueraded any more"));
}

}  // namespace
}  // namespace podwire::netns
