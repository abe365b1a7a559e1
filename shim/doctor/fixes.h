// Commands that mend attachments, for the fixes of findings.
#pragma once

#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libcni/spec/invocation.h"
#include "shim/doctor/observation.h"

namespace podwire::doctor {

/// As one word of a shell.
[[nodiscard]] std::string shell_word(std::string_view word);

/// `podwire cni del`, which finds everything of the attachment by names alone. Nothing when no file of the
/// configuration directory defines the network.
[[nodiscard]] std::optional<std::string> del_command(const Observation& seen,
                                                     const spec::Attachment& attachment);

/// The attachment of an owner key (plan::owner_key()). Nothing when the key holds a hash instead of the
/// container ID or the network.
[[nodiscard]] std::optional<spec::Attachment> attachment_of(std::string_view owner_key);

/// Commands that make podwire write its nftables base anew, with the elements of all pods: an ADD does.
/// Nothing when no network has ipMasq.
[[nodiscard]] std::vector<std::string> rebuild_commands(const Observation& seen);

/// The set element, for `nft add element` and `nft delete element`: "inet podwire masq4 '{ 10.1.0.5 }'".
[[nodiscard]] std::string masquerade_element(const Ip& address, std::string_view owner);

}  // namespace podwire::doctor
