// podwire cni: the verbs, with anybody's plugins.
#include <fmt/format.h>

#include "shim/netns-test/shim_node.h"

namespace podwire::netns {
namespace {

class CniTest : public ShimTest {
 protected:
  [[nodiscard]] std::vector<std::string> verb(const std::string& name, const std::string& id = "id1",
                                              const std::vector<std::string>& more = {}) const {
    std::vector<std::string> arguments{"cni",  name, kFullList,      "--netns",        pod_.netns(),
                                       "--id", id,   "--plugin-dir", kReferencePlugins};
    arguments.insert(arguments.end(), more.begin(), more.end());
    return arguments;
  }
  Pod pod_{node_, "p1"};
};

TEST_F(CniTest, AddCheckDel) {
  const Json result = Json::parse(must(verb("add"))).value();
  EXPECT_EQ(at(result.view(), "/cniVersion"), "1.0.0");
  EXPECT_EQ(at(result.view(), "/ips/0/address"), "10.77.0.2/24");
  EXPECT_TRUE(holds("-e /var/lib/cni/results/fullnet-id1-eth0"));
  EXPECT_EQ(must(verb("check")), "");
  pod_.sh("ip addr flush dev eth0 scope global");
  const Completed checked = podwire(verb("check"));
  EXPECT_EQ(checked.status, 1);
  EXPECT_NE(checked.err.find("plugin type=\"bridge\" name=\"fullnet\" failed (check): "), std::string::npos);
  EXPECT_EQ(must(verb("del")), "");
  EXPECT_EQ(must(verb("del")), "");
  EXPECT_TRUE(pod_.run({"ip", "link", "show", "eth0"}).status != 0);
  EXPECT_FALSE(holds("-e /var/lib/cni/results/fullnet-id1-eth0"));
}

TEST_F(CniTest, CapabilitiesAndArgs) {
  const std::string out = must(verb("add", "id1",
                                    {"--ifname", "net7", "--cap", R"(ips=["10.77.0.50"])", "--cap",
                                     R"(mac="02:00:00:00:00:50")", "--args", "IgnoreUnknown=1"}));
  EXPECT_NE(out.find("10.77.0.50/24"), std::string::npos) << out;
  EXPECT_EQ(
      pod_.sh(
          "cat /sys/class/net/net7/address 2>/dev/null || ip -o link show net7 | grep -o 02:00:00:00:00:50"),
      "02:00:00:00:00:50\n");
  must(verb("del", "id1", {"--ifname", "net7"}));
}

TEST_F(CniTest, DelWorksWithoutNetns) {
  must(verb("add"));
  node_.remove_netns(pod_);
  must({"cni", "del", kFullList, "--id", "id1", "--plugin-dir", kReferencePlugins});
  EXPECT_FALSE(holds("-e /var/lib/cni/networks/fullnet/10.77.0.2"));
}

TEST_F(CniTest, GcKeepsWhatIsValid) {
  const Pod second(node_, "p2");
  must(verb("add", "id1"));
  must(
      {"cni", "add", kFullList, "--netns", second.netns(), "--id", "id2", "--plugin-dir", kReferencePlugins});
  const std::vector<std::string> gc{"cni", "gc", kFullList, "--plugin-dir", kReferencePlugins};
  EXPECT_EQ(podwire(gc).status, 1);  // what is to stay must be said
  std::vector<std::string> keep_second = gc;
  keep_second.insert(keep_second.end(), {"--valid", "id2:eth0"});
  must(keep_second);
  EXPECT_FALSE(holds("-e /var/lib/cni/networks/fullnet/10.77.0.2"));
  EXPECT_TRUE(holds("-e /var/lib/cni/networks/fullnet/10.77.0.3"));
  EXPECT_NE(second.sh("ip -o addr show dev eth0").find("10.77.0.3/24"), std::string::npos);
  std::vector<std::string> keep_none = gc;
  keep_none.emplace_back("--none");
  must(keep_none);
  EXPECT_FALSE(holds("-e /var/lib/cni/networks/fullnet/10.77.0.3"));
}

TEST_F(CniTest, StatusAndVersion) {
  EXPECT_EQ(must({"cni", "status", kFullList, "--plugin-dir", kReferencePlugins}), "");
  const std::string versions = must({"cni", "version", kFullList, "--plugin-dir", kReferencePlugins});
  EXPECT_NE(versions.find("portmap  /usr/lib/cni/portmap  0.1.0 0.2.0 0.3.0 0.3.1 0.4.0 1.0.0"),
            std::string::npos)
      << versions;
  const Json json =
      Json::parse(must({"cni", "version", kFullList, "--plugin-dir", kReferencePlugins, "--json"})).value();
  EXPECT_EQ(at(json.view(), "/0/type"), "bridge");
}

TEST_F(CniTest, NetworksAreFoundByName) {
  node_.sh("mkdir /run/conf; cp /run/lists/*.conflist /run/conf");
  must({"cni", "version", "tinynet", "--conf-dir", "/run/conf", "--plugin-dir", kReferencePlugins});
  const Completed unknown = podwire({"cni", "version", "nonet", "--conf-dir", "/run/conf"});
  EXPECT_EQ(unknown.err, "error 7: no net configuration with name \"nonet\" in /run/conf\n");
}

TEST_F(CniTest, MissingPluginsAreNamedWithThePath) {
  const Completed added = podwire({"cni", "add", kFullList, "--netns", pod_.netns(), "--id", "a",
                                   "--plugin-dir", "/run/none", "--plugin-dir", "/run/neither"});
  EXPECT_EQ(
      added.err,
      "error 108: plugin type=\"bridge\" name=\"fullnet\" failed (add): failed to find plugin \"bridge\" in "
      "path [/run/none /run/neither]\n");
}

}  // namespace
}  // namespace podwire::netns
