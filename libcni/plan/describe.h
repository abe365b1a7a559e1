// A plan in words an engineer can run: the same steps as ip, bridge, nft and sysctl command lines.
#pragma once

#include <string>
#include <vector>

#include "libcni/plan/step.h"

namespace podwire::plan {

/// How command lines name the pod's namespace, and where the pod's end comes from: `ip -n <netns> ...`.
struct DescribeContext {
  std::string netns = "POD";
};

/// One or more shell command lines per step, in order. Nothing is executed.
[[nodiscard]] std::vector<std::string> describe(const Plan& plan, const DescribeContext& context = {});

}  // namespace podwire::plan
