#include "shim/doctor/routed.h"

#include <algorithm>

namespace podwire::doctor {
namespace {

/// The host has an address in the pod's subnet on that link: it is the pod's router.
bool is_gateway_of(const HostView& host, int bridge, const Cidr& pod) {
  return std::ranges::any_of(host.addresses, [&](const kernel::HostAddress& address) {
    return address.link == bridge && address.address.ip.family() == pod.ip.family() &&
           address.address.contains(pod.ip);
  });
}

RoutedBridge& entry_of(std::vector<RoutedBridge>& bridges, const std::string& name, Family family) {
  const auto found = std::ranges::find_if(
      bridges, [&](const RoutedBridge& bridge) { return bridge.name == name && bridge.family == family; });
  if (found != bridges.end()) return *found;
  return bridges.emplace_back(RoutedBridge{.name = name, .family = family});
}

void add_pods(const HostView& host, std::vector<RoutedBridge>& bridges) {
  for (const TaggedLink& tagged : tagged_links(host)) {
    const kernel::Link* bridge = host.find_link(tagged.link->master);
    if (bridge == nullptr) continue;
    for (const Cidr& ip : tagged.tag.ips) {
      if (!is_gateway_of(host, bridge->index, ip)) continue;
      RoutedBridge& entry = entry_of(bridges, bridge->name, ip.ip.family());
      entry.link = bridge;
      entry.pod = ip.ip;
      entry.port = tagged.link->name;
      ++entry.pods;
    }
  }
}

void add_configured(const Observation& seen, const Attacher& attacher, std::vector<RoutedBridge>& bridges) {
  if (!attacher.bridge || !attacher.bridge->is_gateway || !attacher.pool) return;
  // The gateway of a VLAN is a link of its own.
  const std::string name =
      attacher.bridge->vlan != 0 ? attacher.bridge->vlan_gateway_name() : attacher.bridge->bridge;
  for (const host_local::RangeSet& set : attacher.pool->range_sets) {
    RoutedBridge& entry = entry_of(bridges, name, set.front().first.family());
    if (entry.pods > 0) continue;
    entry.link = seen.host->find_link(name);
    entry.pod = set.front().last;
  }
}

}  // namespace

std::vector<TaggedLink> tagged_links(const HostView& host) {
  std::vector<TaggedLink> tagged;
  for (const kernel::Link& link : host.links) {
    if (auto tag = plan::OwnerTag::parse(link.alias))
      tagged.push_back({.link = &link, .tag = std::move(*tag)});
  }
  return tagged;
}

std::vector<RoutedBridge> routed_bridges(const Observation& seen) {
  std::vector<RoutedBridge> bridges;
  if (!seen.host) return bridges;
  add_pods(*seen.host, bridges);
  for (const ConfFile* file : seen.configuration.networks()) {
    for (const Attacher& attacher : file->network->attachers) {
      if (attacher.plugin.ours) add_configured(seen, attacher, bridges);
    }
  }
  return bridges;
}

}  // namespace podwire::doctor
