// A result together with the version it was printed in (REQ-5).
#pragma once

#include <string_view>

#include "libcni/base/json.h"
#include "libcni/spec/result.h"
#include "libcni/spec/version.h"

namespace podwire::runtime {

struct VersionedResult {
  spec::AddResult result;
  spec::Version version = spec::kCurrentVersion;
};

/// Reads what an ADD printed or a cache holds: an object, or null for an empty one (ERR-5). The version is
/// the object's own, `fallback` when it names none. Error: kDecode, kIncompatibleVersion.
[[nodiscard]] Result<VersionedResult> decode_versioned(const JsonView& value, spec::Version fallback);

/// In its own version. Other than a plugin, a runtime hands on a 0.1.0 or 0.2.0 result that has no address.
[[nodiscard]] Result<Json> encode_versioned(const VersionedResult& result);

}  // namespace podwire::runtime
