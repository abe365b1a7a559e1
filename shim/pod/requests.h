// What a user asks of a pod's networks, sorted into the capability arguments of each list.
#pragma once

#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libcni/base/json.h"
#include "libcni/spec/conflist.h"

namespace podwire::pod {

/// Requests as typed: `[IFNAME=]VALUE`. Without IFNAME a request goes to the first network whose list
/// declares the capability.
struct Requests {
  std::vector<std::string> ports;  ///< portMappings
  std::vector<std::string> ips;    ///< ips: addresses, with or without a prefix length
  std::vector<std::string> macs;   ///< mac
};

/// A network's interfaces are eth0, eth1, ... in the order of the networks.
[[nodiscard]] std::string interface_name(std::size_t index);

/// One object of capability arguments per list. Errors, kInvalidEnvironment: a malformed value, an unknown
/// interface, a second MAC for one interface; kUnsupportedField when no plugin of the list (or of any list)
/// declares the capability: `no plugin of network "x" declares the capability "portMappings" (wanted for
/// ...)`.
[[nodiscard]] Result<std::vector<Json>> assign_requests(const Requests& requests,
                                                        std::span<const spec::NetworkList> lists);

}  // namespace podwire::pod
