// Parts of observe().
#pragma once

#include "shim/doctor/observation.h"

namespace podwire::doctor {

[[nodiscard]] Result<HostView> observe_host();

/// Leases, cached results, pods, nftables elements. Lists the host's links in the right moment, into
/// `seen.host`; the kernel's modules and the configuration must have been observed.
[[nodiscard]] AttachmentView observe_attachments(const ObserveOptions& options, Observation& seen);

}  // namespace podwire::doctor
