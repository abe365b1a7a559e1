// What a plugin answers to VERSION (SPEC "VERSION"; checklist VER-3).
#pragma once

#include <string>
#include <string_view>
#include <vector>

#include "libcni/base/error.h"

namespace podwire::runtime {

/// The supported versions in a version object, as the plugin spells them. One without supportedVersions is a
/// plugin of 0.2.0 if it says so. Error: kDecode.
[[nodiscard]] Result<std::vector<std::string>> decode_version_info(std::string_view text);

/// Plugins of 0.1.0 do not know VERSION and refuse it with this very message.
[[nodiscard]] bool is_version_refusal(const Error& error);

}  // namespace podwire::runtime
