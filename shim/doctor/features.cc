#include "shim/doctor/features.h"

#include <algorithm>
#include <array>

namespace podwire::doctor {
namespace {

using kernel::Capability;
using Names = std::array<std::string_view, 1>;

constexpr Names kVethModules{"veth"};
constexpr Names kBridgeModules{"bridge"};
constexpr Names kVxlanModules{"vxlan"};
constexpr Names kMacvlanModules{"macvlan"};
constexpr std::array<std::string_view, 5> kMasqueradeModules{"nf_tables", "nf_conntrack", "nf_nat",
                                                             "nft_chain_nat", "nft_masq"};
constexpr Names kMacGuardModules{"nf_tables"};
constexpr std::array<std::string_view, 2> kConntrackModules{"nf_conntrack", "nf_conntrack_netlink"};

bool any_attacher(const Observation& seen, const std::function<bool(const Attacher&)>& holds) {
  const auto files = seen.configuration.networks();
  return std::ranges::any_of(
      files, [&](const ConfFile* file) { return std::ranges::any_of(file->network->attachers, holds); });
}

bool always(const Observation& /*seen*/) {
  return true;
}
bool for_masquerade(const Observation& seen) {
  return uses_bridge(seen, [](const bridge::Config& config) { return config.ip_masq; });
}
bool for_mac_guard(const Observation& seen) {
  return uses_bridge(seen, [](const bridge::Config& config) { return config.mac_spoof_check; });
}
bool for_vlans(const Observation& seen) {
  return uses_bridge(seen, [](const bridge::Config& config) { return config.has_vlans(); });
}
bool for_vxlan(const Observation& seen) {
  return uses_type(seen, "vxlan");
}
bool for_macvlan(const Observation& seen) {
  return uses_type(seen, "macvlan");
}

constexpr std::array kFeatures{
    Feature{Capability::kVeth, "veth pairs", kVethModules, "CONFIG_VETH", always, "every pod"},
    Feature{Capability::kBridge, "bridges", kBridgeModules, "CONFIG_BRIDGE", always, "the plugin bridge"},
    Feature{Capability::kMasquerade, "nftables masquerading", kMasqueradeModules,
            "CONFIG_NF_TABLES_INET, CONFIG_NFT_NAT and CONFIG_NFT_MASQ", for_masquerade, "the key ipMasq"},
    Feature{Capability::kConntrack, "connection tracking over netlink", kConntrackModules,
            "CONFIG_NF_CT_NETLINK", for_masquerade, "the key ipMasq"},
    Feature{Capability::kMacGuard, "nftables on bridges", kMacGuardModules, "CONFIG_NF_TABLES_BRIDGE",
            for_mac_guard, "the key macspoofchk"},
    Feature{Capability::kBridgeVlan, "VLAN filtering on bridges", kBridgeModules,
            "CONFIG_BRIDGE_VLAN_FILTERING", for_vlans, "the keys vlan and vlanTrunk"},
    Feature{Capability::kMacvlan, "macvlan links", kMacvlanModules, "CONFIG_MACVLAN", for_macvlan,
            "the plugin macvlan"},
    Feature{Capability::kVxlan, "VXLAN links", kVxlanModules, "CONFIG_VXLAN", for_vxlan, "the plugin vxlan"}};

}  // namespace

std::span<const Feature> all_features() {
  return kFeatures;
}

bool can_be_asked(const Modules& modules, std::span<const std::string_view> needed) {
  if (!modules.supported) return true;
  return std::ranges::all_of(
      needed, [&](std::string_view name) { return modules.state(name) == ModuleState::kPresent; });
}

bool nftables_can_be_read(const Modules& modules) {
  return can_be_asked(modules, kMacGuardModules);
}

bool uses_type(const Observation& seen, std::string_view type) {
  return any_attacher(seen, [&](const Attacher& attacher) { return attacher.plugin.type == type; });
}

bool uses_bridge(const Observation& seen, bool (*has)(const bridge::Config&)) {
  return any_attacher(seen,
                      [&](const Attacher& attacher) { return attacher.bridge && has(*attacher.bridge); });
}

bool uses_family(const Observation& seen, Family family) {
  return any_attacher(seen, [&](const Attacher& attacher) {
    return attacher.pool &&
           std::ranges::any_of(attacher.pool->range_sets, [&](const host_local::RangeSet& set) {
             return set.front().first.family() == family;
           });
  });
}

}  // namespace podwire::doctor
