// What this kernel can do, found by asking it: each object is made once, in a network namespace of its own
// that ends with the call.
#pragma once

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "libcni/base/error.h"

namespace podwire::kernel {

enum class Capability : std::uint8_t {
  kVeth,
  kBridge,
  kBridgeVlan,  ///< bridges that filter by VLAN (CONFIG_BRIDGE_VLAN_FILTERING)
  kVxlan,
  kMacvlan,
  kMasquerade,  ///< podwire's table inet podwire, with an element of each family
  kMacGuard,    ///< podwire's table bridge podwire
  kConntrack,   ///< connection tracking and its netlink interface
};

/// What the kernel said; nothing when it complied.
struct CapabilityAnswer {
  Capability capability;
  std::optional<std::string> refusal = std::nullopt;
};

/// Asks for each in the given order. The kernel loads modules on such requests: ask only for what is loaded
/// or built in where that must not happen. Needs CAP_SYS_ADMIN and CAP_NET_ADMIN. Error: kKernel when there
/// can be no namespace to ask in.
[[nodiscard]] Result<std::vector<CapabilityAnswer>> probe_capabilities(std::span<const Capability> wanted);

}  // namespace podwire::kernel
