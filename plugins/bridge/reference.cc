#include "plugins/bridge/reference.h"

#include <algorithm>
#include <variant>

#include "libcni/plan/owner.h"

namespace podwire::bridge {
namespace {

/// Steps that verify what podwire makes and the reference does not.
struct IsOurs {
  bool operator()(const plan::AddMasquerade&) const { return true; }
  bool operator()(const plan::EnsureNoMasquerade&) const { return true; }
  bool operator()(const plan::AddMacGuard&) const { return true; }
  /// Older releases leave the bridge's accept_ra alone.
  bool operator()(const plan::EnsureSysctl& step) const { return step.key.ends_with("/accept_ra"); }
  bool operator()(const auto&) const { return false; }
};

}  // namespace

std::string reference_host_end(const Config& config, const spec::Attachment& attachment,
                               const spec::AddResult& previous) {
  const std::string ours = plan::host_veth_name(attachment);
  std::string found;
  for (const spec::Interface& interface : previous.interfaces) {
    if (interface.name == ours) return {};
    const bool is_bridge = interface.name == config.bridge;
    const bool is_gateway = config.vlan != 0 && interface.name == config.vlan_gateway_name();
    if (found.empty() && interface.sandbox.empty() && !is_bridge && !is_gateway) found = interface.name;
  }
  return found;
}

void keep_reference_steps(plan::Plan& steps) {
  std::erase_if(steps, [](const plan::Step& step) { return std::visit(IsOurs(), step); });
  // A link that is down has lost its IPv6 addresses: older releases leave keep_addr_on_down alone. Not they
  // are what is wrong.
  const auto is_up = [](const plan::Step& step) { return std::holds_alternative<plan::SetPodLinkUp>(step); };
  const auto is_address = [](const plan::Step& step) {
    return std::holds_alternative<plan::AddAddress>(step);
  };
  const auto up = std::ranges::find_if(steps, is_up);
  const auto address = std::ranges::find_if(steps, is_address);
  if (up != steps.end() && address < up) std::rotate(address, up, up + 1);
}

plan::reference::Rules reference_rules(const Config& config, const spec::Attachment& attachment,
                                       const spec::AddResult& mine) {
  plan::reference::Rules rules{.attachment = attachment, .mac_guard = config.mac_spoof_check};
  if (!config.ip_masq) return rules;
  for (const spec::IpConfig& ip : mine.ips) rules.masqueraded.push_back(ip.address.ip);
  return rules;
}

}  // namespace podwire::bridge
