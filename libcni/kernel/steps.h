// The verbs of each kind of step, for executor.cc alone. One set of overloads per concern: steps_link.cc,
// steps_address.cc, steps_nft.cc. apply_step() is all or nothing. A kind without undo() is shared, or
// vanishes with the pod's link.
#pragma once

#include "libcni/base/error.h"
#include "libcni/kernel/kernel.h"
#include "libcni/plan/step.h"

namespace podwire::kernel {

[[nodiscard]] Result<void> apply_step(const plan::EnsureBridge& step, Kernel& kernel);
[[nodiscard]] Result<void> apply_step(const plan::EnsureAddress& step, Kernel& kernel);
[[nodiscard]] Result<void> apply_step(const plan::EnsureSysctl& step, Kernel& kernel);
[[nodiscard]] Result<void> apply_step(const plan::EnsureVlanGateway& step, Kernel& kernel);
[[nodiscard]] Result<void> apply_step(const plan::AddVeth& step, Kernel& kernel);
[[nodiscard]] Result<void> apply_step(const plan::SetBridgePort& step, Kernel& kernel);
[[nodiscard]] Result<void> apply_step(const plan::SetPodSysctl& step, Kernel& kernel);
[[nodiscard]] Result<void> apply_step(const plan::AddMasquerade& step, Kernel& kernel);
[[nodiscard]] Result<void> apply_step(const plan::EnsureNoMasquerade& step, Kernel& kernel);
[[nodiscard]] Result<void> apply_step(const plan::AddMacGuard& step, Kernel& kernel);
[[nodiscard]] Result<void> apply_step(const plan::AwaitPort& step, Kernel& kernel);
[[nodiscard]] Result<void> apply_step(const plan::Announce& step, Kernel& kernel);

/// Instead of apply_step(): puts its requests off until Kernel::flush().
[[nodiscard]] Result<void> defer_step(const plan::AddAddress& step, Kernel& kernel);
[[nodiscard]] Result<void> defer_step(const plan::SetPodLinkUp& step, Kernel& kernel);
[[nodiscard]] Result<void> defer_step(const plan::AddRoute& step, Kernel& kernel);

[[nodiscard]] Result<void> verify_step(const plan::EnsureBridge& step, Kernel& kernel);
[[nodiscard]] Result<void> verify_step(const plan::EnsureAddress& step, Kernel& kernel);
[[nodiscard]] Result<void> verify_step(const plan::EnsureSysctl& step, Kernel& kernel);
[[nodiscard]] Result<void> verify_step(const plan::EnsureVlanGateway& step, Kernel& kernel);
[[nodiscard]] Result<void> verify_step(const plan::AddVeth& step, Kernel& kernel);
[[nodiscard]] Result<void> verify_step(const plan::SetBridgePort& step, Kernel& kernel);
[[nodiscard]] Result<void> verify_step(const plan::SetPodSysctl& step, Kernel& kernel);
[[nodiscard]] Result<void> verify_step(const plan::AddAddress& step, Kernel& kernel);
[[nodiscard]] Result<void> verify_step(const plan::SetPodLinkUp& step, Kernel& kernel);
[[nodiscard]] Result<void> verify_step(const plan::AddRoute& step, Kernel& kernel);
[[nodiscard]] Result<void> verify_step(const plan::AddMasquerade& step, Kernel& kernel);
[[nodiscard]] Result<void> verify_step(const plan::EnsureNoMasquerade& step, Kernel& kernel);
[[nodiscard]] Result<void> verify_step(const plan::AddMacGuard& step, Kernel& kernel);

[[nodiscard]] Result<void> undo_step(const plan::AddVeth& step, Kernel& kernel);
[[nodiscard]] Result<void> undo_step(const plan::AddMasquerade& step, Kernel& kernel);
[[nodiscard]] Result<void> undo_step(const plan::AddMacGuard& step, Kernel& kernel);

/// Shorthand of the verify_step() functions.
[[nodiscard]] std::unexpected<Error> missing(std::string what);
/// A kernel outcome as a Result, with what was being done.
[[nodiscard]] Result<void> as_result(KernelResult<void> outcome, std::string_view what);
/// The link, or an error of `code` that it does not exist.
[[nodiscard]] Result<struct Link> require_link(Netlink& netlink, std::string_view name, Code code);
/// kLinkConflict when a link that a step would use is of another kind ("bridge", "veth").
[[nodiscard]] Result<void> require_kind(const struct Link& link, std::string_view kind);
/// kInterfaceExists: the host's end of an attachment that is to be added is there.
[[nodiscard]] std::unexpected<Error> host_link_exists(std::string_view name);

}  // namespace podwire::kernel
