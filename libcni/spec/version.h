// CNI specification versions and what each defines (SPEC "Overview", checklist RES-12).
#pragma once

#include <array>
#include <cstdint>
#include <string_view>

#include "libcni/base/error.h"

namespace podwire::spec {

enum class Version : std::uint8_t { v0_1_0, v0_2_0, v0_3_0, v0_3_1, v0_4_0, v1_0_0, v1_1_0 };

inline constexpr std::array kAllVersions{Version::v0_1_0, Version::v0_2_0, Version::v0_3_0, Version::v0_3_1,
                                         Version::v0_4_0, Version::v1_0_0, Version::v1_1_0};
inline constexpr Version kCurrentVersion = Version::v1_1_0;

[[nodiscard]] std::string_view text(Version version);

/// Exact text of a supported version; "" is 0.1.0 (ENV-8). Error: kIncompatibleVersion,
/// `incompatible CNI versions`, details `config is "X", plugin supports ["0.1.0" ...]` (ENV-9).
[[nodiscard]] Result<Version> parse_version(std::string_view text);

/// A version as numbers, supported or not: "1" is 1.0.0, "" is 0.1.0 (LD-6). Error: kDecode.
struct VersionNumber {
  int major = 0, minor = 0, micro = 0;
  auto operator<=>(const VersionNumber&) const = default;
};
[[nodiscard]] Result<VersionNumber> parse_version_number(std::string_view text);

/// Result encodings: versions of a group differ only in the text of cniVersion (RES-9).
enum class ResultGroup : std::uint8_t { k020, k040, k100 };
[[nodiscard]] constexpr ResultGroup result_group(Version v) {
  return v <= Version::v0_2_0   ? ResultGroup::k020
         : v <= Version::v0_4_0 ? ResultGroup::k040
                                : ResultGroup::k100;
}

[[nodiscard]] constexpr bool has_prev_result(Version v) {
  return v >= Version::v0_3_0;
}
[[nodiscard]] constexpr bool has_many_ips_per_family(Version v) {
  return v >= Version::v0_3_0;
}
[[nodiscard]] constexpr bool has_check(Version v) {
  return v >= Version::v0_4_0;
}
[[nodiscard]] constexpr bool has_gc_and_status(Version v) {
  return v >= Version::v1_1_0;
}

}  // namespace podwire::spec
