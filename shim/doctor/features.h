// What podwire's plugins ask of a kernel, and which of it the networks of this machine use.
#pragma once

#include <span>
#include <string_view>

#include "libcni/kernel/capability.h"
#include "shim/doctor/modules.h"
#include "shim/doctor/observation.h"

namespace podwire::doctor {

struct Feature {
  kernel::Capability capability;
  std::string_view name;                      ///< "VLAN filtering on bridges"
  std::span<const std::string_view> modules;  ///< all that it takes, dependencies apart
  std::string_view config;                    ///< how a kernel is configured to have it
  /// Whether a network, or podwire in any case, needs it.
  bool (*needed)(const Observation&);
  std::string_view needed_for;  ///< "the key macspoofchk"
};
[[nodiscard]] std::span<const Feature> all_features();

/// Whether asking the kernel for it loads no module.
[[nodiscard]] bool can_be_asked(const Modules& modules, std::span<const std::string_view> needed);
/// Whether reading the nftables ruleset loads no module.
[[nodiscard]] bool nftables_can_be_read(const Modules& modules);

/// Networks of this machine with a plugin of that type.
[[nodiscard]] bool uses_type(const Observation& seen, std::string_view type);
/// Networks whose bridge configuration has the property.
[[nodiscard]] bool uses_bridge(const Observation& seen, bool (*has)(const bridge::Config&));
/// A pool of that family.
[[nodiscard]] bool uses_family(const Observation& seen, Family family);

}  // namespace podwire::doctor
