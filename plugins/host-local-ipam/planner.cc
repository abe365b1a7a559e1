// ADD of host-local, planned and not carried out.
#include "libcni/plugin/planner.h"

#include "plugins/host-local-ipam/allocator.h"
#include "plugins/host-local-ipam/config.h"
#include "plugins/host-local-ipam/host_local.h"
#include "plugins/host-local-ipam/lease_preview.h"
#include "plugins/host-local-ipam/resolv_conf.h"

namespace podwire::host_local {
namespace {

Result<plugin::Planned> plan(const plugin::PlanCall& call) {
  Config config = TRY(parse_config(call.invocation));
  plugin::Planned planned;
  planned.result.routes = std::move(config.routes);
  if (!config.resolv_conf.empty()) planned.result.dns = TRY(read_resolv_conf(config.resolv_conf));
  LeasePreview leases = TRY(LeasePreview::open(config.directory, call.notices));
  const Owner owner{.container_id = call.invocation.env.container_id, .ifname = call.invocation.env.ifname};
  planned.result.ips = TRY(allocate(leases, config.range_sets, config.requested, owner));
  planned.parts.push_back({.plugin = "host-local", .files = leases.files()});
  return planned;
}

}  // namespace

const plugin::Planner kPlanner{.plugin = "host-local", .plan = plan};

}  // namespace podwire::host_local
