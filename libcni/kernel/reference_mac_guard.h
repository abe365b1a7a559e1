// The MAC spoof check as the reference plugins set it up (macspoofchk), for the attachments they made before
// a migration: table `bridge nat`, a jump from PREROUTING (`iifname <host veth>`) to a chain of the port,
// which jumps to a chain of the MAC address, which drops all others. plan/reference.h says how they are
// named.
#pragma once

#include <functional>
#include <set>
#include <string>
#include <string_view>

#include "libcni/base/error.h"
#include "libcni/base/ip.h"
#include "libcni/kernel/netlink.h"
#include "libcni/spec/invocation.h"

namespace podwire::kernel {

/// DEL. Nothing there is success, at the price of two small requests.
[[nodiscard]] Result<void> remove_reference_mac_guard(Netlink& netfilter, const spec::Attachment& attachment);

/// GC. The chains do not tell their network. Those of the containers `dead` are removed whose port is gone;
/// an attachment of such a container to another network still has its port.
[[nodiscard]] Result<void> collect_reference_mac_guards(
    Netlink& netfilter, const std::set<std::string>& dead,
    const std::function<Result<bool>(const std::string& link)>& link_exists);

/// CHECK. Success when frames from `link` must carry `mac`; Code::kMissing names what is gone.
[[nodiscard]] Result<void> verify_reference_mac_guard(Netlink& netfilter, const spec::Attachment& attachment,
                                                      std::string_view link, const Mac& mac);

}  // namespace podwire::kernel
