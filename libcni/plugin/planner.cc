#include "libcni/plugin/planner.h"

#include <fmt/format.h>

#include <algorithm>

namespace podwire::plugin {
namespace {

Planned plan_assumed(const std::string& type, std::span<const Cidr> addresses) {
  Planned planned;
  planned.parts.push_back({.plugin = type, .known = false});
  for (const Cidr& address : addresses) planned.result.ips.push_back({.address = address});
  return planned;
}

}  // namespace

Result<Planned> plan_ipam(const PlanCall& call) {
  const std::string& type = call.invocation.conf.ipam_type;
  const auto planner = std::ranges::find(call.planners, type, &Planner::plugin);
  const bool needs_assumption = !type.empty() && planner == call.planners.end();
  if (!needs_assumption && !call.assumed_addresses.empty()) {
    return fail(Code::kInvalidEnvironment,
                type.empty() ? "addresses are given, but the plugin has no \"ipam\""
                             : fmt::format("addresses are given, but {} is asked for them itself", type),
                type.empty()
                    ? ""
                    : "request an address as a runtime does: --args IP=A, or --cap 'ips=[\"A\"]' where "
                      "the list declares it");
  }
  if (type.empty()) return Planned{};
  if (!needs_assumption) return (*planner)->plan(call);
  if (!call.assumed_addresses.empty()) return plan_assumed(type, call.assumed_addresses);
  return fail(
      Code::kDelegate,
      fmt::format("IPAM plugin {:?} is not podwire's: only executing it would tell what it returns", type),
      "give the addresses that it would return: --ip ADDRESS/LENGTH, once for each");
}

}  // namespace podwire::plugin
