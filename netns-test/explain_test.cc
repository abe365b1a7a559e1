// `podwire explain` on a fresh node: its lines, run by a shell, leave what the plugins leave.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "netns-test/explain_stage.h"

namespace podwire::netns {
namespace {

TEST(Explain, EveryFileOfConf) {
  for_every_conflist([](const std::string& name, const std::string& text) {
    expect_same({.name = name.c_str(), .list = text});
  });
}

TEST(Explain, EveryOptionOfBridge) {
  const Variant variants[] = {
      {"promiscMode", list_of(R"("promiscMode":true,)" + kGateway + kPool)},
      {"mtu", list_of(R"("mtu":1400,)" + kGateway + kPool)},
      {"hairpinMode", list_of(R"("hairpinMode":true,)" + kGateway + kPool)},
      {"portIsolation", list_of(R"("portIsolation":true,)" + kGateway + kPool)},
      {"both port flags", list_of(R"("portIsolation":true,"hairpinMode":true,"ipam":{})")},
      {"macspoofchk", list_of(R"("macspoofchk":true,)" + kGateway + kPool)},
      {"enabledad", list_of(R"("enabledad":true,"isDefaultGateway":true,)" + kDual)},
      {"ipMasq", list_of(R"("ipMasq":true,"isDefaultGateway":true,)" + kDual)},
      {"disableContainerInterface", list_of(R"("disableContainerInterface":true,"ipam":{})")},
      {"no gateway", list_of(kDual)},
  };
  for (const Variant& variant : variants) expect_same(variant);
}

TEST(Explain, RoutesWithAttributes) {
  const std::string list = list_of(
      R"("isDefaultGateway":true,"ipam":{"type":"host-local",
         "ranges":[[{"subnet":"10.1.2.0/24"}],[{"subnet":"fd00:1::/64"}]],
         "routes":[{"dst":"10.50.0.0/16","mtu":1300,"advmss":1200,"priority":77,"table":42,"scope":200},
                   {"dst":"10.51.0.0/16","gw":"10.1.2.9"},{"dst":"10.51.0.0/16","gw":"10.1.2.8"},
                   {"dst":"10.52.1.2/16","table":1000},{"dst":"fd50::/32","mtu":1290,"priority":5},
                   {"dst":"fd51::/48","gw":"fd00:1::9","table":70000}]})");
  expect_same({.name = "routes", .list = list});
}

TEST(Explain, WhatTheRuntimeAsksFor) {
  const std::string list =
      R"({"cniVersion":"1.1.0","name":"testnet","plugins":[{"type":"bridge","bridge":"br0",
      "isGateway":true,"capabilities":{"ips":true,"mac":true},)" +
      kDual + "}]}";
  expect_same(
      {.name = "capabilities",
       .list = list,
       .options = {"--cap", R"(ips=["10.1.2.77","fd00:1::77"])", "--cap", R"(mac="02:00:00:00:00:77")"}});
  expect_same(
      {.name = "arguments", .list = list, .options = {"--args", "IgnoreUnknown=1", "--args", "IP=10.1.2.9"}});
  expect_same({.name = "interface", .list = list, .options = {"--ifname", "net7"}});
}

/// The names that the kernel allows are stranger than those that people give.
TEST(Explain, NamesThatAShellWouldTakeApart) {
  expect_same(
      {.name = "interface", .list = list_of(kGateway + kDual), .options = {"--ifname", "a'$(id);*#"}});
  expect_same({.name = "bridge",
               .list = R"({"cniVersion":"1.1.0","name":"n","plugins":[{"type":"bridge","bridge":"up&\"x'",
                           "isGateway":true,)" +
                       kDual + "}]}"});
  expect_same({.name = "dataDir",
               .list = list_of(R"("ipam":{"type":"host-local","dataDir":"/var/lib/cni/it's $HOME\n%d",
                                  "subnet":"10.1.2.0/24"})")});
}

TEST(Explain, TheBridgeIsThere) {
  const std::string bridge = "ip link add br0 address 02:11:22:33:44:55 type bridge; ";
  const std::string forced = R"("forceAddress":true,)" + kGateway;
  const Variant variants[] = {
      {"down", list_of(kGateway + kDual), {}, bridge},
      {"up", list_of(kGateway + kDual), {}, bridge + "ip link set br0 up"},
      {"without a MAC address",
       list_of(kGateway + kDual),
       {},
       "ip link add br0 type bridge; ip link add port master br0 type veth; ip link del port; "
       "ip -o link show br0 | grep -q 'ether 00:00:00:00:00:00'"},
      {"promiscuous",
       list_of(R"("promiscMode":true,)" + kPool),
       {},
       bridge + "ip link set br0 up promisc on"},
      {"with its gateway", list_of(kGateway + kPool), {}, bridge + "ip addr add 10.1.2.1/24 brd + dev br0"},
      {"with another address", list_of(forced + kPool), {}, bridge + "ip addr add 10.9.9.1/24 dev br0"},
      {"with others of the subnet",
       list_of(forced + kPool),
       {},
       bridge + "ip addr add 10.1.2.250/24 dev br0; ip addr add 10.1.2.251/24 dev br0"},
      {"with one of an overlapping prefix",
       list_of(forced + R"("ipam":{"type":"host-local","subnet":"fd00:1::/64"})"),
       {},
       bridge + "ip addr add fd00:1::5/56 dev br0 nodad; ip link set br0 up"},
      {"forwarding", list_of(kGateway + kDual), {}, bridge + "sysctl -q -w net/ipv4/ip_forward=1"},
  };
  for (const Variant& variant : variants) expect_same(variant);
}

TEST(Explain, VlansOfThePortAndItsGateway) {
  const Node probe;
  if (!probe.run({"ip", "link", "add", "probe", "type", "bridge", "vlan_filtering", "1"}).ok() ||
      probe.sh("ip -d link show probe").find("vlan_filtering 1") == std::string::npos) {
    GTEST_SKIP() << "kernel lacks bridge VLAN filtering";
  }
  const std::string trunk = R"("vlanTrunk":[{"id":5},{"minID":200,"maxID":202}],)";
  const Variant variants[] = {
      {"vlan", list_of(R"("vlan":100,"mtu":1400,)" + kGateway + kDual)},
      {"trunk", list_of(trunk + R"("ipam":{})")},
      {"vlan and trunk", list_of(R"("vlan":100,"preserveDefaultVlan":true,)" + trunk + kGateway + kPool)},
  };
  for (const Variant& variant : variants) expect_same(variant);
}

TEST(Explain, WithIpamOfOthers) {
  const auto list = [](std::string_view more) {
    return fmt::format(
        R"({{"cniVersion":"1.0.0","name":"testnet","plugins":[{{"type":"bridge","bridge":"br0","isGateway":true,
            "ipam":{{"type":"static","addresses":[{{"address":"10.9.0.5/24"}},{{"address":"fd09::5/64"}}]{}}}}}]}})",
        more);
  };
  expect_same({.name = "static", .list = list(""), .assume = {"--ip", "10.9.0.5/24", "--ip", "fd09::5/64"}});
  const ExplainStage stage(list(""), ":");
  const Completed refused = stage.explain({});
  EXPECT_EQ(refused.status, 1);
  EXPECT_EQ(refused.out, "");
  EXPECT_EQ(
      refused.err,
      "error 108: plugin type=\"bridge\" name=\"testnet\" would fail (add): IPAM plugin \"static\" is not "
      "podwire's: only executing it would tell what it returns (give the addresses that it would return: "
      "--ip ADDRESS/LENGTH, once for each)\n");
}

}  // namespace
}  // namespace podwire::netns
