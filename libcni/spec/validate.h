// Validation rules of names (checklist VAL-1, VAL-2; cni/pkg/utils).
#pragma once

#include <string_view>

#include "libcni/base/error.h"

namespace podwire::spec {

/// `missing containerID` / `invalid characters in containerID`, kInvalidEnvironment, details = the id.
[[nodiscard]] Result<void> validate_container_id(std::string_view id);
/// `missing network name` / `invalid characters found in network name`, kInvalidNetworkConfig.
[[nodiscard]] Result<void> validate_network_name(std::string_view name);
/// Linux interface name: 1-15 bytes, not "." or "..", no '/', ':' or Unicode white space.
/// kInvalidEnvironment.
[[nodiscard]] Result<void> validate_interface_name(std::string_view name);
/// A plugin type: not empty, no '/' or '\'. kInvalidNetworkConfig.
[[nodiscard]] Result<void> validate_plugin_type(std::string_view type);

}  // namespace podwire::spec
