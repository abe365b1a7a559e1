#include <fmt/format.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <set>

#include "libcni/plan/owner.h"
#include "shim/doctor/checks.h"
#include "shim/doctor/routed.h"

namespace podwire::doctor {
namespace {

using host_local::Range;
using host_local::RangeSet;

constexpr int kNearlyExhausted = 90;  ///< percent

/// A range with where it comes from.
struct Placed {
  const ConfFile* file;
  const Attacher* attacher;
  Range range;

  [[nodiscard]] const std::string& network() const { return file->network->list.name; }
  /// The host has an address in the subnet and routes for it.
  [[nodiscard]] bool is_routed() const { return attacher->bridge && attacher->bridge->is_gateway; }
  /// The link that carries the subnet.
  [[nodiscard]] std::string link() const {
    if (!attacher->bridge) return {};
    return attacher->bridge->vlan != 0 ? attacher->bridge->vlan_gateway_name() : attacher->bridge->bridge;
  }
};

std::vector<Placed> all_ranges(const Observation& seen) {
  std::vector<Placed> placed;
  for (const ConfFile* file : seen.configuration.networks()) {
    for (const Attacher& attacher : file->network->attachers) {
      if (!attacher.pool) continue;
      for (const RangeSet& set : attacher.pool->range_sets) {
        for (const Range& range : set)
          placed.push_back({.file = file, .attacher = &attacher, .range = range});
      }
    }
  }
  return placed;
}

void check_between_networks(const std::vector<Placed>& ranges, Findings& findings) {
  for (auto a = ranges.begin(); a != ranges.end(); ++a) {
    for (auto b = a + 1; b != ranges.end(); ++b) {
      // One directory is one pool, whatever its parts overlap.
      if (a->attacher->pool->directory == b->attacher->pool->directory || !a->range.overlaps(b->range))
        continue;
      findings
          .add(a->is_routed() && b->is_routed() ? Severity::kProblem : Severity::kWarning,
               fmt::format("networks {:?} and {:?} give out the same addresses: {} and {}", a->network(),
                           b->network(), a->range.text(), b->range.text()))
          .advise(
              fmt::format("change the range in {} or {}", a->file->path.string(), b->file->path.string()));
    }
  }
}

/// Addresses of the host that a pod could get, and subnets of other links that a pod's address would lie in.
class HostConflicts {
 public:
  HostConflicts(const HostView& host, Findings& findings) : host_(host), findings_(findings) {}

  void look_at(const Placed& placed) {
    const kernel::Link* own = host_.find_link(placed.link());
    for (const kernel::HostAddress& address : host_.addresses) look_at_address(placed, own, address);
    if (!placed.is_routed()) return;
    for (const kernel::HostRoute& route : host_.routes) look_at_route(placed, own, route);
  }

 private:
  void look_at_address(const Placed& placed, const kernel::Link* own, const kernel::HostAddress& address) {
    const Range& range = placed.range;
    const Cidr& present = address.address;
    if (range.contains(present.ip) && present.ip != range.gateway) {
      say(placed, fmt::format("network {:?} could give a pod {}, which this host has on {}", placed.network(),
                              present.ip.text(), host_.link_name(address.link)));
      return;
    }
    const bool elsewhere = own == nullptr || address.link != own->index;
    if (!placed.is_routed() || !elsewhere || is_host_prefix(present) || !present.overlaps(range.subnet))
      return;
    // The more specific route wins: where the other link's is wider, its hosts suffer and not the pods.
    const bool wider = present.prefix_length < range.subnet.prefix_length;
    say(placed,
        fmt::format("network {:?} uses {}, and {} has {}: {} are not reached", placed.network(),
                    range.subnet.text(), host_.link_name(address.link), present.text(),
                    wider ? "hosts with the addresses of pods" : "pods with these addresses"),
        wider ? Severity::kWarning : Severity::kProblem);
    said_.insert(address.link);
  }

  /// A wider route is no harm: that of the bridge is more specific. Routes that come with an address of the
  /// link have been told of.
  void look_at_route(const Placed& placed, const kernel::Link* own, const kernel::HostRoute& route) {
    const Cidr& subnet = placed.range.subnet;
    if (route.is_default() || route.table != RT_TABLE_MAIN || said_.contains(route.link)) return;
    if (route.destination.prefix_length < subnet.prefix_length || !route.destination.overlaps(subnet)) return;
    if (own != nullptr && route.link == own->index) return;
    const kernel::Link* link = host_.find_link(route.link);
    if (link != nullptr && plan::OwnerTag::parse(link->alias)) return;  // a pod's own
    say(placed,
        fmt::format("network {:?} uses {}, and the host routes {} to {}: pods with these addresses are not "
                    "reached",
                    placed.network(), subnet.text(), route.destination.text(), host_.link_name(route.link)));
  }

  static bool is_host_prefix(const Cidr& cidr) {
    return cidr.prefix_length == address_bits(cidr.ip.family());
  }

  void say(const Placed& placed, std::string message, Severity severity = Severity::kProblem) {
    findings_.add(severity, std::move(message))
        .advise(fmt::format("choose another range in {}", placed.file->path.string()));
  }

  const HostView& host_;
  Findings& findings_;
  std::set<int> said_;  ///< links
};

double capacity_of(const RangeSet& set) {
  double capacity = 0;
  for (const Range& range : set) {
    capacity += static_cast<double>(range.last.number() - range.first.number()) + 1;
    if (range.contains(range.gateway)) --capacity;
  }
  return capacity;
}

std::size_t leases_in(const RangeSet& set, const std::vector<host_local::ListedLease>& leases) {
  return static_cast<std::size_t>(std::ranges::count_if(leases, [&](const host_local::ListedLease& lease) {
    const Range* range = host_local::find_range(set, lease.ip);
    return !lease.dropped_next && range != nullptr && lease.ip != range->gateway;
  }));
}

constexpr const char* kMoreAddresses =
    "release leases that nothing uses (see the check leases), or widen the range";

void check_sets(const ConfFile& file, const Attacher& attacher, const LeaseView& view, Findings& findings) {
  for (const RangeSet& set : attacher.pool->range_sets) {
    const std::size_t used = leases_in(set, *view.leases);
    const double capacity = capacity_of(set);
    const int share = static_cast<int>(static_cast<double>(used) * 100 / capacity);
    if (share < kNearlyExhausted) continue;
    findings
        .warning(fmt::format("network {:?}: {} of {:.0f} addresses of {} are leased ({} %)",
                             file.network->list.name, used, capacity, host_local::text(set), share))
        .advise(kMoreAddresses);
  }
}

}  // namespace

void check_ranges(const Observation& seen, Findings& findings) {
  const std::vector<Placed> ranges = all_ranges(seen);
  check_between_networks(ranges, findings);
  if (!seen.host) {
    findings.skipped(seen.host.error().msg);
    return;
  }
  for (const Placed& placed : ranges) HostConflicts(*seen.host, findings).look_at(placed);
}

void check_pools(const Observation& seen, Findings& findings) {
  for (const ConfFile* file : seen.configuration.networks()) {
    for (const Attacher& attacher : file->network->attachers) {
      if (!attacher.pool) continue;
      const auto view =
          std::ranges::find(seen.attachments.leases, attacher.pool->directory, &LeaseView::directory);
      if (view == seen.attachments.leases.end()) continue;
      if (!seen.root) {
        findings.skipped(fmt::format("network {:?}: needs root", file->network->list.name));
      } else if (!view->usable) {
        const std::string& reason = view->usable.error().msg;
        findings.problem(fmt::format("network {:?}: ADD would fail: {}", file->network->list.name, reason))
            .advise(reason.starts_with("cannot") ? "make that directory writable" : kMoreAddresses);
      } else if (!view->leases) {
        findings.skipped(view->leases.error().msg);
      } else {
        check_sets(*file, attacher, *view, findings);
      }
    }
  }
}

}  // namespace podwire::doctor
