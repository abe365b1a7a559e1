#include "plugins/bridge/plan.h"

#include <gtest/gtest.h>

#include "libcni/plan/owner.h"

namespace podwire::bridge {
namespace {

const Mac kBridgeMac(*Mac::parse("02:00:00:00:00:aa"));

spec::Invocation invocation() {
  return {.env = {.verb = spec::Verb::kAdd, .container_id = "c1", .netns = "/run/netns/x", .ifname = "eth0"},
          .conf = *spec::parse_net_conf(R"({"cniVersion":"1.1.0","name":"net1","type":"bridge"})")};
}

spec::AddResult leased(std::initializer_list<std::string_view> addresses) {
  spec::AddResult result;
  for (const std::string_view address : addresses) result.ips.push_back({.address = *Cidr::parse(address)});
  return result;
}

HostState host() {
  return {.bridge_mac = kBridgeMac, .gateway_addresses = {}, .vlan_gateway_mac = {}, .salt = "boot"};
}

template <typename Step>
std::vector<Step> steps_of(const plan::Plan& plan) {
  std::vector<Step> found;
  for (const plan::Step& step : plan) {
    if (const auto* match = std::get_if<Step>(&step)) found.push_back(*match);
  }
  return found;
}

TEST(BridgePlan, L2HasThreeInterfacesAndNoAddress) {
  const auto plan = plan_add({}, invocation(), {}, host());
  ASSERT_TRUE(plan);
  ASSERT_EQ(plan->result.interfaces.size(), 3U);
  EXPECT_EQ(plan->result.interfaces[0].name, "cni0");
  EXPECT_EQ(plan->result.interfaces[0].mac, kBridgeMac.text());
  EXPECT_EQ(plan->result.interfaces[1].name, plan::host_veth_name(invocation().attachment()));
  EXPECT_EQ(plan->result.interfaces[2].name, "eth0");
  EXPECT_EQ(plan->result.interfaces[2].sandbox, "/run/netns/x");
  EXPECT_TRUE(steps_of<plan::AddAddress>(plan->steps).empty());
  EXPECT_TRUE(steps_of<plan::AddMasquerade>(plan->steps).empty());
  EXPECT_EQ(steps_of<plan::SetPodLinkUp>(plan->steps).size(), 1U);
}

TEST(BridgePlan, GatewayDefaultsToTheFirstHostAndGoesOnTheBridge) {
  Config config{.is_gateway = true};
  const auto plan = plan_add(config, invocation(), leased({"10.1.2.7/24", "fd00::7/64"}), host());
  ASSERT_TRUE(plan);
  EXPECT_EQ(plan->result.ips[0].gateway->text(), "10.1.2.1");
  EXPECT_EQ(plan->result.ips[1].gateway->text(), "fd00::1");
  EXPECT_EQ(plan->result.ips[0].interface, 2U);
  const auto gateways = steps_of<plan::EnsureAddress>(plan->steps);
  ASSERT_EQ(gateways.size(), 2U);
  EXPECT_EQ(gateways[0].address.text(), "10.1.2.1/24");
  EXPECT_EQ(gateways[1].address.text(), "fd00::1/64");
  EXPECT_TRUE(plan->result.routes.empty());
}

TEST(BridgePlan, DefaultGatewayAddsARoutePerFamilyUnlessIpamGaveOneWithAGateway) {
  Config config{.is_gateway = true, .is_default_gateway = true};
  spec::AddResult ipam = leased({"10.1.2.7/24", "fd00::7/64"});
  ipam.routes.push_back({.dst = *Cidr::parse("0.0.0.0/0"), .gw = *Ip::parse("10.1.2.254")});
  const auto plan = plan_add(config, invocation(), ipam, host());
  ASSERT_TRUE(plan);
  ASSERT_EQ(plan->result.routes.size(), 2U);
  EXPECT_EQ(plan->result.routes[0].gw->text(), "10.1.2.254");
  EXPECT_EQ(plan->result.routes[1].dst.text(), "::/0");
  EXPECT_EQ(plan->result.routes[1].gw->text(), "fd00::1");
}

TEST(BridgePlan, RouteWithoutGatewayTakesItsFamilysAndDuplicatesCollapse) {
  Config config{.is_gateway = true, .is_default_gateway = true};
  spec::AddResult ipam = leased({"10.1.2.7/24"});
  ipam.routes.push_back({.dst = *Cidr::parse("0.0.0.0/0")});
  const auto plan = plan_add(config, invocation(), ipam, host());
  ASSERT_TRUE(plan);
  const auto routes = steps_of<plan::AddRoute>(plan->steps);
  ASSERT_EQ(routes.size(), 1U);
  EXPECT_EQ(routes[0].route.gw->text(), "10.1.2.1");
}

TEST(BridgePlan, AnotherAddressOnTheBridgeIsAConflictUnlessForced) {
  Config config{.is_gateway = true};
  HostState state = host();
  state.gateway_addresses = {*Cidr::parse("10.9.9.1/24"), *Cidr::parse("fe80::1/64"),
                             *Cidr::parse("fd99::1/64")};
  const auto refused = plan_add(config, invocation(), leased({"10.1.2.7/24"}), state);
  ASSERT_FALSE(refused);
  EXPECT_EQ(refused.error().code, Code::kAddressConflict);
  EXPECT_EQ(refused.error().msg, "\"cni0\" already has an IP address different from 10.1.2.1/24");

  config.force_address = true;
  const auto forced = plan_add(config, invocation(), leased({"10.1.2.7/24"}), state);
  ASSERT_TRUE(forced);
  EXPECT_EQ(steps_of<plan::EnsureAddress>(forced->steps)[0].replaces,
            std::vector{*Cidr::parse("10.9.9.1/24")});

  config.force_address = false;
  EXPECT_TRUE(plan_add(config, invocation(), leased({"fd00::7/64"}), state))
      << "disjoint IPv6 prefixes share a bridge";
  EXPECT_FALSE(plan_add(config, invocation(), leased({"fd99::7/56"}), state)) << "overlapping ones do not";
}

TEST(BridgePlan, MasqueradeNamesAddressesAndExemptsTheirNetwork) {
  Config config{.is_gateway = true, .ip_masq = true};
  const auto plan = plan_add(config, invocation(), leased({"10.1.2.7/24", "fd00::7/64"}), host());
  ASSERT_TRUE(plan);
  const auto masquerade = steps_of<plan::AddMasquerade>(plan->steps);
  ASSERT_EQ(masquerade.size(), 1U);
  EXPECT_EQ(masquerade[0].addresses.size(), 2U);
  const auto exempt = steps_of<plan::EnsureNoMasquerade>(plan->steps);
  ASSERT_EQ(exempt.size(), 1U);
  EXPECT_EQ(exempt[0].destinations[0].text(), "10.1.2.0/24");
  const auto tag = plan::OwnerTag::parse(steps_of<plan::AddVeth>(plan->steps)[0].alias);
  ASSERT_TRUE(tag);
  EXPECT_TRUE(tag->masquerade);
  EXPECT_EQ(tag->ips.size(), 2U);
}

TEST(BridgePlan, DisabledContainerInterfaceStaysDown) {
  const auto plan = plan_add({.disable_container_interface = true}, invocation(), {}, host());
  ASSERT_TRUE(plan);
  EXPECT_TRUE(steps_of<plan::SetPodLinkUp>(plan->steps).empty());
  EXPECT_TRUE(steps_of<plan::AwaitPort>(plan->steps).empty());
}

TEST(BridgePlan, VlanGatewayIsAFourthInterface) {
  Config config{.is_gateway = true, .vlan = 100};
  const auto plan = plan_add(config, invocation(), leased({"10.1.2.7/24"}), host());
  ASSERT_TRUE(plan);
  ASSERT_EQ(plan->result.interfaces.size(), 4U);
  EXPECT_EQ(plan->result.interfaces[3].name, "cni0.100");
  const auto gateway = steps_of<plan::EnsureVlanGateway>(plan->steps);
  ASSERT_EQ(gateway.size(), 1U);
  EXPECT_EQ(gateway[0].vlan, 100);
  EXPECT_EQ(gateway[0].peer.size(), 15U);
  EXPECT_EQ(steps_of<plan::EnsureAddress>(plan->steps)[0].link, "cni0.100");
  EXPECT_TRUE(steps_of<plan::EnsureBridge>(plan->steps)[0].vlan_filtering);
  EXPECT_EQ(steps_of<plan::SetBridgePort>(plan->steps)[0].vlan, 100);
}

TEST(BridgePlan, CheckRepeatsThePlanFromPrevResult) {
  Config config{.is_gateway = true, .ip_masq = true};
  const auto added = plan_add(config, invocation(), leased({"10.1.2.7/24"}), host());
  ASSERT_TRUE(added);
  const auto check = plan_check(config, invocation(), added->result);
  ASSERT_TRUE(check) << check.error().msg;
  const auto addresses = steps_of<plan::AddAddress>(check->steps);
  ASSERT_EQ(addresses.size(), 1U);
  EXPECT_EQ(addresses[0].address.text(), "10.1.2.7/24");
  EXPECT_EQ(steps_of<plan::AddMasquerade>(check->steps).size(), 1U);
}

TEST(BridgePlan, CheckWithoutOurInterfaceInPrevResultFails) {
  const auto check = plan_check({}, invocation(), {});
  ASSERT_FALSE(check);
  EXPECT_EQ(check.error().code, Code::kMissing);
}

TEST(BridgePlan, DelNeedsTheIdentityOnly) {
  const plan::Plan del = plan_del(invocation().attachment(), std::nullopt);
  const auto veths = steps_of<plan::AddVeth>(del);
  ASSERT_EQ(veths.size(), 1U);
  EXPECT_EQ(veths[0].host_name, plan::host_veth_name(invocation().attachment()));
  ASSERT_EQ(steps_of<plan::AddMasquerade>(del).size(), 1U);
  EXPECT_EQ(steps_of<plan::AddMasquerade>(del)[0].owner, "podwire:net1/c1/eth0");
  EXPECT_TRUE(steps_of<plan::AddMasquerade>(del)[0].addresses.empty()) << "to be searched for";
}

TEST(BridgePlan, DelTakesWhatTheTagSays) {
  const spec::Attachment attachment = invocation().attachment();
  plan::OwnerTag tag{.key = plan::owner_key(attachment),
                     .ips = {Cidr::parse("10.1.2.7/24").value(), Cidr::parse("fd00::7/64").value()}};
  EXPECT_TRUE(steps_of<plan::AddMasquerade>(plan_del(attachment, tag)).empty()) << "was never masqueraded";
  tag.masquerade = true;
  const auto masquerade = steps_of<plan::AddMasquerade>(plan_del(attachment, tag));
  ASSERT_EQ(masquerade.size(), 1U);
  EXPECT_EQ(masquerade[0].addresses,
            (std::vector{Ip::parse("10.1.2.7").value(), Ip::parse("fd00::7").value()}));
  tag.complete = false;
  const auto searched = steps_of<plan::AddMasquerade>(plan_del(attachment, tag));
  ASSERT_EQ(searched.size(), 1U);
  EXPECT_TRUE(searched[0].addresses.empty()) << "the tag does not list them all";
}

}  // namespace
}  // namespace podwire::bridge
