#include "plugins/bridge/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "libcni/base/text.h"
#include "libcni/plan/owner.h"
#include "plugins/bridge/reference.h"

namespace podwire::bridge {
namespace {

/// Index of the pod's interface in the result: after the bridge and the host veth, as the reference orders
/// them.
constexpr std::size_t kPodInterface = 2;

Cidr default_route(Family family) {
  return {.ip = Ip::from_number(family, 0), .prefix_length = 0};
}

/// network + 1, the gateway the reference assumes when IPAM names none.
Ip first_host(const Cidr& address) {
  const Ip network = address.network().ip;
  return Ip::from_number(network.family(), network.number() + 1);
}

std::optional<Ip> gateway_of(const spec::AddResult& result, Family family) {
  for (const spec::IpConfig& ip : result.ips) {
    if (ip.gateway && ip.gateway->family() == family) return ip.gateway;
  }
  return std::nullopt;
}

bool has_default_route_with_gateway(const spec::AddResult& result, Family family) {
  return std::any_of(result.routes.begin(), result.routes.end(), [&](const spec::Route& route) {
    return route.gw && route.dst == default_route(family);
  });
}

/// Completes what IPAM returned: interface index, gateways, default routes, DNS.
spec::AddResult complete_result(const Config& config, const spec::Invocation& invocation,
                                spec::AddResult result) {
  for (spec::IpConfig& ip : result.ips) {
    ip.interface = kPodInterface;
    if (!ip.gateway && config.is_gateway) ip.gateway = first_host(ip.address);
  }
  for (const Family family : {Family::kV4, Family::kV6}) {
    const auto gateway = gateway_of(result, family);
    if (config.is_default_gateway && gateway && !has_default_route_with_gateway(result, family)) {
      result.routes.push_back({.dst = default_route(family), .gw = gateway});
    }
  }
  if (invocation.conf.has_dns && !invocation.conf.dns.empty()) result.dns = invocation.conf.dns;
  return result;
}

Mac bridge_mac(const Config& config, const HostState& host) {
  return host.bridge_mac.value_or(Mac::from_seed(stable_hash({"bridge", config.bridge, host.salt})));
}

bool has_vlan_gateway(const Config& config, const spec::AddResult& result) {
  return config.vlan != 0 && config.is_gateway && !result.ips.empty();
}

Mac vlan_gateway_mac(const Config& config, const HostState& host) {
  return host.vlan_gateway_mac.value_or(
      Mac::from_seed(stable_hash({"vlan gateway", config.vlan_gateway_name(), host.salt})));
}

void add_interfaces(const Config& config, const spec::Invocation& invocation, const HostState& host,
                    spec::AddResult& result) {
  const spec::Attachment attachment = invocation.attachment();
  const Mac pod = config.mac.value_or(plan::pod_mac(attachment, host.salt));
  result.interfaces = {
      {.name = config.bridge, .mac = bridge_mac(config, host).text()},
      {.name = plan::host_veth_name(attachment),
       .mac = plan::host_mac(attachment, host.salt).text(),
       .mtu = config.mtu},
      {.name = attachment.ifname, .mac = pod.text(), .mtu = config.mtu, .sandbox = invocation.env.netns},
  };
  if (has_vlan_gateway(config, result)) {
    result.interfaces.push_back(
        {.name = config.vlan_gateway_name(), .mac = vlan_gateway_mac(config, host).text()});
  }
}

bool any_of_family(const spec::AddResult& result, Family family) {
  return std::any_of(result.ips.begin(), result.ips.end(),
                     [&](const spec::IpConfig& ip) { return ip.address.ip.family() == family; });
}

/// Turns one completed result into steps. CHECK builds the same steps from prevResult.
class Builder {
 public:
  Builder(const Config& config, const spec::Invocation& invocation, const spec::AddResult& result)
      : config_(config),
        attachment_(invocation.attachment()),
        result_(result),
        owner_(plan::owner_key(attachment_)) {}

  void bridge(const Mac& mac) {
    add(plan::EnsureBridge{.name = config_.bridge,
                           .mac = mac,
                           .mtu = config_.mtu,
                           .vlan_filtering = config_.has_vlans(),
                           .promiscuous = config_.promisc_mode});
    // A bridge that routes must not take routes from router advertisements of its pods.
    add(plan::EnsureSysctl{
        .key = fmt::format("net/ipv6/conf/{}/accept_ra", config_.bridge), .value = "0", .optional = true});
  }

  void veth(const std::string& host_name, const Mac& host_mac, const Mac& pod_mac) {
    plan::OwnerTag tag{.key = owner_, .ips = {}, .masquerade = config_.ip_masq};
    for (const spec::IpConfig& ip : result_.ips) tag.ips.push_back(ip.address);
    add(plan::AddVeth{.host_name = host_name,
                      .host_mac = host_mac,
                      .pod_name = attachment_.ifname,
                      .pod_mac = pod_mac,
                      .mtu = config_.mtu,
                      .alias = tag.text(),
                      .bridge = config_.bridge});
    if (config_.mac_spoof_check) add(plan::AddMacGuard{.owner = owner_, .link = host_name, .mac = pod_mac});
    add(plan::SetBridgePort{.link = host_name,
                            .hairpin = config_.hairpin_mode,
                            .isolated = config_.port_isolation,
                            .vlan = config_.vlan,
                            .trunk = config_.vlan_trunk,
                            .preserve_default_vlan = config_.preserve_default_vlan});
  }

  void pod_sysctls() {
    const std::string v6 = fmt::format("net/ipv6/conf/{}", attachment_.ifname);
    add(plan::SetPodSysctl{.key = fmt::format("net/ipv4/conf/{}/arp_notify", attachment_.ifname),
                           .value = "1"});
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

  void pod_addresses() {
    for (const spec::IpConfig& ip : result_.ips) {
      add(plan::AddAddress{
          .link = attachment_.ifname, .address = ip.address, .detect_duplicates = config_.enable_dad});
    }
    add(plan::SetPodLinkUp{.link = attachment_.ifname});
  }

  /// The gateway of the family completes a route that names none; a route listed twice is one route.
  void pod_routes() {
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

  void vlan_gateway(const Mac& mac, const std::string& salt) {
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

  void gateway_address(const std::string& link, const Cidr& address, std::vector<Cidr> replaces) {
    if (!address.ip.is_v4()) {
      add(plan::EnsureSysctl{.key = fmt::format("net/ipv6/conf/{}/disable_ipv6", link), .value = "0"});
    }
    add(plan::EnsureAddress{.link = link, .address = address, .replaces = std::move(replaces)});
  }

  void forwarding() {
    if (any_of_family(result_, Family::kV4))
      add(plan::EnsureSysctl{.key = "net/ipv4/ip_forward", .value = "1"});
    if (any_of_family(result_, Family::kV6)) {
      add(plan::EnsureSysctl{.key = "net/ipv6/conf/all/forwarding", .value = "1"});
    }
  }

  void masquerade() {
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

  void announce(const std::string& host_name, const Mac& pod_mac) {
    add(plan::AwaitPort{.link = host_name});
    if (!result_.ips.empty()) add(plan::Announce{.link = attachment_.ifname, .mac = pod_mac});
  }

  plan::Plan steps;

 private:
  template <typename Step>
  void add(Step step) {
    steps.emplace_back(std::move(step));
  }

  const Config& config_;
  spec::Attachment attachment_;
  const spec::AddResult& result_;
  std::string owner_;
};

/// The addresses that must give way to `gateway`. IPv4: every other one; IPv6: those of overlapping prefixes.
Result<std::vector<Cidr>> replaced_addresses(const Config& config, const std::string& link,
                                             const Cidr& gateway, const std::vector<Cidr>& present) {
  std::vector<Cidr> replaced;
  for (const Cidr& address : present) {
    if (address.ip.family() != gateway.ip.family()) continue;
    if (gateway.ip.is_v4() || address.overlaps(gateway)) replaced.push_back(address);
  }
  if (!replaced.empty() && !config.force_address) {
    return fail(Code::kAddressConflict,
                fmt::format("{:?} already has an IP address different from {}", link, gateway.text()),
                fmt::format("it has {}; set forceAddress, or remove it", replaced.front().text()));
  }
  return replaced;
}

Result<void> add_gateways(Builder& builder, const Config& config, const spec::AddResult& result,
                          const HostState& host) {
  const bool on_vlan = has_vlan_gateway(config, result);
  const std::string link = on_vlan ? config.vlan_gateway_name() : config.bridge;
  if (on_vlan) builder.vlan_gateway(vlan_gateway_mac(config, host), host.salt);
  std::vector<Cidr> present = host.gateway_addresses;
  for (const spec::IpConfig& ip : result.ips) {
    const Cidr gateway{.ip = *ip.gateway, .prefix_length = ip.address.prefix_length};
    // Usually an earlier pod brought it.
    if (std::find(present.begin(), present.end(), gateway) != present.end()) continue;
    auto replaced = TRY(replaced_addresses(config, link, gateway, present));
    std::erase_if(present, [&](const Cidr& address) {
      return std::find(replaced.begin(), replaced.end(), address) != replaced.end();
    });
    present.push_back(gateway);
    builder.gateway_address(link, gateway, std::move(replaced));
  }
  builder.forwarding();
  return {};
}

Result<Mac> interface_mac(const spec::AddResult& result, std::string_view name, bool in_sandbox) {
  for (const spec::Interface& interface : result.interfaces) {
    if (interface.name == name && interface.sandbox.empty() != in_sandbox) return Mac::parse(interface.mac);
  }
  return fail(Code::kMissing, fmt::format("prevResult has no interface {:?}", name));
}

}  // namespace

Result<AddPlan> plan_add(const Config& config, const spec::Invocation& invocation,
                         const spec::AddResult& ipam, const HostState& host) {
  AddPlan out{.steps = {}, .result = complete_result(config, invocation, ipam)};
  const spec::AddResult& result = out.result;
  add_interfaces(config, invocation, host, out.result);
  const spec::Attachment attachment = invocation.attachment();
  const std::string host_name = plan::host_veth_name(attachment);
  const Mac pod_mac = config.mac.value_or(plan::pod_mac(attachment, host.salt));

  Builder builder(config, invocation, result);
  builder.bridge(bridge_mac(config, host));
  builder.veth(host_name, plan::host_mac(attachment, host.salt), pod_mac);
  if (!result.ips.empty() && config.is_gateway) TRY(add_gateways(builder, config, result, host));
  if (!result.ips.empty() && config.ip_masq) builder.masquerade();
  builder.pod_sysctls();
  if (!config.disable_container_interface) {
    builder.pod_addresses();
    builder.pod_routes();
    builder.announce(host_name, pod_mac);
  }
  out.steps = std::move(builder.steps);
  return out;
}

Result<CheckPlan> plan_check(const Config& config, const spec::Invocation& invocation,
                             const spec::AddResult& previous) {
  const spec::Attachment attachment = invocation.attachment();
  const std::string foreign = reference_host_end(config, attachment, previous);
  const std::string host_name = foreign.empty() ? plan::host_veth_name(attachment) : foreign;
  const Mac pod_mac = TRY(interface_mac(previous, attachment.ifname, true));
  spec::AddResult mine = previous;
  std::erase_if(mine.ips, [&](const spec::IpConfig& ip) {
    return ip.interface && (*ip.interface >= previous.interfaces.size() ||
                            previous.interfaces[*ip.interface].name != attachment.ifname);
  });

  Builder builder(config, invocation, mine);
  builder.bridge({});
  builder.veth(host_name, {}, pod_mac);
  if (config.is_gateway && !mine.ips.empty()) {
    const std::string link = has_vlan_gateway(config, mine) ? config.vlan_gateway_name() : config.bridge;
    for (const spec::IpConfig& ip : mine.ips) {
      if (!ip.gateway) continue;
      builder.gateway_address(link, {.ip = *ip.gateway, .prefix_length = ip.address.prefix_length}, {});
    }
    builder.forwarding();
  }
  if (config.ip_masq && !mine.ips.empty()) builder.masquerade();
  if (!config.disable_container_interface) {
    builder.pod_addresses();
    builder.pod_routes();
  }
  CheckPlan plan{.steps = std::move(builder.steps), .reference = std::nullopt};
  if (foreign.empty()) return plan;
  keep_reference_steps(plan.steps);
  plan.reference = reference_rules(config, attachment, mine);
  plan.reference->host_link = host_name;
  plan.reference->mac = pod_mac;
  return plan;
}

plan::Plan plan_del(const spec::Attachment& attachment, const std::optional<plan::OwnerTag>& tag) {
  const std::string owner = plan::owner_key(attachment);
  const bool is_known = tag && tag->complete;
  // Undone from the last to the first. The link goes first: what the kernel does for it after that is waiting
  // for RCU grace periods, and the removal of nf_tables elements waits for the same ones.
  plan::Plan plan{plan::AddMacGuard{.owner = owner}};
  if (!is_known || tag->masquerade) {
    plan::AddMasquerade masquerade{.owner = owner, .addresses = {}};
    if (is_known) {
      for (const Cidr& ip : tag->ips) masquerade.addresses.push_back(ip.ip);
    }
    plan.emplace_back(std::move(masquerade));
  }
  const plan::OwnerTag identity{.key = owner, .ips = {}};
  plan.emplace_back(plan::AddVeth{.host_name = plan::host_veth_name(attachment),
                                  .pod_name = attachment.ifname,
                                  .alias = identity.text(),
                                  .attachment = attachment});
  return plan;
}

}  // namespace podwire::bridge
