// ADD of bridge, planned and not carried out.
#include <fmt/format.h>
#include <unistd.h>

#include "libcni/plugin/sandbox.h"
#include "plugins/bridge/bridge.h"
#include "plugins/bridge/host.h"

namespace podwire::bridge {
namespace {

/// A pod that is not made yet cannot be in the way.
Result<void> look_into_pod(const plugin::PlanCall& call) {
  const spec::Environment& env = call.invocation.env;
  if (::access(env.netns.c_str(), F_OK) != 0) return {};
  if (::geteuid() != 0) {
    call.notices.push_back(
        fmt::format("only root can look into {}: {} is taken to be free there", env.netns, env.ifname));
    return {};
  }
  kernel::Kernel kernel = TRY(plugin::open_sandbox(env));
  return require_free_name(kernel, env.ifname);
}

Result<plugin::Planned> plan(const plugin::PlanCall& call) {
  const Config config = TRY(parse_config(call.invocation));
  call.notices.insert(call.notices.end(), config.notices.begin(), config.notices.end());
  kernel::Kernel kernel = TRY(plugin::open_host());
  TRY(look_into_pod(call));
  plugin::Planned planned = TRY(plugin::plan_ipam(call));
  const HostState host = TRY(observe(kernel, config));
  AddPlan own = TRY(plan_add(config, call.invocation, planned.result, host));
  TRY(spec::require_expressible(own.result, call.invocation.conf.version));
  planned.parts.push_back({.plugin = call.invocation.conf.type, .steps = std::move(own.steps)});
  planned.result = std::move(own.result);
  return planned;
}

}  // namespace

const plugin::Planner kPlanner{.plugin = "bridge", .plan = plan};

}  // namespace podwire::bridge
