// Attachments that the reference bridge plugin made before a migration, as far as a plan is concerned. Pure.
#pragma once

#include <string>

#include "libcni/plan/reference.h"
#include "libcni/plan/step.h"
#include "libcni/spec/invocation.h"
#include "libcni/spec/result.h"
#include "plugins/bridge/config.h"

namespace podwire::bridge {

/// The host end of the veth pair that `previous` names when it is not podwire's: the reference invents its
/// names and lists the host end before everything else but the bridge. "" when podwire made the attachment.
[[nodiscard]] std::string reference_host_end(const Config& config, const spec::Attachment& attachment,
                                             const spec::AddResult& previous);

/// Of the steps that CHECK verifies, leaves those whose objects the reference makes too: not podwire's sets,
/// not the sysctls that it alone sets.
void keep_reference_steps(plan::Plan& steps);

/// The netfilter rules that the reference made for this configuration; `mine` is the attachment's part of
/// prevResult.
[[nodiscard]] plan::reference::Rules reference_rules(const Config& config, const spec::Attachment& attachment,
                                                     const spec::AddResult& mine);

}  // namespace podwire::bridge
