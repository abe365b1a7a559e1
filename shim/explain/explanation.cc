#include "shim/explain/explanation.h"

#include <fmt/format.h>

#include <algorithm>
#include <array>

#include "libcni/kernel/observe.h"
#include "libcni/plugin/log.h"
#include "libcni/plugin/planner.h"
#include "libcni/plugin/sandbox.h"
#include "libcni/runtime/request.h"
#include "plugins/bridge/bridge.h"
#include "plugins/host-local-ipam/host_local.h"

namespace podwire::shim {
namespace {

using plugin::Planned;
using plugin::PlannedPart;
using plugin::Planner;

/// Plugins that can be in a list, and those that can be in "ipam".
const std::array kPlugins{&bridge::kPlanner};
const std::array kIpamPlugins{&host_local::kPlanner};

/// What a runtime calls the plugin with.
Result<spec::Invocation> invocation_of(const runtime::RuntimeConf& conf, const Json& request) {
  const auto variable = [&](std::string_view name) -> std::optional<std::string> {
    if (name == "CNI_COMMAND") return std::string(spec::text(spec::Verb::kAdd));
    if (name == "CNI_CONTAINERID") return conf.container_id;
    if (name == "CNI_NETNS") return conf.netns;
    if (name == "CNI_IFNAME") return conf.ifname;
    if (name == "CNI_ARGS") return runtime::args_text(conf.args);
    return std::nullopt;
  };
  spec::Invocation invocation;
  invocation.env = TRY(spec::parse_environment(variable));
  invocation.conf = TRY(spec::parse_net_conf(request.dump()));
  return invocation;
}

/// Asks every plugin of the list in turn, as a runtime would call them.
class ListPlan {
 public:
  ListPlan(const ExplainRequest& request, std::vector<std::string>& notices)
      : request_(request), conf_(request.conf), notices_(notices) {
    conf_.netns = fmt::format("{}/{}", kNetnsDirectory, request.netns);
  }

  Result<void> add(const spec::PluginConf& conf) {
    const auto planner = std::ranges::find(kPlugins, conf.type, &Planner::plugin);
    if (planner == kPlugins.end()) {
      parts.push_back({.plugin = conf.type, .known = false});
      return {};
    }
    const Json request = TRY(runtime::attachment_request(request_.list, conf, conf_, previous_));
    const spec::Invocation invocation = TRY(invocation_of(conf_, request));
    TRY(plugin::Log(conf.type).configure(invocation.conf));  // an ADD is refused for an unknown level
    Planned planned = TRY((*planner)->plan({.invocation = invocation,
                                            .planners = kIpamPlugins,
                                            .assumed_addresses = request_.assumed_addresses,
                                            .notices = notices_}));
    previous_ =
        runtime::VersionedResult{.result = std::move(planned.result), .version = invocation.conf.version};
    std::ranges::move(planned.parts, std::back_inserter(parts));
    return {};
  }

  std::vector<PlannedPart> parts;

 private:
  const ExplainRequest& request_;
  runtime::RuntimeConf conf_;
  std::optional<runtime::VersionedResult> previous_;
  std::vector<std::string>& notices_;
};

/// Of all parts at once, so that none of them is shown what another one makes first.
Result<plan::Observed> observe(const std::vector<PlannedPart>& parts, std::vector<std::string>& notices) {
  plan::Plan steps;
  for (const PlannedPart& part : parts) steps.insert(steps.end(), part.steps.begin(), part.steps.end());
  kernel::Kernel kernel = TRY(plugin::open_host());
  return kernel::observe(steps, kernel, notices);
}

}  // namespace

Result<Explanation> explain(const ExplainRequest& request) {
  Explanation out{.network = request.list.name,
                  .container_id = request.conf.container_id,
                  .ifname = request.conf.ifname,
                  .netns = request.netns};
  ListPlan list(request, out.notices);
  for (const spec::PluginConf& plugin : request.list.plugins) {
    TRY(in_context(list.add(plugin), fmt::format("plugin type=\"{}\" name=\"{}\" would fail (add)",
                                                 plugin.type, request.list.name)));
  }
  plan::Observed observed = TRY(in_context(
      observe(list.parts, out.notices), fmt::format("network \"{}\" would fail (add)", request.list.name)));
  for (const PlannedPart& part : list.parts) {
    ExplainedPart explained{.plugin = part.plugin, .known = part.known};
    for (const plan::FileStep& file : part.files) explained.steps.push_back(plan::describe(file));
    for (plan::StepText& step : TRY(plan::describe(part.steps, observed, {.netns = request.netns}))) {
      explained.steps.push_back(std::move(step));
    }
    out.parts.push_back(std::move(explained));
  }
  return out;
}

}  // namespace podwire::shim
