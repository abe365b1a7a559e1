// GC by ownership: what carries a network's tag and belongs to no valid attachment.
#pragma once

#include <string>
#include <vector>

#include "libcni/base/error.h"
#include "libcni/kernel/kernel.h"
#include "libcni/spec/invocation.h"

namespace podwire::plugin {

/// The list of valid attachments of a GC call. Without the key the call is refused (kInvalidNetworkConfig):
/// removing everything must be said, by an empty list.
[[nodiscard]] Result<std::vector<spec::Attachment>> require_valid_attachments(const spec::NetConf& conf);

/// Removes links, masquerade elements and MAC guards of the network whose owner is not valid; when nothing of
/// the network is valid, also its masquerading exemptions. Of attachments that the reference plugin made, the
/// masquerading and spoof checks (kernel/reference.h). Other untagged objects and other networks' are never touched.
/// Failures are collected and none stops the rest.
[[nodiscard]] Result<void> collect_garbage(kernel::Kernel& kernel, const std::string& network,
                                           const std::vector<spec::Attachment>& valid);

}  // namespace podwire::plugin
