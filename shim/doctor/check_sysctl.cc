#include <fmt/format.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <set>

#include "shim/doctor/checks.h"
#include "shim/doctor/features.h"
#include "shim/doctor/routed.h"

namespace podwire::doctor {
namespace {

constexpr const char* kForward4 = "net/ipv4/ip_forward";
constexpr const char* kForward6 = "net/ipv6/conf/all/forwarding";

/// Beyond this share of a table its owner should act; a burst fills the rest.
constexpr long long kNearlyFull = 80;  ///< percent
constexpr long long kFull = 95;
constexpr long long kEnlarge = 4;

std::string dotted(std::string key) {
  std::ranges::replace(key, '/', '.');
  return key;
}

std::string set_sysctl(const std::string& key, std::string_view value) {
  return fmt::format("sysctl -w {}={}", dotted(key), value);
}

/// What sysctl -w sets is gone with the next boot.
std::string keep_advice(const std::string& key, std::string_view value) {
  return fmt::format("to keep it, put {}={} into a file of /etc/sysctl.d", dotted(key), value);
}

std::string pods_text(std::size_t pods) {
  return pods == 1 ? "1 pod" : fmt::format("{} pods", pods);
}

struct Table {
  const char* what;
  long long used;
  long long limit;
  std::string limit_key;
};

void check_table(const Table& table, Findings& findings) {
  if (table.limit <= 0) return;
  const long long share = table.used * 100 / table.limit;
  if (share < kNearlyFull) return;
  findings
      .add(share >= kFull ? Severity::kProblem : Severity::kWarning,
           fmt::format("{} of {} {} are in use ({} %): new ones are refused when it is full", table.used,
                       table.limit, table.what, share))
      .run(set_sysctl(table.limit_key, std::to_string(table.limit * kEnlarge)))
      .advise(keep_advice(table.limit_key, std::to_string(table.limit * kEnlarge)));
}

void skip_without_host(const Observation& seen, Findings& findings) {
  if (!seen.host) findings.skipped(seen.host.error().msg);
}

/// Links with a default route of the main table.
std::set<int> uplinks(const HostView& host, Family family) {
  std::set<int> links;
  for (const kernel::HostRoute& route : host.routes) {
    if (route.is_default() && route.table == RT_TABLE_MAIN && route.destination.ip.family() == family) {
      links.insert(route.link);
    }
  }
  return links;
}

}  // namespace

void check_forwarding(const Observation& seen, Findings& findings) {
  skip_without_host(seen, findings);
  std::set<std::string> said;
  for (const RoutedBridge& bridge : routed_bridges(seen)) {
    if (bridge.pods == 0) continue;  // ADD switches it on
    const bool v4 = bridge.family == Family::kV4;
    const std::string all = v4 ? kForward4 : kForward6;
    const std::string own = fmt::format("net/ipv4/conf/{}/forwarding", bridge.name);
    for (const std::string& key : {all, own}) {
      if (key == own && (!v4 || seen.sysctl(all) == "0")) continue;
      if (seen.sysctl(key) != "0" || !said.insert(key).second) continue;
      findings
          .problem(fmt::format("{} is 0: nothing is routed for the {} on {}", dotted(key),
                               pods_text(bridge.pods), bridge.name))
          .run(set_sysctl(key, "1"));
    }
  }
}

void check_rp_filter(const Observation& seen, Findings& findings) {
  skip_without_host(seen, findings);
  if (!seen.host) return;
  const std::set<int> links = uplinks(*seen.host, Family::kV4);
  if (links.size() < 2) return;
  const long long all = seen.sysctl_number("net/ipv4/conf/all/rp_filter").value_or(0);
  for (const int index : links) {
    const std::string key = fmt::format("net/ipv4/conf/{}/rp_filter", seen.host->link_name(index));
    constexpr long long kStrict = 1;
    if (std::max(all, seen.sysctl_number(key).value_or(0)) != kStrict) continue;
    findings
        .warning(fmt::format(
            "{} is strict, and there are {} uplinks: an answer that comes in by {} while the best "
            "route back leaves by another is dropped",
            dotted(key), links.size(), seen.host->link_name(index)))
        .run(set_sysctl(key, "2"))
        .advise(keep_advice(key, "2"));
  }
}

void check_conntrack_table(const Observation& seen, Findings& findings) {
  const auto used = seen.sysctl_number("net/netfilter/nf_conntrack_count");
  const auto limit = seen.sysctl_number("net/netfilter/nf_conntrack_max");
  if (!used || !limit) {
    findings.ok("connections are not tracked yet");
    return;
  }
  check_table({.what = "tracked connections",
               .used = *used,
               .limit = *limit,
               .limit_key = "net/netfilter/nf_conntrack_max"},
              findings);
  if (!findings.has_spoken())
    findings.ok(fmt::format("{} of {} tracked connections are in use", *used, *limit));
}

void check_neighbour_table(const Observation& seen, Findings& findings) {
  skip_without_host(seen, findings);
  if (!seen.host) return;
  const auto look_at = [&](const char* what, std::size_t used, const std::string& key) {
    check_table({.what = what,
                 .used = static_cast<long long>(used),
                 .limit = seen.sysctl_number(key).value_or(0),
                 .limit_key = key},
                findings);
  };
  look_at("IPv4 neighbours (ARP)", seen.host->neighbours4, "net/ipv4/neigh/default/gc_thresh3");
  look_at("IPv6 neighbours", seen.host->neighbours6, "net/ipv6/neigh/default/gc_thresh3");
}

void check_accept_ra(const Observation& seen, Findings& findings) {
  skip_without_host(seen, findings);
  if (!seen.host) return;
  const bool forwards = seen.sysctl(kForward6) == "1";
  const bool will_forward =
      forwards || std::ranges::any_of(routed_bridges(seen), [](const RoutedBridge& bridge) {
        return bridge.family == Family::kV6;
      });
  if (!will_forward) return;
  std::set<int> said;
  for (const kernel::HostRoute& route : seen.host->routes) {
    if (!route.is_default() || route.protocol != RTPROT_RA || !said.insert(route.link).second) continue;
    const std::string link = seen.host->link_name(route.link);
    const std::string key = fmt::format("net/ipv6/conf/{}/accept_ra", link);
    if (seen.sysctl(key) != "1") continue;  // 2 accepts all the same; 0: another program does it
    findings
        .add(forwards ? Severity::kProblem : Severity::kWarning,
             fmt::format(
                 "the IPv6 default route by {} comes from router advertisements, and {} is 1: {}", link,
                 dotted(key),
                 forwards
                     ? "while IPv6 is forwarded the kernel ignores them, and the route will expire"
                     : "the first IPv6 pod turns forwarding on, and the kernel ignores them from then on"))
        .run(set_sysctl(key, "2"))
        .advise(keep_advice(key, "2"));
  }
}

void check_sysctl_files(const Observation& seen, Findings& findings) {
  const auto bridges = routed_bridges(seen);
  const auto routes = [&](Family family) {
    return std::ranges::any_of(bridges, [&](const RoutedBridge& bridge) { return bridge.family == family; });
  };
  const std::map<std::string, Family, std::less<>> wanted{
      {kForward4, Family::kV4}, {"net/ipv4/conf/all/forwarding", Family::kV4}, {kForward6, Family::kV6}};
  std::map<std::string, const SysctlSetting*> last;
  for (const SysctlSetting& setting : seen.sysctl_settings) last[setting.key] = &setting;
  for (const auto& [key, setting] : last) {
    const auto family = wanted.find(key);
    if (family == wanted.end() || setting->value != "0" || !routes(family->second)) continue;
    findings
        .warning(fmt::format("{} sets {} to 0: the next boot, or `sysctl --system`, cuts pods off",
                             setting->file, dotted(key)))
        .advise(fmt::format("set {}=1 in {}", dotted(key), setting->file));
  }
}

}  // namespace podwire::doctor
