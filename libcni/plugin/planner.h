// What an ADD would do, decided by looking at the kernel and at leases; nothing is changed, nothing executed.
//
// A table beside plugin::Plugin and not a verb in it: the executables do not refer to it, so a runtime does
// not pay for it with every exec.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libcni/base/error.h"
#include "libcni/base/ip.h"
#include "libcni/plan/file_step.h"
#include "libcni/plan/step.h"
#include "libcni/spec/invocation.h"
#include "libcni/spec/result.h"

namespace podwire::plugin {

/// What one plugin does of an ADD: files first, then the steps.
struct PlannedPart {
  std::string plugin;  ///< its type
  /// False: not podwire's, so what it does is known to itself alone.
  bool known = true;
  std::vector<plan::FileStep> files = {};
  plan::Plan steps = {};
};

struct Planned {
  std::vector<PlannedPart> parts;  ///< in the order of doing: a delegate comes before who asks it
  spec::AddResult result;
};

struct Planner;

struct PlanCall {
  const spec::Invocation& invocation;
  std::span<const Planner* const> planners;  ///< of IPAM plugins that can be asked
  /// What an IPAM plugin that cannot be asked is taken to return.
  std::span<const Cidr> assumed_addresses;
  std::vector<std::string>& notices;  ///< what could not be looked at, and what that means
};

struct Planner {
  std::string_view plugin;  ///< "bridge"
  /// The errors are those of ADD.
  Result<Planned> (*plan)(const PlanCall&);
};

/// The plan of the IPAM plugin that the configuration names, by its name alone: which executable a runtime
/// would find under it is not looked at. Nothing when there is none. Errors: kDelegate for a plugin that
/// cannot be asked when no addresses are assumed for it; kInvalidEnvironment for assumed addresses that
/// nobody needs.
[[nodiscard]] Result<Planned> plan_ipam(const PlanCall& call);

}  // namespace podwire::plugin
