// The very files of conf/, run as a runtime runs them: each plugin in turn on ADD and CHECK, in reverse on
// DEL.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <filesystem>
#include <fstream>
#include <iterator>
#include <ranges>

#include "netns-test/cni.h"
#include "netns-test/node.h"
#include "netns-test/snapshot.h"
#include "netns-test/traffic.h"

namespace podwire::netns {
namespace {

namespace fs = std::filesystem;

const fs::path kConfFolder = fs::path(PODWIRE_SOURCE_DIR) / "conf";

/// A list's plugins with what a runtime puts into each request (SPEC section 4).
struct List {
  struct Plugin {
    std::string type;
    std::string conf;
  };
  std::vector<Plugin> plugins;
};

List load(const fs::path& path, const std::map<std::string, std::string>& capabilities) {
  std::ifstream file(path);
  const std::string text{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  const Json document = Json::parse(text).value();
  List list;
  const std::vector<JsonView> plugins = document.view().find("plugins")->elements().value();
  for (const JsonView& plugin : plugins) {
    Json conf = plugin.copy();
    conf.set("name", at(document.view(), "/name")).set("cniVersion", at(document.view(), "/cniVersion"));
    conf.erase("capabilities");
    Json runtime_config = Json::object();
    for (const auto& [capability, value] : capabilities) {
      if (at(plugin, "/capabilities/" + capability) == "true") {
        runtime_config.set(capability, Json::parse(value).value());
      }
    }
    if (!runtime_config.empty()) conf.set("runtimeConfig", std::move(runtime_config));
    list.plugins.push_back({.type = at(plugin, "/type"), .conf = conf.dump()});
  }
  return list;
}

class Conf : public testing::Test {
 protected:
  Reply call(const char* verb, const List::Plugin& plugin, const Pod& pod, const std::string& previous) {
    const bool ours = fs::exists(fs::path(our_plugins()) / plugin.type);
    return exec(node_, {.plugin = plugin.type,
                        .verb = verb,
                        .conf = previous.empty() ? plugin.conf : with(plugin.conf, "prevResult", previous),
                        .id = pod.name(),
                        .netns = pod.netns(),
                        .path = ours ? our_plugins() : std::string(kReferencePlugins)});
  }

  Reply add(const List& list, const Pod& pod) {
    Reply reply;
    for (const List::Plugin& plugin : list.plugins) {
      reply = call("ADD", plugin, pod, reply.out);
      EXPECT_TRUE(succeeds(reply)) << plugin.type;
    }
    return reply;
  }
  void check(const List& list, const Pod& pod, const Reply& added) {
    for (const List::Plugin& plugin : list.plugins)
      EXPECT_TRUE(succeeds(call("CHECK", plugin, pod, added.out)));
  }
  void del(const List& list, const Pod& pod, const Reply& added) {
    for (const List::Plugin& plugin : std::views::reverse(list.plugins)) {
      EXPECT_TRUE(succeeds(call("DEL", plugin, pod, added.out)));
    }
  }

  Node node_;
  Pod one_{node_, "pod1"};
  Pod two_{node_, "pod2"};
};

TEST_F(Conf, EveryFileRunsAsItStands) {
  std::size_t files = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(kConfFolder)) {
    if (entry.path().extension() != ".conflist") continue;
    ++files;
    SCOPED_TRACE(entry.path().filename());
    const List list = load(entry.path(), {});
    const Reply first = add(list, one_);
    const Reply second = add(list, two_);
    check(list, one_, first);
    check(list, two_, second);
    const std::string address = second.at("/ips/0/address");
    if (!address.empty()) {
      EXPECT_TRUE(ping(one_, address.substr(0, address.find('/'))));
    }
    del(list, one_, first);
    del(list, two_, second);
    EXPECT_EQ(lines_with(snapshot(node_), "file /var/lib/cni/networks/").size(), 0U);
    EXPECT_EQ(node_.sh("ip -o link show type veth"), "");
  }
  EXPECT_EQ(files, 6U);
}

TEST_F(Conf, FirstRangeThenTheSecond) {
  const List list = load(kConfFolder / "13-bridge-two-ranges.conflist", {});
  std::vector<std::string> addresses;
  for (const char* name : {"a", "b", "c"})
    addresses.push_back(add(list, Pod(node_, name)).at("/ips/0/address"));
  EXPECT_EQ(addresses, (std::vector<std::string>{"10.88.3.10/24", "10.88.3.11/24", "10.88.3.100/24"}));
}

TEST_F(Conf, StaticRequestsArriveThroughCapabilities) {
  const List list = load(kConfFolder / "14-bridge-static.conflist",
                         {{"ips", R"(["10.88.4.20","fd88:4::20"])"}, {"mac", R"("02:00:00:00:00:20")"}});
  const Reply added = add(list, one_);
  EXPECT_EQ(added.at("/ips/0/address"), "10.88.4.20/24");
  EXPECT_EQ(added.at("/ips/1/address"), "fd88:4::20/64");
  EXPECT_EQ(added.at("/interfaces/2/mac"), "02:00:00:00:00:20");
}

TEST_F(Conf, HostPortsAreForwarded) {
  const Outside outside(node_);
  const List list =
      load(kConfFolder / "15-bridge-host-ports.conflist",
           {{"portMappings",
             fmt::format(R"([{{"hostPort":8080,"containerPort":{},"protocol":"tcp"}}])", kEchoPort)}});
  const Reply added = add(list, one_);
  EXPECT_EQ(tcp_exchange(outside, one_, Outside::kNodeAddress4, 8080).error, "");
  del(list, one_, added);
}

TEST_F(Conf, ReadmeExplainsEveryFile) {
  std::ifstream file(kConfFolder / "README.md");
  const std::string readme{std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
  for (const fs::directory_entry& entry : fs::directory_iterator(kConfFolder)) {
    const std::string name = entry.path().filename();
    if (!name.ends_with(".conflist")) continue;
    EXPECT_NE(readme.find("`" + name + "`"), std::string::npos) << name;
  }
}

}  // namespace
}  // namespace podwire::netns
