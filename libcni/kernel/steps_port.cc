// Steps on bridge ports: port options, VLANs, the gateway of a VLAN.
#include <fmt/format.h>

#include <algorithm>
#include <cerrno>

#include "libcni/kernel/link.h"
#include "libcni/kernel/steps.h"

namespace podwire::kernel {
namespace {

/// The PVID the kernel gives every port of a VLAN-filtering bridge (br_vlan.c, default_pvid).
constexpr std::uint16_t kDefaultPvid = 1;

struct PortVlans {
  std::uint16_t vlan = 0;
  std::span<const plan::VlanRange> trunk;
  bool preserve_default = true;
};

/// What a port must carry besides what is preserved. A trunk without a native VLAN keeps VLAN 1 as untagged
/// PVID.
std::vector<PortVlan> wanted_vlans(const PortVlans& port) {
  std::vector<PortVlan> wanted;
  for (const plan::VlanRange& range : port.trunk)
    wanted.push_back({.first = range.first, .last = range.last});
  const std::uint16_t native = port.vlan != 0 ? port.vlan : kDefaultPvid;
  if (port.vlan != 0 || !port.trunk.empty())
    wanted.push_back({.first = native, .last = native, .pvid_untagged = true});
  return wanted;
}

Result<void> set_port_vlans(Netlink& netlink, const std::string& name, const PortVlans& port) {
  const std::vector<PortVlan> wanted = wanted_vlans(port);
  if (wanted.empty()) return {};
  const Link link = TRY(require_link(netlink, name, Code::kKernel));
  if (!port.preserve_default) {
    const auto present = list_port_vlans(netlink, link.index);
    if (!present)
      return std::unexpected(present.error().as_error(fmt::format("cannot read VLANs of {}", name)));
    TRY(as_result(delete_port_vlans(netlink, link.index, *present),
                  fmt::format("cannot clear VLANs of {}", name)));
  }
  return as_result(add_port_vlans(netlink, link.index, wanted), fmt::format("cannot set VLANs of {}", name));
}

Result<void> verify_port_vlans(Netlink& netlink, const Link& link, const PortVlans& port) {
  const std::vector<PortVlan> wanted = wanted_vlans(port);
  if (wanted.empty()) return {};
  const auto present = list_port_vlans(netlink, link.index);
  if (!present)
    return std::unexpected(present.error().as_error(fmt::format("cannot read VLANs of {}", link.name)));
  for (const PortVlan& range : wanted) {
    for (std::uint16_t vid = range.first; vid <= range.last; ++vid) {
      const bool found = std::any_of(present->begin(), present->end(), [&](const PortVlan& vlan) {
        return vlan.first <= vid && vid <= vlan.last && vlan.pvid_untagged == range.pvid_untagged;
      });
      if (!found) return missing(fmt::format("port {} does not carry VLAN {}", link.name, vid));
    }
  }
  return {};
}

PortVlans vlans_of(const plan::SetBridgePort& step) {
  return {.vlan = step.vlan, .trunk = step.trunk, .preserve_default = step.preserve_default_vlan};
}

}  // namespace

Result<void> apply_step(const plan::SetBridgePort& step, Kernel& kernel) {
  LinkChange change{.up = true};
  if (step.hairpin) change.hairpin = true;
  if (step.isolated) change.isolated = true;
  TRY(as_result(change_link(kernel.host(), step.link, change),
                fmt::format("cannot set up bridge port {}", step.link)));
  return set_port_vlans(kernel.host(), step.link, vlans_of(step));
}

Result<void> verify_step(const plan::SetBridgePort& step, Kernel& kernel) {
  const Link link = TRY(require_link(kernel.host(), step.link, Code::kMissing));
  if (!link.is_up()) return missing(fmt::format("bridge port {} is down", step.link));
  if (link.hairpin != step.hairpin) {
    return missing(
        fmt::format("hairpin mode of {} is {}, expected {}", step.link, link.hairpin, step.hairpin));
  }
  if (link.isolated != step.isolated) {
    return missing(
        fmt::format("isolation of {} is {}, expected {}", step.link, link.isolated, step.isolated));
  }
  return verify_port_vlans(kernel.host(), link, vlans_of(step));
}

namespace {

/// Makes the pair; an error when half of it cannot be made, with the pair removed again.
Result<void> make_vlan_gateway(const plan::EnsureVlanGateway& step, Netlink& host) {
  const Link bridge = TRY(require_link(host, step.bridge, Code::kKernel));
  const auto created = create_veth(host, {.end = {.name = step.peer, .mac = step.peer_mac},
                                          .peer = {.name = step.name, .mac = step.mac},
                                          .mtu = step.mtu,
                                          .master = bridge.index});
  if (!created && created.error().number == EEXIST) return {};  // another ADD made it just now
  TRY(as_result(created, fmt::format("failed to make the VLAN gateway {}", step.name)));
  const auto finish = [&]() -> Result<void> {
    TRY(set_port_vlans(host, step.peer, {.vlan = step.vlan, .preserve_default = step.preserve_default_vlan}));
    TRY(as_result(change_link(host, step.peer, {.up = true}), fmt::format("cannot bring up {}", step.peer)));
    return as_result(change_link(host, step.name, {.up = true}),
                     fmt::format("cannot bring up {}", step.name));
  };
  const Result<void> finished = finish();
  if (finished) return {};
  if (const auto link = find_link(host, step.name); link && *link) {
    const auto removed = delete_link(host, (*link)->index);
    if (!removed) return in_context(finished, removed.error().as_error("and it cannot be removed").msg);
  }
  return finished;
}

}  // namespace

Result<void> apply_step(const plan::EnsureVlanGateway& step, Kernel& kernel) {
  const auto existing = TRY(look_up_link(kernel.host(), step.name));
  if (!existing) return make_vlan_gateway(step, kernel.host());
  return require_kind(*existing, "veth");
}

Result<void> verify_step(const plan::EnsureVlanGateway& step, Kernel& kernel) {
  const Link gateway = TRY(require_link(kernel.host(), step.name, Code::kMissing));
  if (!gateway.is_up()) return missing(fmt::format("VLAN gateway {} is down", step.name));
  return {};
}

}  // namespace podwire::kernel
