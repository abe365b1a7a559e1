#include <fmt/format.h>
#include <linux/netfilter.h>

#include <algorithm>

#include "libcni/base/text.h"
#include "shim/doctor/checks.h"
#include "shim/doctor/filter/packet_filter.h"
#include "shim/doctor/routed.h"

namespace podwire::doctor {
namespace {

using filter::Fate;
using filter::Judgement;
using filter::Packet;

/// Addresses for documentation (RFC 5737, RFC 3849): they stand for anybody outside.
constexpr const char* kOutside4 = "192.0.2.1";
constexpr const char* kOutside6 = "2001:db8::1";

struct Flow {
  const char* what;  ///< "new connections of pods to the outside"
  Packet packet;
  filter::Way way = filter::Way::kRouted;
  filter::Ports ports = {};
};

/// What must pass for pods on the bridge to work: out, back, and, where the kernel shows bridged frames to
/// iptables, to each other.
std::vector<Flow> flows_of(const Observation& seen, const RoutedBridge& bridge) {
  const bool v4 = bridge.family == Family::kV4;
  const Ip outside = Ip::parse(v4 ? kOutside4 : kOutside6).value_or(Ip());
  const int bridge_index = bridge.link == nullptr ? 0 : bridge.link->index;
  std::vector<Flow> flows;
  if (const kernel::Link* uplink = seen.host->uplink(bridge.family)) {
    const Packet out{.iif = bridge.name,
                     .oif = uplink->name,
                     .iif_index = bridge_index,
                     .oif_index = uplink->index,
                     .source = bridge.pod,
                     .destination = outside};
    const Packet back{.iif = uplink->name,
                      .oif = bridge.name,
                      .iif_index = uplink->index,
                      .oif_index = bridge_index,
                      .source = outside,
                      .destination = bridge.pod,
                      .established = true};
    flows.push_back({.what = "connections of pods to the outside", .packet = out});
    flows.push_back({.what = "answers from the outside to pods", .packet = back});
  }
  const bool filtered =
      seen.sysctl(v4 ? "net/bridge/bridge-nf-call-iptables" : "net/bridge/bridge-nf-call-ip6tables") == "1";
  flows.push_back({.what = "connections between pods of the bridge",
                   .packet = {.iif = bridge.name,
                              .oif = bridge.name,
                              .iif_index = bridge_index,
                              .oif_index = bridge_index,
                              .source = bridge.pod,
                              .destination = bridge.pod},
                   .way = filtered ? filter::Way::kBridgedFiltered : filter::Way::kBridged,
                   .ports = {.in = bridge.port, .out = bridge.port}});
  return flows;
}

bool has_chain(const kernel::NftRuleset& ruleset, const kernel::NftChain& beside, std::string_view prefix) {
  return std::ranges::any_of(ruleset.chains, [&](const kernel::NftChain& chain) {
    return chain.family == beside.family && chain.table == beside.table && chain.name.starts_with(prefix);
  });
}

std::string_view family_word(std::uint8_t family) {
  if (family == NFPROTO_INET) return "inet";
  if (family == NFPROTO_BRIDGE) return "bridge";
  return family == NFPROTO_IPV6 ? "ip6" : "ip";
}

/// What lets packets from and to the bridge pass, in the words of the program that made the chain.
std::vector<std::string> allowing(const kernel::NftRuleset& ruleset, const kernel::NftChain& base,
                                  const std::string& bridge) {
  if (base.table == "firewalld") {
    return {fmt::format("firewall-cmd --permanent --zone=trusted --add-interface={}", bridge),
            "firewall-cmd --reload"};
  }
  const bool iptables = base.table == "filter" && base.name == "FORWARD" &&
                        (base.family == NFPROTO_IPV4 || base.family == NFPROTO_IPV6);
  if (!iptables) {
    const std::string chain = fmt::format("{} {} {}", family_word(base.family), base.table, base.name);
    if (base.family == NFPROTO_BRIDGE) return {};
    return {fmt::format("nft insert rule {} iifname {} accept", chain, bridge),
            fmt::format("nft insert rule {} oifname {} accept", chain, bridge)};
  }
  if (has_chain(ruleset, base, "ufw")) {
    return {fmt::format("ufw route allow in on {}", bridge),
            fmt::format("ufw route allow out on {}", bridge)};
  }
  const char* program = base.family == NFPROTO_IPV6 ? "ip6tables" : "iptables";
  const char* chain = has_chain(ruleset, base, "DOCKER-USER") ? "DOCKER-USER" : "FORWARD";
  return {fmt::format("{} -I {} -i {} -j ACCEPT", program, chain, bridge),
          fmt::format("{} -I {} -o {} -j ACCEPT", program, chain, bridge)};
}

void say(const kernel::NftRuleset& ruleset, const RoutedBridge& bridge,
         const std::vector<std::string>& dropped, const Judgement& judgement, Findings& findings) {
  const bool sure = judgement.fate == Fate::kDropped;
  std::string message =
      fmt::format("{} ({}): {} {} by {}", bridge.name, bridge.family == Family::kV4 ? "IPv4" : "IPv6",
                  join(dropped, " and "), sure ? "are dropped" : "may be dropped", judgement.place);
  if (!judgement.unknown.empty()) {
    message += fmt::format("; podwire cannot tell because of: {}", join(judgement.unknown, ", "));
  }
  Finding& finding = findings.add(sure ? Severity::kProblem : Severity::kWarning, std::move(message));
  finding.commands = allowing(ruleset, *judgement.base, bridge.name);
  if (finding.commands.empty()) finding.advise("let frames between the bridge's ports pass");
}

/// One finding per place that drops something, not one per flow.
void check_bridge(const Observation& seen, const RoutedBridge& bridge, Findings& findings) {
  const kernel::NftRuleset& ruleset = seen.firewall.nft->forward;
  std::vector<std::pair<Judgement, std::vector<std::string>>> places;
  for (const Flow& flow : flows_of(seen, bridge)) {
    const Judgement judgement = filter::judge(ruleset, flow.packet, flow.way, flow.ports);
    if (judgement.fate == Fate::kPasses) continue;
    const auto same = std::ranges::find_if(places, [&](const auto& place) {
      return place.first.base == judgement.base && place.first.fate == judgement.fate;
    });
    if (same != places.end())
      same->second.emplace_back(flow.what);
    else
      places.push_back({judgement, {flow.what}});
  }
  for (const auto& [judgement, flows] : places) say(ruleset, bridge, flows, judgement, findings);
}

}  // namespace

void check_forward_filter(const Observation& seen, Findings& findings) {
  if (!seen.host || !seen.firewall.nft) {
    findings.skipped(seen.host ? seen.firewall.nft.error().msg : seen.host.error().msg);
    return;
  }
  for (const RoutedBridge& bridge : routed_bridges(seen)) check_bridge(seen, bridge, findings);
}

void check_firewall_software(const Observation& seen, Findings& findings) {
  const FirewallView& firewall = seen.firewall;
  if (!firewall.legacy_tables.empty()) {
    findings
        .warning(fmt::format(
            "rules of iptables-legacy are in force (tables: {}), which podwire cannot read: they may drop "
            "packets of pods",
            join(firewall.legacy_tables, ", ")))
        .advise(
            "look at `iptables-legacy -S FORWARD` and `ip6tables-legacy -S FORWARD`; let packets from and to "
            "podwire's "
            "bridges pass");
  }
  // A ufw that runs is judged by its rules; one that starts with the next boot would drop then.
  const bool ufw_runs =
      firewall.nft && std::ranges::any_of(firewall.nft->forward.chains, [](const kernel::NftChain& chain) {
        return chain.name.starts_with("ufw");
      });
  if (firewall.ufw && firewall.ufw->enabled && !ufw_runs &&
      !equals_ignore_case(firewall.ufw->forward_policy, "ACCEPT")) {
    findings
        .warning(
            "ufw is enabled, though not in force now, and its DEFAULT_FORWARD_POLICY is not ACCEPT: from the "
            "next boot "
            "on it drops packets of pods")
        .advise(
            "set DEFAULT_FORWARD_POLICY=\"ACCEPT\" in /etc/default/ufw, or add `ufw route allow in on "
            "BRIDGE` and "
            "`... out on BRIDGE`");
  }
  const bool firewalld_table =
      firewall.nft && std::ranges::any_of(firewall.nft->tables, [](const std::string& table) {
        return table.ends_with(" firewalld");
      });
  if (!firewall.firewalld_runs && !firewalld_table) return;
  for (const RoutedBridge& bridge : routed_bridges(seen)) {
    if (bridge.family != Family::kV4) continue;
    findings.ok(fmt::format("firewalld runs; what it does to {} is told by forward-filter", bridge.name));
  }
}

}  // namespace podwire::doctor
