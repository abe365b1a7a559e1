// CHECK of an attachment that the reference made: told by prevResult, and planned without what only podwire
// makes.
#include "plugins/bridge/reference.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "libcni/plan/owner.h"
#include "plugins/bridge/plan.h"

namespace podwire::bridge {
namespace {

const spec::Attachment kAttachment{.network = "net1", .container_id = "c1", .ifname = "eth0"};
const Config kConfig{.is_gateway = true, .ip_masq = true, .mac_spoof_check = true};

spec::Invocation invocation() {
  return {
      .env = {.verb = spec::Verb::kCheck, .container_id = "c1", .netns = "/run/netns/x", .ifname = "eth0"},
      .conf = *spec::parse_net_conf(R"({"cniVersion":"1.0.0","name":"net1","type":"bridge"})")};
}

/// prevResult with these interfaces on the host.
spec::AddResult previous(const std::vector<std::string>& host) {
  spec::AddResult result;
  for (const std::string& name : host)
    result.interfaces.push_back({.name = name, .mac = "02:00:00:00:00:01"});
  result.interfaces.push_back({.name = "eth0", .mac = "02:00:00:00:00:02", .sandbox = "/run/netns/x"});
  result.ips.push_back(
      {.interface = host.size(), .address = *Cidr::parse("10.1.2.3/24"), .gateway = *Ip::parse("10.1.2.1")});
  return result;
}

template <typename Step>
std::size_t count(const plan::Plan& plan) {
  return static_cast<std::size_t>(
      std::ranges::count_if(plan, [](const plan::Step& step) { return std::holds_alternative<Step>(step); }));
}

TEST(BridgeReference, ToldByTheHostEndInPrevResult) {
  const std::string ours = plan::host_veth_name(kAttachment);
  const auto found = [&](const std::vector<std::string>& host) {
    return reference_host_end(kConfig, kAttachment, previous(host));
  };
  EXPECT_EQ(found({"cni0", "veth0a1b2c3d"}), "veth0a1b2c3d");
  EXPECT_EQ(found({"cni0", "veth0a1b2c3d", "bwp0123456789"}), "veth0a1b2c3d")
      << "what chained plugins add comes later";
  EXPECT_EQ(found({"cni0", ours}), "");
  EXPECT_EQ(found({"cni0", "bwp0123456789", ours}), "");
  EXPECT_EQ(found({"cni0"}), "");
  Config vlan = kConfig;
  vlan.vlan = 7;
  EXPECT_EQ(reference_host_end(vlan, kAttachment, previous({"cni0", "cni0.7", "veth0a1b2c3d"})),
            "veth0a1b2c3d");
}

TEST(BridgeReference, ItsCheckLeavesOutWhatOnlyPodwireMakes) {
  const auto check = plan_check(kConfig, invocation(), previous({"cni0", "veth0a1b2c3d"}));
  ASSERT_TRUE(check) << check.error().msg;
  ASSERT_TRUE(check->reference);
  EXPECT_EQ(check->reference->attachment, kAttachment);
  EXPECT_EQ(check->reference->host_link, "veth0a1b2c3d");
  EXPECT_EQ(check->reference->mac.text(), "02:00:00:00:00:02");
  EXPECT_EQ(check->reference->masqueraded, std::vector{*Ip::parse("10.1.2.3")});
  EXPECT_TRUE(check->reference->mac_guard);
  EXPECT_EQ(count<plan::AddMasquerade>(check->steps) + count<plan::EnsureNoMasquerade>(check->steps), 0U);
  EXPECT_EQ(count<plan::AddMacGuard>(check->steps), 0U);
  EXPECT_EQ(count<plan::AddVeth>(check->steps), 1U);
  EXPECT_EQ(count<plan::SetBridgePort>(check->steps), 1U);
  EXPECT_EQ(count<plan::EnsureAddress>(check->steps), 1U);
  for (const plan::Step& step : check->steps) {
    const auto* veth = std::get_if<plan::AddVeth>(&step);
    const auto* port = std::get_if<plan::SetBridgePort>(&step);
    EXPECT_TRUE(veth == nullptr || veth->host_name == "veth0a1b2c3d");
    EXPECT_TRUE(port == nullptr || port->link == "veth0a1b2c3d");
  }
}

TEST(BridgeReference, OurOwnCheckKeepsEveryStep) {
  const auto check = plan_check(kConfig, invocation(), previous({"cni0", plan::host_veth_name(kAttachment)}));
  ASSERT_TRUE(check) << check.error().msg;
  EXPECT_FALSE(check->reference);
  EXPECT_EQ(count<plan::AddMasquerade>(check->steps), 1U);
  EXPECT_EQ(count<plan::AddMacGuard>(check->steps), 1U);
}

TEST(BridgeReference, WithoutMasqueradingNoneIsExpected) {
  const auto rules = reference_rules({}, kAttachment, previous({"cni0", "veth0a1b2c3d"}));
  EXPECT_TRUE(rules.masqueraded.empty());
  EXPECT_FALSE(rules.mac_guard);
}

TEST(BridgeReference, ALinkThatIsDownIsNamedBeforeTheAddressesItLost) {
  const auto check = plan_check(kConfig, invocation(), previous({"cni0", "veth0a1b2c3d"}));
  ASSERT_TRUE(check);
  const auto at = [&](auto is) { return std::ranges::find_if(check->steps, is); };
  EXPECT_LT(at([](const plan::Step& s) { return std::holds_alternative<plan::SetPodLinkUp>(s); }),
            at([](const plan::Step& s) { return std::holds_alternative<plan::AddAddress>(s); }));
}

}  // namespace
}  // namespace podwire::bridge
