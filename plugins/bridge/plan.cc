#include "plugins/bridge/plan.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "libcni/base/text.h"
#include "libcni/plan/owner.h"
#include "plugins/bridge/reference.h"
#include "plugins/bridge/step_builder.h"

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

bool has_vlan_gateway(const Config& config, const spec::AddResult& result) {
  return config.vlan != 0 && config.is_gateway && !result.ips.empty();
}

Mac vlan_gateway_mac(const Config& config, const HostState& host) {
  return host.vlan_gateway_mac.value_or(
      Mac::from_seed(stable_hash({"vlan gateway", config.vlan_gateway_name(), host.salt})));
}

/// What is derived from the attachment and the host; each costs a SHA-512.
struct Ends {
  Mac bridge_mac;
  VethEnds veth;
};

Ends derive_ends(const Config& config, const spec::Attachment& attachment, const HostState& host) {
  return {.bridge_mac = host.bridge_mac ? *host.bridge_mac
                                        : Mac::from_seed(stable_hash({"bridge", config.bridge, host.salt})),
          .veth = {.host_name = plan::host_veth_name(attachment),
                   .host_mac = plan::host_mac(attachment, host.salt),
                   .pod_mac = config.mac ? *config.mac : plan::pod_mac(attachment, host.salt)}};
}

void add_interfaces(const Config& config, const spec::Invocation& invocation, const HostState& host,
                    const Ends& ends, spec::AddResult& result) {
  result.interfaces = {
      {.name = config.bridge, .mac = ends.bridge_mac.text()},
      {.name = ends.veth.host_name, .mac = ends.veth.host_mac.text(), .mtu = config.mtu},
      {.name = invocation.env.ifname,
       .mac = ends.veth.pod_mac.text(),
       .mtu = config.mtu,
       .sandbox = invocation.env.netns},
  };
  if (has_vlan_gateway(config, result)) {
    result.interfaces.push_back(
        {.name = config.vlan_gateway_name(), .mac = vlan_gateway_mac(config, host).text()});
  }
}

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

Result<void> add_gateways(StepBuilder& builder, const Config& config, const spec::AddResult& result,
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
  const Ends ends = derive_ends(config, invocation.attachment(), host);
  AddPlan out{.steps = {}, .result = complete_result(config, invocation, ipam)};
  const spec::AddResult& result = out.result;
  add_interfaces(config, invocation, host, ends, out.result);

  StepBuilder builder(config, invocation, result);
  builder.bridge(ends.bridge_mac, host.bridge_accept_ra);
  builder.veth(ends.veth);
  if (!result.ips.empty() && config.is_gateway) TRY(add_gateways(builder, config, result, host));
  if (!result.ips.empty() && config.ip_masq) builder.masquerade();
  builder.pod_sysctls();
  if (!config.disable_container_interface) {
    builder.pod_addresses();
    builder.pod_routes();
    builder.announce(ends.veth);
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

  StepBuilder builder(config, invocation, mine);
  builder.bridge({}, std::nullopt);
  builder.veth({.host_name = host_name, .pod_mac = pod_mac});
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
