// What bridge looks at before it plans.
#pragma once

#include <string>

#include "libcni/base/error.h"
#include "libcni/kernel/kernel.h"
#include "plugins/bridge/config.h"
#include "plugins/bridge/plan.h"

namespace podwire::bridge {

[[nodiscard]] Result<HostState> observe(kernel::Kernel& kernel, const Config& config);

/// A name taken in the netns is found before IPAM is asked, so that the first attachment keeps its lease.
/// kInterfaceExists.
[[nodiscard]] Result<void> require_free_name(kernel::Kernel& kernel, const std::string& ifname);

}  // namespace podwire::bridge
