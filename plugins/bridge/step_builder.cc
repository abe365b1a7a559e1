#include "plugins/bridge/step_builder.h"

#include <fmt/format.h>

#include <algorithm>

#include "libcni/base/text.h"
#include "libcni/plan/owner.h"

namespace podwire::bridge {
namespace {

bool any_of_family(const spec::AddResult& result, Family family) {
  return std::any_of(result.ips.begin(), result.ips.end(),
                     [&](const spec::IpConfig& ip) { return ip.address.ip.family() == family; });
}

}  // namespace

std::optional<Ip> gateway_of(const spec::AddResult& result, Family family) {
  for (const spec::IpConfig& ip : result.ips) {
    if (ip.gateway && ip.gateway->family() == family) return ip.gateway;
  }
  return std::nullopt;
}

StepBuilder::StepBuilder(const Config& config, const spec::Invocation& invocation,
                         const spec::AddResult& result)
    : config_(config),
      attachment_(invocation.attachment()),
      result_(result),
      owner_(plan::owner_key(attachment_)) {}

void StepBuilder::bridge(const Mac& mac, std::optional<int> accept_ra) {
  add(plan::EnsureBridge{.name = config_.bridge,
                         .mac = mac,
                         .mtu = config_.mtu,
                         .vlan_filtering = config_.has_vlans(),
                         .promiscuous = config_.promisc_mode});
  // A bridge that routes must not take routes from router advertisements of its pods.
  if (accept_ra == 0) return;
  add(plan::EnsureSysctl{
      .key = fmt::format("net/ipv6/conf/{}/accept_ra", config_.bridge), .value = "0", .optional = true});
}

void StepBuilder::veth(const VethEnds& ends) {
  plan::OwnerTag tag{.key = owner_, .ips = {}, .masquerade = config_.ip_masq};
  for (const spec::IpConfig& ip : result_.ips) tag.ips.push_back(ip.address);
  add(plan::AddVeth{.host_name = ends.host_name,
                    .host_mac = ends.host_mac,
                    .pod_name = attachment_.ifname,
                    .pod_mac = ends.pod_mac,
                    .mtu = config_.mtu,
                    .alias = tag.text(),
                    .bridge = config_.bridge});
  if (config_.mac_spoof_check)
    add(plan::AddMacGuard{.owner = owner_, .link = ends.host_name, .mac = ends.pod_mac});
  add(plan::SetBridgePort{.link = ends.host_name,
                          .hairpin = config_.hairpin_mode,
                          .isolated = config_.port_isolation,
                          .vlan = config_.vlan,
                          .trunk = config_.vlan_trunk,
                          .preserve_default_vlan = config_.preserve_default_vlan});
}

void StepBuilder::pod_sysctls() {
  const std::string v6 = fmt::format("net/ipv6/conf/{}", attachment_.ifname);
  if (config_.disable_container_interface) {
    add(plan::SetPodSysctl{.key = fmt::format("net/ipv4/conf/{}/arp_notify", attachment_.ifname),
                           .value = "1"});
  }
  if (any_of_family(result_, Family::kV6)) {
    add(plan::SetPodSysctl{.key = "net/ipv6/conf/lo/disable_ipv6", .value = "0"});
    add(plan::SetPodSysctl{.key = v6 + "/disable_ipv6", .value = "0"});
    add(plan::SetPodSysctl{.key = v6 + "/keep_addr_on_down", .value = "1"});
    add(plan::SetPodSysctl{.key = v6 + "/ndisc_notify", .value = "1"});
  }
  if (config_.enable_dad)
    add(plan::SetPodSysctl{.key = v6 + "/enhanced_dad", .value = "1", .optional = true});
  add(plan::SetPodSysctl{
      .key = v6 + "/accept_dad", .value = config_.enable_dad ? "1" : "0", .optional = true});
}

void StepBuilder::pod_addresses() {
  for (const spec::IpConfig& ip : result_.ips) {
    add(plan::AddAddress{
        .link = attachment_.ifname, .address = ip.address, .detect_duplicates = config_.enable_dad});
  }
  add(plan::SetPodLinkUp{.link = attachment_.ifname, .arp_notify = true});
}

void StepBuilder::pod_routes() {
  std::vector<spec::Route> done;
  for (spec::Route route : result_.routes) {
    if (!route.gw) route.gw = gateway_of(result_, route.dst.ip.family());
    const bool seen = std::any_of(done.begin(), done.end(), [&](const spec::Route& other) {
      return other.dst == route.dst && other.gw == route.gw && other.priority == route.priority &&
             other.table == route.table;
    });
    if (seen) continue;
    done.push_back(route);
    add(plan::AddRoute{.link = attachment_.ifname, .route = route});
  }
}

void StepBuilder::vlan_gateway(const Mac& mac, const std::string& salt) {
  const std::uint64_t peer = stable_hash({"vlan gateway peer", config_.vlan_gateway_name()});
  add(plan::EnsureVlanGateway{
      .bridge = config_.bridge,
      .name = config_.vlan_gateway_name(),
      .peer = fmt::format("veth{:011x}", peer & 0xfffffffffffULL),
      .mac = mac,
      .peer_mac = plan::bridge_port_mac(stable_hash({"peer", config_.vlan_gateway_name(), salt})),
      .mtu = config_.mtu,
      .vlan = config_.vlan,
      .preserve_default_vlan = config_.preserve_default_vlan});
}

void StepBuilder::gateway_address(const std::string& link, const Cidr& address, std::vector<Cidr> replaces) {
  if (!address.ip.is_v4()) {
    add(plan::EnsureSysctl{.key = fmt::format("net/ipv6/conf/{}/disable_ipv6", link), .value = "0"});
  }
  add(plan::EnsureAddress{.link = link, .address = address, .replaces = std::move(replaces)});
}

void StepBuilder::forwarding() {
  if (any_of_family(result_, Family::kV4))
    add(plan::EnsureSysctl{.key = "net/ipv4/ip_forward", .value = "1"});
  if (any_of_family(result_, Family::kV6)) {
    add(plan::EnsureSysctl{.key = "net/ipv6/conf/all/forwarding", .value = "1"});
  }
}

void StepBuilder::masquerade() {
  plan::AddMasquerade masquerade{.owner = owner_, .addresses = {}};
  plan::EnsureNoMasquerade exempt{.owner = plan::owner_prefix(attachment_.network), .destinations = {}};
  for (const spec::IpConfig& ip : result_.ips) {
    masquerade.addresses.push_back(ip.address.ip);
    const Cidr network = ip.address.network();
    const bool seen = std::find(exempt.destinations.begin(), exempt.destinations.end(), network) !=
                      exempt.destinations.end();
    if (!seen) exempt.destinations.push_back(network);
  }
  add(std::move(masquerade));
  add(std::move(exempt));
}

void StepBuilder::announce(const VethEnds& ends) {
  add(plan::AwaitPort{.link = ends.host_name});
  if (!result_.ips.empty()) add(plan::Announce{.link = attachment_.ifname, .mac = ends.pod_mac});
}

}  // namespace podwire::bridge
