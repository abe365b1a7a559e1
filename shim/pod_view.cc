#include "shim/pod_view.h"

#include <fmt/format.h>

#include <algorithm>

#include "libcni/base/text.h"
#include "shim/pod/port_mapping.h"
#include "shim/pod/sandbox_view.h"
#include "shim/pod/state.h"

namespace podwire::shim {
namespace {

/// The interface is the pod's when it is in a sandbox; results of old versions name no interfaces at all.
bool is_pods(const spec::AddResult& result, const spec::IpConfig& ip) {
  return !ip.interface || *ip.interface >= result.interfaces.size() ||
         !result.interfaces[*ip.interface].sandbox.empty();
}

Result<Json> network_json(const pod::PodNetwork& network) {
  Json object = Json::object();
  object.set("ifname", network.ifname);
  object.set("network", network.list.name);
  object.set("ips", pod_addresses(network));
  object.set("mac", pod_mac(network));
  object.set("ports", pod_ports(network));
  if (network.result) object.set("result", TRY(runtime::encode_versioned(*network.result)));
  return object;
}

}  // namespace

std::vector<std::string> pod_addresses(const pod::PodNetwork& network) {
  std::vector<std::string> addresses;
  if (!network.result) return addresses;
  const spec::AddResult& result = network.result->result;
  for (const spec::IpConfig& ip : result.ips) {
    if (is_pods(result, ip)) addresses.push_back(ip.address.text());
  }
  return addresses;
}

std::string pod_mac(const pod::PodNetwork& network) {
  if (!network.result) return "";
  const auto& interfaces = network.result->result.interfaces;
  const auto own = std::ranges::find_if(interfaces, [&](const spec::Interface& interface) {
    return interface.name == network.ifname && !interface.sandbox.empty();
  });
  return own == interfaces.end() ? "" : own->mac;
}

std::vector<std::string> pod_ports(const pod::PodNetwork& network) {
  std::vector<std::string> ports;
  const JsonView args = network.capability_args.view();
  const auto array = args.find("portMappings");
  if (!array) return ports;
  // podwire wrote them; what somebody else put there is not shown.
  for (const auto& mapping : pod::decode_port_mappings(*array).value_or(std::vector<pod::PortMapping>{})) {
    ports.push_back(pod::text(mapping));
  }
  return ports;
}

Result<Json> pod_json(const pod::Pod& pod, const pod::PodDirectory& directory) {
  Json object = Json::object();
  object.set("name", pod.name);
  object.set("containerID", pod.container_id);
  object.set("state", pod::state_of(pod));
  object.set("created", pod.created);
  if (pod.holder) object.set("holder", static_cast<int>(pod.holder->pid));
  object.set("netns", directory.ns("net").string());
  object.set("volume", directory.volume().string());
  Json networks = Json::array();
  for (const pod::PodNetwork& network : pod.networks) networks.push_back(TRY(network_json(network)));
  object.set("networks", std::move(networks));
  return object;
}

std::string pod_text(const pod::Pod& pod, const pod::PodDirectory& directory) {
  std::string text = fmt::format("{:<12}{}\n{:<12}{}\n{:<12}{}\n{:<12}{}\n", "pod", pod.name, "state",
                                 pod::state_of(pod), "id", pod.container_id, "created", pod.created);
  if (pod.holder) text += fmt::format("{:<12}{}\n", "holder", pod.holder->pid);
  text += fmt::format("{:<12}{}\n", "netns", directory.ns("net").string());
  text += fmt::format("{:<12}{} (inside: {})\n", "volume", directory.volume().string(), pod::kVolumePath);
  for (const pod::PodNetwork& network : pod.networks) {
    text += fmt::format("{:<12}{}{}\n", network.ifname, network.list.name,
                        network.result ? "" : " (not attached)");
    for (const std::string& address : pod_addresses(network))
      text += fmt::format("  {:<10}{}\n", "address", address);
    if (const std::string mac = pod_mac(network); !mac.empty())
      text += fmt::format("  {:<10}{}\n", "mac", mac);
    for (const std::string& port : pod_ports(network)) text += fmt::format("  {:<10}{}\n", "port", port);
  }
  return text;
}

}  // namespace podwire::shim
