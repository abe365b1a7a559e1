// From a network list to a script and to JSON, on whatever machine: the links named here exist nowhere.
#include "shim/explain/explanation.h"

#include <gtest/gtest.h>

#include "libcni/base/json.h"
#include "libcni/runtime/temporary_directory.h"
#include "shim/explain/script.h"

namespace podwire::shim {
namespace {

using runtime::TemporaryDirectory;

class Explain : public ::testing::Test {
 protected:
  Result<Explanation> of(const std::string& plugins) {
    list_ = spec::parse_network_list(R"({"cniVersion":"1.0.0","name":"net","plugins":[)" + plugins + "]}")
                .value();
    ExplainRequest request{.list = list_};
    request.conf.container_id = "c1";
    request.conf.ifname = "eth0";
    request.netns = "web";
    request.assumed_addresses = assumed_;
    return explain(request);
  }
  [[nodiscard]] std::string bridge(const std::string& ipam) const {
    return R"({"type":"bridge","bridge":"pw-unit-test","isGateway":true,"ipam":)" + ipam + "}";
  }
  [[nodiscard]] std::string pool() const {
    return R"({"type":"host-local","subnet":"10.3.4.0/24","dataDir":")" + directory_.path().string() + "\"}";
  }

  TemporaryDirectory directory_;
  std::vector<Cidr> assumed_;
  spec::NetworkList list_;
};

TEST_F(Explain, DelegatesComeFirstAndForeignPluginsAreNamed) {
  const auto explanation = of(bridge(pool()) + R"(,{"type":"portmap"})");
  ASSERT_TRUE(explanation) << explanation.error().msg;
  ASSERT_EQ(explanation->parts.size(), 3U);
  EXPECT_EQ(explanation->parts[0].plugin, "host-local");
  EXPECT_EQ(explanation->parts[1].plugin, "bridge");
  EXPECT_EQ(explanation->parts[2].plugin, "portmap");
  EXPECT_FALSE(explanation->parts[2].known);
  EXPECT_TRUE(explanation->parts[2].steps.empty());
  EXPECT_TRUE(std::filesystem::is_empty(directory_.path()));
}

TEST_F(Explain, TheScriptGroupsByPluginAndSaysWhatEachStepIsFor) {
  const std::string text = script(of(bridge(pool()) + R"(,{"type":"portmap"})").value());
  EXPECT_TRUE(text.contains("\nset -e\n")) << text;
  EXPECT_LT(text.find("\n# === host-local\n"), text.find("\n# === bridge\n"));
  EXPECT_TRUE(text.contains("/net/10.3.4.2)\n")) << text;
  EXPECT_TRUE(text.contains("\nip link add name pw-unit-test address ")) << text;
  EXPECT_TRUE(text.contains("\nip -n web address add 10.3.4.2/24 dev eth0 broadcast +\n")) << text;
  EXPECT_TRUE(text.ends_with(
      "\n# === portmap\n# not podwire's: what it would do is not known without executing it\n"))
      << text;
}

TEST_F(Explain, JsonHasOneEntryPerStep) {
  const auto explanation = of(bridge(pool()) + R"(,{"type":"portmap"})").value();
  const Json document = Json::parse(steps_json(explanation)).value();
  const auto entries = document.view().elements().value();
  std::size_t expected = 1;  // portmap
  for (const ExplainedPart& part : explanation.parts) expected += part.steps.size();
  EXPECT_EQ(entries.size(), expected);
  const std::string text = script(explanation);
  for (const JsonView& entry : entries) {
    EXPECT_EQ(entry.members().value().size(), 4U);
    EXPECT_FALSE(entry.find("step")->string().value().empty());
    EXPECT_FALSE(entry.find("comment")->string().value().empty());
    const std::vector<std::string> commands = entry.find("commands")->strings().value();
    for (const std::string& command : commands) {
      EXPECT_TRUE(text.contains("\n" + command + "\n")) << command;
    }
  }
  EXPECT_EQ(entries.front().find("plugin")->string().value(), "host-local");
  EXPECT_EQ(entries.back().find("plugin")->string().value(), "portmap");
}

TEST_F(Explain, ForeignIpamByAssumption) {
  const auto refused = of(bridge(R"({"type":"static"})"));
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kDelegate);
  assumed_ = {Cidr::parse("192.0.2.9/24").value()};
  const auto explanation = of(bridge(R"({"type":"static"})"));
  ASSERT_TRUE(explanation) << explanation.error().msg;
  EXPECT_TRUE(script(*explanation).contains("ip address add 192.0.2.1/24 dev pw-unit-test"));
}

TEST_F(Explain, AFaultNamesPluginAndNetwork) {
  const auto refused = of(R"({"type":"bridge","vlan":9999})");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kInvalidNetworkConfig);
  EXPECT_TRUE(refused.error().msg.starts_with("plugin type=\"bridge\" name=\"net\" would fail (add): "))
      << refused.error().msg;
}

/// What the configuration holds cannot leave its comment.
TEST(Script, ACommentIsOneLine) {
  const Explanation explanation{
      .network = "n",
      .container_id = "c",
      .ifname = "eth0",
      .netns = "a b",
      .parts = {{.plugin = "x\nreboot", .steps = {{.step = "S", .comment = "one\ntwo"}}}},
      .notices = {"three\nfour"}};
  EXPECT_EQ(script(explanation),
            "# ADD of network n for container c, interface eth0, by podwire's plugins.\n"
            "# The runtime makes the pod's namespace: ip netns add 'a b'; ip -n 'a b' link set lo up\n"
            "# Note: three?four\n"
            "set -e\n"
            "\n"
            "# === x?reboot\n"
            "# S: one?two (is in place)\n");
}

}  // namespace
}  // namespace podwire::shim
