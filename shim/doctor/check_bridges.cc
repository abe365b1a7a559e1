#include <fmt/format.h>

#include <algorithm>
#include <set>

#include "shim/doctor/checks.h"
#include "shim/doctor/routed.h"

namespace podwire::doctor {
namespace {

/// Ethernet's, which a bridge and a veth pair have unless the network says otherwise.
constexpr std::uint32_t kUsualMtu = 1500;

bool has_ports(const HostView& host, const kernel::Link& bridge) {
  return std::ranges::any_of(host.links,
                             [&](const kernel::Link& link) { return link.master == bridge.index; });
}

/// Gateways that the network puts on its bridge.
std::vector<Cidr> gateways_of(const host_local::Config& pool) {
  std::vector<Cidr> gateways;
  for (const host_local::RangeSet& set : pool.range_sets) {
    for (const host_local::Range& range : set) {
      const Cidr gateway{.ip = range.gateway, .prefix_length = range.subnet.prefix_length};
      if (std::ranges::find(gateways, gateway) == gateways.end()) gateways.push_back(gateway);
    }
  }
  return gateways;
}

/// The rule of the plugin: IPv4 suffers no other address, IPv6 none of an overlapping prefix.
bool is_in_the_way(const Cidr& present, const std::vector<Cidr>& gateways) {
  if (std::ranges::find(gateways, present) != gateways.end()) return false;
  return std::ranges::any_of(gateways, [&](const Cidr& gateway) {
    return gateway.ip.family() == present.ip.family() && (gateway.ip.is_v4() || present.overlaps(gateway));
  });
}

class BridgeCheck {
 public:
  BridgeCheck(const Observation& seen, Findings& findings) : host_(*seen.host), findings_(findings) {}

  void look_at(const ConfFile& file, const Attacher& attacher) {
    const bridge::Config& config = *attacher.bridge;
    const kernel::Link* link = host_.find_link(config.bridge);
    if (link == nullptr) return;  // ADD makes it
    if (link->kind != "bridge") {
      findings_
          .problem(fmt::format("network {:?} wants the bridge {}, but that link is {}",
                               file.network->list.name, config.bridge,
                               link->kind.empty() ? "no bridge" : "of kind " + link->kind))
          .advise(fmt::format("rename the link, or choose another \"bridge\" in {}", file.path.string()));
      return;
    }
    if (config.has_vlans() && !link->vlan_filtering) {
      findings_
          .problem(fmt::format("network {:?} uses VLANs, but bridge {} does not filter by VLAN",
                               file.network->list.name, config.bridge))
          .run(fmt::format("ip link set {} type bridge vlan_filtering 1", config.bridge));
    }
    if (!link->is_up() && has_ports(host_, *link)) {
      findings_.problem(fmt::format("bridge {} is down: its pods are cut off", config.bridge))
          .run(fmt::format("ip link set {} up", config.bridge));
    }
    look_at_addresses(file, attacher);
  }

 private:
  void look_at_addresses(const ConfFile& file, const Attacher& attacher) {
    const bridge::Config& config = *attacher.bridge;
    if (!config.is_gateway || config.force_address || !attacher.pool) return;
    const std::string name = config.vlan != 0 ? config.vlan_gateway_name() : config.bridge;
    const kernel::Link* link = host_.find_link(name);
    if (link == nullptr) return;
    const std::vector<Cidr> gateways = gateways_of(*attacher.pool);
    for (const kernel::HostAddress& address : host_.addresses) {
      if (address.link != link->index || !is_in_the_way(address.address, gateways)) continue;
      if (has_gateway(link->index, gateways, address.address.ip.family())) continue;
      findings_
          .problem(
              fmt::format("ADD to network {:?} would fail: {} has the address {} already, and the network's "
                          "gateway is {}",
                          file.network->list.name, name, address.address.text(),
                          gateway_text(gateways, address.address.ip.family())))
          .advise(fmt::format(
              "give the network a bridge of its own in {}; or, if no pod uses it, run `ip address del "
              "{} dev {}`",
              file.path.string(), address.address.text(), name));
    }
  }

  /// With the right address there, ADD does not mind others.
  [[nodiscard]] bool has_gateway(int link, const std::vector<Cidr>& gateways, Family family) const {
    return std::ranges::any_of(host_.addresses, [&](const kernel::HostAddress& address) {
      return address.link == link && address.address.ip.family() == family &&
             std::ranges::find(gateways, address.address) != gateways.end();
    });
  }

  static std::string gateway_text(const std::vector<Cidr>& gateways, Family family) {
    const auto found =
        std::ranges::find_if(gateways, [&](const Cidr& gateway) { return gateway.ip.family() == family; });
    return found == gateways.end() ? "" : found->text();
  }

  const HostView& host_;
  Findings& findings_;
};

}  // namespace

void check_bridges(const Observation& seen, Findings& findings) {
  if (!seen.host) {
    findings.skipped(seen.host.error().msg);
    return;
  }
  BridgeCheck check(seen, findings);
  for (const ConfFile* file : seen.configuration.networks()) {
    for (const Attacher& attacher : file->network->attachers) {
      if (attacher.plugin.ours && attacher.bridge) check.look_at(*file, attacher);
    }
  }
}

void check_mtu(const Observation& seen, Findings& findings) {
  if (!seen.host) {
    findings.skipped(seen.host.error().msg);
    return;
  }
  std::set<std::string> said;
  for (const ConfFile* file : seen.configuration.networks()) {
    for (const Attacher& attacher : file->network->attachers) {
      if (!attacher.plugin.ours || !attacher.bridge || !attacher.bridge->is_gateway) continue;
      const std::uint32_t mtu = attacher.bridge->mtu == 0 ? kUsualMtu : attacher.bridge->mtu;
      const kernel::Link* uplink = seen.host->uplink(Family::kV4);
      if (uplink == nullptr) uplink = seen.host->uplink(Family::kV6);
      if (uplink == nullptr || uplink->mtu >= mtu || !said.insert(file->network->list.name).second) continue;
      findings
          .warning(fmt::format(
              "pods of network {:?} send packets of {} bytes, the uplink {} takes {}: large ones are "
              "lost wherever somebody drops \"too big\" messages",
              file->network->list.name, mtu, uplink->name, uplink->mtu))
          .advise(fmt::format("set \"mtu\": {} in {}; pods made from then on have it", uplink->mtu,
                              file->path.string()));
    }
  }
}

}  // namespace podwire::doctor
