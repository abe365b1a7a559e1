// bridge: pods on a Linux bridge by veth pairs. A superset of the reference plugin of that name.
#pragma once

#include "libcni/kernel/executor.h"
#include "libcni/plugin/planner.h"
#include "libcni/plugin/plugin.h"

namespace podwire::bridge {

/// The verbs of the executable `bridge`.
extern const plugin::Plugin kPlugin;

/// What its ADD would do.
extern const plugin::Planner kPlanner;

/// ADD with the executor's seam, for the rollback tests.
[[nodiscard]] Result<spec::AddResult> add_with(const plugin::Call& call, const kernel::BeforeStep& before);

}  // namespace podwire::bridge
