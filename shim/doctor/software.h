// Other programs on the machine that have a say in its network, told from the files they leave.
#pragma once

#include <filesystem>

#include "shim/doctor/observation.h"

namespace podwire::doctor {

[[nodiscard]] SoftwareView read_software(const std::filesystem::path& root = "/");

/// Nothing when ufw is not installed.
[[nodiscard]] std::optional<UfwView> read_ufw(const std::filesystem::path& root = "/");

/// Whether a pattern of NetworkManager's unmanaged-devices covers the link: "interface-name:veth*",
/// "driver:veth", "type:bridge", "*", "veth*"; "except:" is not followed.
[[nodiscard]] bool covers_link(std::string_view pattern, const kernel::Link& link);

}  // namespace podwire::doctor
