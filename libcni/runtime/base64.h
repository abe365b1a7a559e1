// Base64 with the standard alphabet and padding (RFC 4648, section 4), as Go's encoding/json writes []byte.
#pragma once

#include <string>
#include <string_view>

#include "libcni/base/error.h"

namespace podwire::runtime {

[[nodiscard]] std::string base64_encode(std::string_view bytes);
/// Error: kDecode on a foreign character, a length that is not a multiple of four, or misplaced padding.
[[nodiscard]] Result<std::string> base64_decode(std::string_view text);

}  // namespace podwire::runtime
