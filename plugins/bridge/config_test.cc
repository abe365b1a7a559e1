#include "plugins/bridge/config.h"

#include <gtest/gtest.h>

#include <fmt/format.h>

namespace podwire::bridge {
namespace {

spec::Invocation invocation_of(const std::string& keys, const std::string& args = "") {
  const std::string text = fmt::format(R"({{"cniVersion":"1.1.0","name":"net1","type":"bridge"{}{}}})",
                                       keys.empty() ? "" : ",", keys);
  auto conf = spec::parse_net_conf(text);
  EXPECT_TRUE(conf) << conf.error().msg;
  return {.env = {.verb = spec::Verb::kAdd,
                  .container_id = "c1",
                  .netns = "/run/netns/x",
                  .ifname = "eth0",
                  .args = args},
          .conf = std::move(*conf)};
}

Result<Config> parse(const std::string& keys, const std::string& args = "") {
  return parse_config(invocation_of(keys, args));
}

TEST(BridgeConfig, DefaultsAreTheReferences) {
  const auto config = parse("");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->bridge, "cni0");
  EXPECT_FALSE(config->is_gateway || config->is_default_gateway || config->force_address || config->ip_masq);
  EXPECT_FALSE(config->hairpin_mode || config->promisc_mode || config->mac_spoof_check || config->enable_dad);
  EXPECT_FALSE(config->disable_container_interface || config->port_isolation ||
               config->preserve_default_vlan);
  EXPECT_EQ(config->mtu, 0U);
  EXPECT_FALSE(config->has_vlans());
  EXPECT_FALSE(config->mac);
}

TEST(BridgeConfig, EveryKey) {
  const auto config = parse(
      R"("bridge":"br7","isDefaultGateway":true,"forceAddress":true,"ipMasq":true,"ipMasqBackend":"nftables","mtu":9000,
      "hairpinMode":true,"vlan":7,"vlanTrunk":[{"id":9},{"minID":10,"maxID":12}],"preserveDefaultVlan":true,
      "macspoofchk":true,"enabledad":true,"portIsolation":true)");
  ASSERT_TRUE(config) << config.error().msg;
  EXPECT_EQ(config->bridge, "br7");
  EXPECT_TRUE(config->is_gateway) << "isDefaultGateway implies isGateway";
  EXPECT_TRUE(config->force_address && config->ip_masq && config->hairpin_mode &&
              config->preserve_default_vlan);
  EXPECT_TRUE(config->mac_spoof_check && config->enable_dad && config->port_isolation);
  EXPECT_EQ(config->mtu, 9000U);
  EXPECT_EQ(config->vlan, 7);
  EXPECT_EQ(config->vlan_trunk, (std::vector<plan::VlanRange>{{9, 12}}));
  EXPECT_TRUE(config->notices.empty());
}

struct Refusal {
  std::string keys;
  Code code;
  std::string message;
};

class BridgeRefuses : public ::testing::TestWithParam<Refusal> {};

TEST_P(BridgeRefuses, WithCodeAndMessage) {
  const auto config = parse(GetParam().keys);
  ASSERT_FALSE(config);
  EXPECT_EQ(config.error().code, GetParam().code);
  EXPECT_NE(config.error().msg.find(GetParam().message), std::string::npos) << config.error().msg;
}

INSTANTIATE_TEST_SUITE_P(
    BadInput, BridgeRefuses,
    ::testing::Values(
        Refusal{R"("vlan":-100)", Code::kInvalidNetworkConfig,
                "invalid VLAN ID -100 (must be between 0 and 4094)"},
        Refusal{R"("vlan":5000)", Code::kInvalidNetworkConfig,
                "invalid VLAN ID 5000 (must be between 0 and 4094)"},
        Refusal{R"("mtu":67)", Code::kInvalidNetworkConfig, "invalid mtu 67"},
        Refusal{R"("mtu":65536)", Code::kInvalidNetworkConfig, "invalid mtu 65536"},
        Refusal{R"("mtu":-1)", Code::kInvalidNetworkConfig, "invalid mtu -1"},
        Refusal{R"("mtu":"1500")", Code::kDecode, "/mtu"},
        Refusal{R"("isGateway":"yes")", Code::kDecode, "/isGateway"},
        Refusal{R"("bridge":"a-name-that-is-too-long")", Code::kInvalidNetworkConfig, "/bridge"},
        Refusal{R"("hairpinMode":true,"promiscMode":true)", Code::kInvalidNetworkConfig,
                "cannot set hairpin mode and promiscuous mode at the same time"},
        Refusal{R"("disableContainerInterface":true,"ipam":{"type":"host-local"})",
                Code::kInvalidNetworkConfig, "cannot use IPAM when DisableContainerInterface flag is set"},
        Refusal{R"("ipMasqBackend":"pf")", Code::kInvalidNetworkConfig, "unknown ipmasq backend \"pf\""},
        Refusal{R"("bridge":"bridge-of-vlan","vlan":1000,"isGateway":true)", Code::kInvalidNetworkConfig,
                "too long"},
        Refusal{R"("vlanTrunk":[{"minID":5}])", Code::kInvalidNetworkConfig,
                "minID and maxID should be configured simultaneously, maxID is missing"},
        Refusal{R"("vlanTrunk":[{"maxID":5}])", Code::kInvalidNetworkConfig,
                "minID and maxID should be configured simultaneously, minID is missing"},
        Refusal{R"("vlanTrunk":[{"minID":-1,"maxID":5}])", Code::kInvalidNetworkConfig,
                "incorrect trunk minID parameter"},
        Refusal{R"("vlanTrunk":[{"minID":4095,"maxID":4096}])", Code::kInvalidNetworkConfig,
                "incorrect trunk minID parameter"},
        Refusal{R"("vlanTrunk":[{"minID":5,"maxID":4095}])", Code::kInvalidNetworkConfig,
                "incorrect trunk maxID parameter"},
        Refusal{R"("vlanTrunk":[{"id":4095}])", Code::kInvalidNetworkConfig, "incorrect trunk id parameter"},
        Refusal{R"("vlanTrunk":[{"id":-1}])", Code::kInvalidNetworkConfig, "incorrect trunk id parameter"},
        Refusal{R"("vlanTrunk":[{"minID":10,"maxID":5}])", Code::kInvalidNetworkConfig,
                "minID is greater than maxID in trunk parameter"},
        Refusal{R"("runtimeConfig":{"mac":"zz"})", Code::kInvalidNetworkConfig, "zz"}));

TEST(BridgeConfig, TrunkEntriesAreMerged) {
  const auto config =
      parse(R"("vlanTrunk":[{"minID":100,"maxID":105},{"id":106},{"id":10},{"minID":101,"maxID":103}])");
  ASSERT_TRUE(config);
  EXPECT_EQ(config->vlan_trunk, (std::vector<plan::VlanRange>{{10, 10}, {100, 106}}));
}

TEST(BridgeConfig, IptablesBackendIsServedByNftablesWithANotice) {
  const auto config = parse(R"("ipMasq":true,"ipMasqBackend":"iptables")");
  ASSERT_TRUE(config);
  ASSERT_EQ(config->notices.size(), 1U);
  EXPECT_NE(config->notices[0].find("nftables"), std::string::npos);
}

TEST(BridgeConfig, MacPrecedenceIsRuntimeConfigThenArgsThenCniArgs) {
  const std::string args = "IgnoreUnknown=1;MAC=02:00:00:00:00:01";
  const std::string in_args = R"("args":{"cni":{"mac":"02:00:00:00:00:02"}})";
  const std::string runtime = R"("RuntimeConfig":{"mac":"02:00:00:00:00:03"})";
  EXPECT_EQ(parse("", args)->mac->text(), "02:00:00:00:00:01");
  EXPECT_EQ(parse(in_args, args)->mac->text(), "02:00:00:00:00:02");
  EXPECT_EQ(parse(in_args + "," + runtime, args)->mac->text(), "02:00:00:00:00:03");
}

TEST(BridgeConfig, UnknownCniArgsNeedIgnoreUnknown) {
  const auto refused = parse("", "K8S_POD_NAME=web");
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kInvalidEnvironment);
  EXPECT_TRUE(parse("", "K8S_POD_NAME=web;IgnoreUnknown=1"));
}

}  // namespace
}  // namespace podwire::bridge
