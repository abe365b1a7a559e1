#include "libcni/spec/version.h"

#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <string>
#include <vector>

#include "libcni/base/text.h"

namespace podwire::spec {
namespace {

constexpr std::array<std::string_view, kAllVersions.size()> kTexts{"0.1.0", "0.2.0", "0.3.0", "0.3.1",
                                                                   "0.4.0", "1.0.0", "1.1.0"};

}  // namespace

std::string_view text(Version version) {
  return kTexts[static_cast<std::size_t>(version)];
}

Result<Version> parse_version(std::string_view text) {
  if (text.empty()) return Version::v0_1_0;
  const auto* found = std::ranges::find(kTexts, text);
  if (found == kTexts.end()) {
    return fail(Code::kIncompatibleVersion, "incompatible CNI versions",
                fmt::format("config is {:?}, plugin supports [\"{}\"]", text, fmt::join(kTexts, "\" \"")));
  }
  return kAllVersions[static_cast<std::size_t>(found - kTexts.begin())];
}

Result<VersionNumber> parse_version_number(std::string_view text) {
  if (text.empty()) return VersionNumber{.major = 0, .minor = 1, .micro = 0};
  const std::vector<std::string> parts = split(text, '.');
  std::array<int, 3> numbers{};
  bool valid = parts.size() <= numbers.size();
  for (std::size_t i = 0; valid && i < parts.size(); ++i) {
    const std::string& part = parts[i];
    const auto [end, error] = std::from_chars(part.data(), part.data() + part.size(), numbers[i]);
    valid = error == std::errc{} && end == part.data() + part.size() && numbers[i] >= 0;
  }
  if (!valid) {
    return fail(Code::kDecode,
                fmt::format("invalid version {:?}, expected up to three numbers such as 1.1.0", text));
  }
  return VersionNumber{.major = numbers[0], .minor = numbers[1], .micro = numbers[2]};
}

}  // namespace podwire::spec
