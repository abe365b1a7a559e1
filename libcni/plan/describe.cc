#include "libcni/plan/describe.h"

#include <fmt/format.h>

namespace podwire::plan {
namespace {

using Lines = std::vector<std::string>;

std::string mtu_words(std::uint32_t mtu) {
  return mtu == 0 ? "" : fmt::format(" mtu {}", mtu);
}

std::string sysctl_line(const std::string& key, const std::string& value) {
  return fmt::format("sysctl -q -w {}={}", key, value);
}

/// Elements of the twin sets of one table, the IPv4 ones and the IPv6 ones.
std::string element_line(Family family, std::string_view set, const std::string& element,
                         const std::string& owner) {
  return fmt::format("nft 'add element inet podwire {}{} {{ {} comment \"{}\" }}'", set,
                     family == Family::kV4 ? 4 : 6, element, owner);
}

void vlan_lines(Lines& out, const std::string& port, std::uint16_t vlan, const std::vector<VlanRange>& trunk,
                bool preserve) {
  if (vlan == 0 && trunk.empty()) return;
  if (!preserve) out.push_back(fmt::format("bridge vlan del dev {} vid 1-4094", port));
  for (const VlanRange& range : trunk) {
    out.push_back(fmt::format("bridge vlan add dev {} vid {}-{}", port, range.first, range.last));
  }
  out.push_back(fmt::format("bridge vlan add dev {} vid {} pvid untagged", port, vlan == 0 ? 1 : vlan));
}

class Describer {
 public:
  explicit Describer(const DescribeContext& context)
      : ip_pod_(fmt::format("ip -n {}", context.netns)), context_(context) {}

  void operator()(const EnsureBridge& step) {
    line(fmt::format("ip link add {} address {}{} type bridge{}", step.name, step.mac.text(),
                     mtu_words(step.mtu), step.vlan_filtering ? " vlan_filtering 1" : ""));
    line(sysctl_line(fmt::format("net/ipv6/conf/{}/accept_dad", step.name), "0"));
    line(fmt::format("ip link set {} up{}", step.name, step.promiscuous ? " promisc on" : ""));
  }
  void operator()(const EnsureAddress& step) {
    line(fmt::format("ip address add {} dev {}{}", step.address.text(), step.link,
                     family_words(step.address)));
    for (const Cidr& old : step.replaces)
      line(fmt::format("ip address del {} dev {}", old.text(), step.link));
  }
  void operator()(const EnsureSysctl& step) { line(sysctl_line(step.key, step.value)); }
  void operator()(const EnsureVlanGateway& step) {
    line(fmt::format("ip link add {} address {}{} type veth peer name {} address {}", step.peer,
                     step.peer_mac.text(), mtu_words(step.mtu), step.name, step.mac.text()));
    line(fmt::format("ip link set {} master {} up", step.peer, step.bridge));
    vlan_lines(out, step.peer, step.vlan, {}, step.preserve_default_vlan);
    line(fmt::format("ip link set {} up", step.name));
  }
  void operator()(const AddVeth& step) {
    const std::string mtu = mtu_words(step.mtu);
    line(fmt::format("ip link add {} address {}{} type veth peer name {} address {}{} netns {}",
                     step.host_name, step.host_mac.text(), mtu, step.pod_name, step.pod_mac.text(), mtu,
                     context_.netns));
    line(fmt::format("ip link set {} addrgenmode none alias '{}'{}", step.host_name, step.alias,
                     step.bridge.empty() ? "" : " master " + step.bridge));
  }
  void operator()(const SetBridgePort& step) {
    line(fmt::format("ip link set {} up", step.link));
    if (step.hairpin || step.isolated) {
      line(fmt::format("bridge link set dev {}{}{}", step.link, step.hairpin ? " hairpin on" : "",
                       step.isolated ? " isolated on" : ""));
    }
    vlan_lines(out, step.link, step.vlan, step.trunk, step.preserve_default_vlan);
  }
  void operator()(const SetPodSysctl& step) {
    line(fmt::format("ip netns exec {} {}{}", context_.netns, sysctl_line(step.key, step.value),
                     step.optional ? " || true" : ""));
  }
  void operator()(const AddAddress& step) {
    line(fmt::format("{} address add {} dev {}{}", ip_pod_, step.address.text(), step.link,
                     step.detect_duplicates ? "" : family_words(step.address)));
  }
  void operator()(const SetPodLinkUp& step) { line(fmt::format("{} link set {} up", ip_pod_, step.link)); }
  void operator()(const AddRoute& step) { line(fmt::format("{} {}", ip_pod_, route_words(step))); }
  void operator()(const AddMasquerade& step) {
    for (const Ip& ip : step.addresses) line(element_line(ip.family(), "masq", ip.text(), step.owner));
  }
  void operator()(const EnsureNoMasquerade& step) {
    for (const Cidr& cidr : step.destinations) {
      line(element_line(cidr.ip.family(), "nomasq", cidr.network().text(), step.owner));
    }
  }
  void operator()(const AddMacGuard& step) {
    line(fmt::format("nft 'add element bridge podwire macguard {{ \"{}\" . {} comment \"{}\" }}'", step.link,
                     step.mac.text(), step.owner));
    line(fmt::format("nft 'add element bridge podwire macguard_ports {{ \"{}\" comment \"{}\" }}'", step.link,
                     step.owner));
  }
  void operator()(const AwaitPort& step) { line(fmt::format("ip link show {} up", step.link)); }
  void operator()(const Announce& step) {
    line(fmt::format("{} link set {} address {}", ip_pod_, step.link, step.mac.text()));
  }

  Lines out;

 private:
  void line(std::string text) { out.push_back(std::move(text)); }

  static std::string_view family_words(const Cidr& address) {
    return address.ip.is_v4() ? (address.prefix_length < 31 ? " broadcast +" : "") : " nodad";
  }

  static std::string route_words(const AddRoute& step) {
    const spec::Route& route = step.route;
    std::string words = fmt::format("route append {}", route.dst.network().text());
    if (route.gw) words += fmt::format(" via {}", route.gw->text());
    words += fmt::format(" dev {}", step.link);
    if (route.table) words += fmt::format(" table {}", *route.table);
    if (route.priority != 0) words += fmt::format(" metric {}", route.priority);
    if (route.scope) words += fmt::format(" scope {}", *route.scope);
    if (route.mtu != 0) words += fmt::format(" mtu {}", route.mtu);
    if (route.advmss != 0) words += fmt::format(" advmss {}", route.advmss);
    return words;
  }

  std::string ip_pod_;
  const DescribeContext& context_;
};

}  // namespace

std::vector<std::string> describe(const Plan& plan, const DescribeContext& context) {
  Describer describer(context);
  for (const Step& step : plan) std::visit(describer, step);
  return std::move(describer.out);
}

}  // namespace podwire::plan
