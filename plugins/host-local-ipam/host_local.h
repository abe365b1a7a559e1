// host-local: addresses from ranges on this host, one lease file per address (design: O(1) in the number of
// leases).
#pragma once

#include "libcni/plugin/planner.h"
#include "libcni/plugin/plugin.h"

namespace podwire::host_local {

/// The verbs of the executable `host-local`, and what our other plugins call in-process.
extern const plugin::Plugin kPlugin;

/// What its ADD would do: the lease files that it would write.
extern const plugin::Planner kPlanner;

}  // namespace podwire::host_local
