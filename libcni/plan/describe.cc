#include "libcni/plan/describe.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <ranges>
#include <utility>

#include "libcni/plan/describe_nft.h"
#include "libcni/plan/shell.h"

namespace podwire::plan {
namespace {

/// What a sysctl is set for, by the last part of its key.
constexpr std::array<std::pair<std::string_view, std::string_view>, 9> kSysctlPurposes{{
    {"accept_ra", "a router takes no routes from advertisements of its pods"},
    {"ip_forward", "the node routes IPv4"},
    {"forwarding", "the node routes IPv6"},
    {"disable_ipv6", "the interface may carry IPv6 addresses"},
    {"arp_notify", "IPv4 neighbours are told when the MAC address is set"},
    {"ndisc_notify", "IPv6 neighbours are told when the MAC address is set"},
    {"keep_addr_on_down", "IPv6 addresses survive when the interface goes down"},
    {"accept_dad",
     "IPv6 duplicate address detection; 0: nobody waits for it, IPAM hands out no address twice"},
    {"enhanced_dad", "duplicate address detection tells its own probes from those of others (RFC 7527)"},
}};

std::string sysctl_purpose(const std::string& key) {
  const std::string_view last = std::string_view(key).substr(key.rfind('/') + 1);
  const auto* found = std::ranges::find(kSysctlPurposes, last, [](const auto& row) { return row.first; });
  return found == kSysctlPurposes.end() ? key : fmt::format("{}: {}", key, found->second);
}

std::string mtu_words(std::uint32_t mtu) {
  return mtu == 0 ? "" : fmt::format(" mtu {}", mtu);
}

/// IPv4 addresses have a broadcast address where there is room for one (kernel/address.cc).
std::string_view broadcast_words(const Cidr& address) {
  return address.ip.is_v4() && address.prefix_length < 31 ? " broadcast +" : "";
}

std::string route_words(const AddRoute& step) {
  const spec::Route& route = step.route;
  std::string words = route.dst.network().text();
  if (route.gw) words += fmt::format(" via {}", route.gw->text());
  words += fmt::format(" dev {}", shell_word(step.link));
  if (route.table) words += fmt::format(" table {}", *route.table);
  if (route.priority != 0) words += fmt::format(" metric {}", route.priority);
  if (route.scope) words += fmt::format(" scope {}", *route.scope);
  if (route.mtu != 0) words += fmt::format(" mtu {}", route.mtu);
  if (route.advmss != 0) words += fmt::format(" advmss {}", route.advmss);
  return words;
}

struct PortVlans {
  std::uint16_t vlan = 0;
  std::vector<VlanRange> trunk;
  bool preserve_default = true;
};

/// A trunk without a native VLAN keeps VLAN 1 as untagged PVID (kernel/steps_port.cc).
void vlan_commands(Commands& out, const std::string& port, const PortVlans& vlans) {
  if (vlans.vlan == 0 && vlans.trunk.empty()) return;
  const std::string dev = shell_word(port);
  // The kernel skips those that the port does not carry (br_vlan_info()).
  if (!vlans.preserve_default) out.push_back(fmt::format("bridge vlan del dev {} vid 1-4094", dev));
  for (const VlanRange& range : vlans.trunk) {
    const std::string last = range.last == range.first ? "" : fmt::format("-{}", range.last);
    out.push_back(fmt::format("bridge vlan add dev {} vid {}{}", dev, range.first, last));
  }
  out.push_back(
      fmt::format("bridge vlan add dev {} vid {} pvid untagged", dev, vlans.vlan == 0 ? 1 : vlans.vlan));
}

class Describer {
 public:
  Describer(Observed& observed, const DescribeContext& context)
      : observed_(observed), netns_(shell_word(context.netns)), ip_pod_(fmt::format("ip -n {}", netns_)) {}

  Result<StepText> operator()(const EnsureBridge& step) {
    const std::string name = shell_word(step.name);
    StepText out{.step = "EnsureBridge", .comment = fmt::format("the bridge {}, up", step.name)};
    const auto [entry, fresh] = observed_.links.try_emplace(step.name);
    if (fresh) {
      out.comment += ", with a MAC address that does not change with its ports";
      out.commands.push_back(fmt::format("ip link add name {} address {}{} type bridge{}", name,
                                         step.mac.text(), mtu_words(step.mtu),
                                         step.vlan_filtering ? " vlan_filtering 1" : ""));
      const std::string accept_dad = fmt::format("net/ipv6/conf/{}/accept_dad", step.name);
      out.commands.push_back(TRY(sysctl_command(accept_dad, "0", true)));
    }
    Observed::Link& link = entry->second;
    std::string changes;
    if (!link.has_mac) changes += " address " + step.mac.text();
    if (!link.up) changes += " up";
    if (step.promiscuous && !link.promiscuous) changes += " promisc on";
    if (!changes.empty()) out.commands.push_back(fmt::format("ip link set dev {}{}", name, changes));
    link.has_mac = true;
    link.up = true;
    link.promiscuous = link.promiscuous || step.promiscuous;
    return out;
  }

  Result<StepText> operator()(const EnsureAddress& step) {
    const std::string dev = shell_word(step.link);
    StepText out{.step = "EnsureAddress",
                 .comment = fmt::format("the pods' gateway {} on {}", step.address.text(), step.link)};
    std::vector<Cidr>& present = observed_.links[step.link].addresses;
    // From the last: a secondary address vanishes with the primary one of its subnet, which comes before it.
    for (const Cidr& old : step.replaces | std::views::reverse) {
      out.commands.push_back(fmt::format("ip address del {} dev {}", old.text(), dev));
      std::erase(present, old);
    }
    if (std::ranges::find(present, step.address) != present.end()) return out;
    out.commands.push_back(fmt::format("ip address add {} dev {}{}{}", step.address.text(), dev,
                                       broadcast_words(step.address),
                                       step.address.ip.is_v4() ? "" : " nodad"));
    present.push_back(step.address);
    return out;
  }

  Result<StepText> operator()(const EnsureSysctl& step) {
    StepText out{.step = "EnsureSysctl", .comment = sysctl_purpose(step.key)};
    std::string& value = observed_.sysctls[step.key];
    if (value == step.value) return out;
    value = step.value;
    out.commands.push_back(TRY(sysctl_command(step.key, step.value, step.optional)));
    return out;
  }

  Result<StepText> operator()(const EnsureVlanGateway& step) {
    StepText out{.step = "EnsureVlanGateway",
                 .comment = fmt::format("{}: where the node stands in VLAN {} of {}", step.name, step.vlan,
                                        step.bridge)};
    const auto [entry, fresh] = observed_.links.try_emplace(step.name);
    if (!fresh) return out;
    entry->second.up = true;
    const std::string peer = shell_word(step.peer);
    const std::string mtu = mtu_words(step.mtu);
    out.commands.push_back(fmt::format(
        "ip link add name {} address {}{} master {} type veth peer name {} address {}{}", peer,
        step.peer_mac.text(), mtu, shell_word(step.bridge), shell_word(step.name), step.mac.text(), mtu));
    vlan_commands(out.commands, step.peer,
                  {.vlan = step.vlan, .trunk = {}, .preserve_default = step.preserve_default_vlan});
    out.commands.push_back(fmt::format("ip link set dev {} up", peer));
    out.commands.push_back(fmt::format("ip link set dev {} up", shell_word(step.name)));
    return out;
  }

  Result<StepText> operator()(const AddVeth& step) {
    const std::string host = shell_word(step.host_name);
    const std::string mtu = mtu_words(step.mtu);
    const std::string master = step.bridge.empty() ? "" : " master " + shell_word(step.bridge);
    StepText out{
        .step = "AddVeth",
        .comment = fmt::format("the pod's link: {} in the pod, {} on the node; the alias names its owner",
                               step.pod_name, step.host_name)};
    out.commands.push_back(fmt::format(
        "ip link add name {} address {}{}{} type veth peer name {} address {}{} netns {}", host,
        step.host_mac.text(), mtu, master, shell_word(step.pod_name), step.pod_mac.text(), mtu, netns_));
    out.commands.push_back(
        fmt::format("ip link set dev {} alias {} addrgenmode none", host, shell_word(step.alias)));
    return out;
  }

  Result<StepText> operator()(const SetBridgePort& step) {
    const std::string dev = shell_word(step.link);
    StepText out{.step = "SetBridgePort", .comment = "the node's end as a port of the bridge, up"};
    out.commands.push_back(fmt::format("ip link set dev {} up", dev));
    if (step.hairpin || step.isolated) {
      out.commands.push_back(fmt::format("bridge link set dev {}{}{}", dev, step.hairpin ? " hairpin on" : "",
                                         step.isolated ? " isolated on" : ""));
    }
    vlan_commands(out.commands, step.link,
                  {.vlan = step.vlan, .trunk = step.trunk, .preserve_default = step.preserve_default_vlan});
    return out;
  }

  Result<StepText> operator()(const SetPodSysctl& step) {
    const std::string command = TRY(sysctl_command(step.key, step.value, step.optional));
    return StepText{.step = "SetPodSysctl",
                    .comment = "in the pod, " + sysctl_purpose(step.key),
                    .commands = {fmt::format("ip netns exec {} {}", netns_, command)}};
  }

  Result<StepText> operator()(const AddAddress& step) {
    const bool no_detection = !step.address.ip.is_v4() && !step.detect_duplicates;
    return StepText{.step = "AddAddress",
                    .comment = "the pod's address",
                    .commands = {fmt::format("{} address add {} dev {}{}{}", ip_pod_, step.address.text(),
                                             shell_word(step.link), broadcast_words(step.address),
                                             no_detection ? " nodad" : "")}};
  }

  Result<StepText> operator()(const SetPodLinkUp& step) {
    StepText text{.step = "SetPodLinkUp",
                  .comment = fmt::format("the pod's {}, up", step.link),
                  .commands = {fmt::format("{} link set dev {} up", ip_pod_, shell_word(step.link))}};
    if (!step.arp_notify) return text;
    const std::string key = fmt::format("net/ipv4/conf/{}/arp_notify", step.link);
    const std::string command = TRY(sysctl_command(key, "1", false));
    text.comment += "; " + sysctl_purpose(key);
    text.commands.push_back(fmt::format("ip netns exec {} {}", netns_, command));
    return text;
  }

  /// `prepend` is the request without NLM_F_EXCL and NLM_F_APPEND that the plugin sends: of two routes to one
  /// destination the later one comes first.
  Result<StepText> operator()(const AddRoute& step) {
    return StepText{.step = "AddRoute",
                    .comment = "a route of the pod",
                    .commands = {fmt::format("{} route prepend {}", ip_pod_, route_words(step))}};
  }

  Result<StepText> operator()(const AddMasquerade& step) {
    Commands commands = TRY(nft_commands(step, observed_));
    return StepText{.step = "AddMasquerade",
                    .comment = "connections of the pod to the outside leave with the node's address",
                    .commands = std::move(commands)};
  }

  Result<StepText> operator()(const EnsureNoMasquerade& step) {
    Commands commands = TRY(nft_commands(step, observed_));
    return StepText{.step = "EnsureNoMasquerade",
                    .comment = "within the pods' networks addresses stay as they are",
                    .commands = std::move(commands)};
  }

  Result<StepText> operator()(const AddMacGuard& step) {
    Commands commands = TRY(nft_commands(step, observed_));
    return StepText{.step = "AddMacGuard",
                    .comment = fmt::format("frames of the pod carry the source address {} or are dropped",
                                           step.mac.text()),
                    .commands = std::move(commands)};
  }

  /// The plugin waits for the event. On Linux 6.8 and later the first look is enough.
  Result<StepText> operator()(const AwaitPort& step) {
    const std::string script =
        fmt::format("until ip -o link show dev {} | grep -Eq \"state (UP|UNKNOWN)\"; do sleep 0.05; done",
                    shell_word(step.link));
    return StepText{
        .step = "AwaitPort",
        .comment = "until the bridge forwards for the pod",
        .commands = {fmt::format("timeout {} sh -c {}", kPortDeadline.count(), shell_word(script))}};
  }

  Result<StepText> operator()(const Announce& step) {
    return StepText{.step = "Announce",
                    .comment =
                        "setting the MAC address it has makes the pod's kernel announce its addresses "
                        "to the neighbours",
                    .commands = {fmt::format("{} link set dev {} address {}", ip_pod_, shell_word(step.link),
                                             step.mac.text())}};
  }

 private:
  static Result<std::string> sysctl_command(const std::string& key, const std::string& value, bool optional) {
    if (key.contains('=')) {
      return fail(Code::kInvalidEnvironment, fmt::format("sysctl has no spelling for {:?}", key),
                  "choose a name without '=' for the interface");
    }
    return fmt::format("sysctl {}-q -w {}", optional ? "-e " : "",
                       shell_word(fmt::format("{}={}", key, value)));
  }

  Observed& observed_;
  std::string netns_;
  std::string ip_pod_;
};

}  // namespace

Result<std::vector<StepText>> describe(const Plan& plan, Observed& observed, const DescribeContext& context) {
  Describer describer(observed, context);
  std::vector<StepText> out;
  for (const Step& step : plan) out.push_back(TRY(std::visit(describer, step)));
  return out;
}

StepText describe(const FileStep& step) {
  const std::string path = shell_word(step.path);
  const auto command = [&]() -> std::string {
    switch (step.action) {
      case FileStep::Action::kMakeDirectory:
        return fmt::format("mkdir -p {}", path);
      case FileStep::Action::kRemove:
        return fmt::format("rm -f {}", path);
      case FileStep::Action::kReplace:
        return fmt::format("(umask 077; printf {} > {})", printf_word(step.content), path);
      case FileStep::Action::kCreate:
        break;
    }
    // -C: the shell creates the file or fails, as whoever else wants that name does.
    return fmt::format("(set -C; umask 077; printf {} > {})", printf_word(step.content), path);
  };
  return {.step = step.name, .comment = step.comment, .commands = {command()}};
}

}  // namespace podwire::plan
