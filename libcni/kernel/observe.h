// Looking at the kernel before a plan is shown: reads, and nothing else.
#pragma once

#include <string>
#include <vector>

#include "libcni/base/error.h"
#include "libcni/kernel/kernel.h"
#include "libcni/plan/observed.h"
#include "libcni/plan/step.h"

namespace podwire::kernel {

/// What is there of what the plan's shared steps ensure. Needs no privilege, but for nf_tables, which the
/// kernel shows to CAP_NET_ADMIN only: without it, plan::Observed says that it could not be read, and
/// `notices` gets a line. What apply() would be refused for is an error here as well: kLinkConflict,
/// kInterfaceExists.
[[nodiscard]] Result<plan::Observed> observe(const plan::Plan& plan, Kernel& kernel,
                                             std::vector<std::string>& notices);

}  // namespace podwire::kernel
