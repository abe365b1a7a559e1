// The kernel of one call: host and pod namespaces opened by the rules of each verb.
#pragma once

#include "libcni/base/error.h"
#include "libcni/kernel/kernel.h"
#include "libcni/spec/invocation.h"

namespace podwire::plugin {

/// ADD, CHECK: CNI_NETNS must be a network namespace and not the plugin's own (D8), unless CNI_NETNS_OVERRIDE
/// is set. Code::kInvalidNetns.
[[nodiscard]] Result<kernel::Kernel> open_sandbox(const spec::Environment& env);

/// DEL: a netns that is gone, empty, not a namespace, or our own is no netns; the host's side is cleaned all
/// the same.
[[nodiscard]] Result<kernel::Kernel> open_sandbox_if_any(const spec::Environment& env);

/// GC, STATUS: the host only.
[[nodiscard]] Result<kernel::Kernel> open_host();

}  // namespace podwire::plugin
