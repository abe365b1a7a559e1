// Attachments that the reference bridge plugin made before a migration: what CHECK, DEL and GC do about them.
// What podwire made is never looked for here.
#pragma once

#include <string>
#include <vector>

#include "libcni/base/error.h"
#include "libcni/kernel/kernel.h"
#include "libcni/plan/reference.h"
#include "libcni/plan/step.h"
#include "libcni/spec/invocation.h"

namespace podwire::kernel {

/// DEL, when the host has no link of the attachment's derived name. Removes its veth in the netns (unless the
/// host end carries another attachment's tag), its masquerading and spoof check, and the connections that
/// were tracked for its addresses. Steps without an attachment stop at the veth. What legacy iptables keeps
/// is told.
[[nodiscard]] Result<void> undo_reference_attachment(const plan::AddVeth& step, Kernel& kernel);

/// CHECK. Code::kMissing names the first that is gone or altered.
[[nodiscard]] Result<void> verify_reference_rules(const plan::reference::Rules& rules, Kernel& kernel);

/// GC. Masquerading and spoof checks of the network's attachments that are not valid.
[[nodiscard]] Result<void> collect_reference_garbage(Kernel& kernel, const std::string& network,
                                                     const std::vector<spec::Attachment>& valid);

}  // namespace podwire::kernel
