// The plugins are exchanged under the runtime: what podwire cached and recorded with one side's plugins
// serves to check and delete with the other's.
#include <fmt/format.h>

#include "netns-test/migration.h"
#include "shim/netns-test/shim_node.h"

namespace podwire::netns {
namespace {

constexpr const char* kFolder = "/run/cni/bin";
constexpr const char* kMasqList = "/run/lists/masq.conflist";
constexpr std::string_view kMasq = R"({"cniVersion": "1.0.0", "name": "masqnet", "plugins": [
  {"type": "bridge", "bridge": "br0", "isDefaultGateway": true, "ipMasq": true, "capabilities": {"ips": true},
   "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.77.0.0/24"}], [{"subnet": "fd77::/64"}]]}},
  {"type": "portmap", "capabilities": {"portMappings": true}, "snat": false}]})";

class RuntimeMigration : public ShimTest {
 protected:
  RuntimeMigration() {
    node_.write(kMasqList, kMasq);
    node_.sh(fmt::format("mkdir -p {0}; cp {1}/bridge {1}/host-local {1}/portmap {0}", kFolder,
                         kReferencePlugins));
  }
  void follow(std::string_view heading) const {
    node_.sh(fmt::format("PLUGINS={}; PODWIRE={}\n{}", kFolder, our_plugins(), migration_commands(heading)));
  }
  /// `podwire cni <verb>` of one attachment.
  [[nodiscard]] static std::vector<std::string> verb(const std::string& name, const Pod& pod,
                                                     const std::string& plugins) {
    return {"cni",      name,           kMasqList, "--netns",      pod.netns(),      "--id",
            pod.name(), "--plugin-dir", plugins,   "--plugin-dir", kReferencePlugins};
  }
  void expect_nothing_left() const {
    EXPECT_EQ(node_.sh("nft list ruleset | grep -E 'CNI-[0-9a-f]{24}|10[.]77[.]0[.][0-9]+ comment' || true"),
              "");
    EXPECT_EQ(node_.sh("find /var/lib/cni/networks -name '10.77*' -o -name 'fd77*'; ls /var/lib/cni/results"),
              "");
    EXPECT_EQ(node_.sh("ip -o link show type veth"), "");
  }
};

TEST_F(RuntimeMigration, CniVerbsByTheOtherSide) {
  const Pod one(node_, "one");
  const Pod two(node_, "two");
  must(verb("add", one, kReferencePlugins));
  must(verb("add", two, our_plugins()));
  for (const std::string& side : {our_plugins(), std::string(kReferencePlugins)}) {
    must(verb("check", one, side));
    must(verb("check", two, side));
  }
  must(verb("del", one, our_plugins()));
  // The reference takes the chain that podwire did not make for an error, after its work.
  const Completed first = podwire(verb("del", two, kReferencePlugins));
  EXPECT_NE(first.err.find("does not exist"), std::string::npos) << first.err;
  must(verb("del", two, kReferencePlugins));
  must({"cni", "gc", kMasqList, "--none", "--plugin-dir", our_plugins(), "--plugin-dir", kReferencePlugins});
  // A list of version 1.0.0 has no GC: podwire's sets are cleaned by the next DEL of podwire.
  must(verb("del", two, our_plugins()));
  expect_nothing_left();
}

TEST_F(RuntimeMigration, GcDeletesWhatTheCacheKnows) {
  const Pod one(node_, "one");
  const Pod two(node_, "two");
  must(verb("add", one, kReferencePlugins));
  must(verb("add", two, kReferencePlugins));
  must({"cni", "gc", kMasqList, "--valid", "two:eth0", "--plugin-dir", our_plugins(), "--plugin-dir",
        kReferencePlugins});
  EXPECT_FALSE(holds("-e /var/lib/cni/results/masqnet-one-eth0"));
  EXPECT_EQ(one.sh("ip -o link show type veth"), "") << "by the netns in the cache";
  EXPECT_NE(two.sh("ip -o link show type veth"), "");
  must(verb("check", two, our_plugins()));
  must(verb("del", two, our_plugins()));
  expect_nothing_left();
}

TEST_F(RuntimeMigration, PodsOutliveTheExchange) {
  const std::vector<std::string> folder{"--net", kMasqList, "--plugin-dir", kFolder};
  const auto pod_add = [&](const std::string& name) {
    std::vector<std::string> arguments{"pod", "add", name, "--port", "8080:80"};
    if (name != "web") arguments.resize(3);
    arguments.insert(arguments.end(), folder.begin(), folder.end());
    must(arguments);
  };
  pod_add("web");
  follow("Exchange");
  pod_add("db");
  in_pod("web", "ping -n -q -c 1 -w 10 10.77.0.3");
  in_pod("db", "ping -n -q -c 1 -w 10 fd77::2");
  must({"pod", "rm", "web"});
  follow("Back to the reference");
  const Completed first = podwire({"pod", "rm", "db"});
  EXPECT_NE(first.err.find("does not exist"), std::string::npos) << first.err;
  must({"pod", "rm", "db"});
  EXPECT_TRUE(no_pod_left());
  EXPECT_EQ(node_.sh("nft list ruleset | grep -E 'CNI-[0-9a-f]{24}' || true"), "");
}

}  // namespace
}  // namespace podwire::netns
