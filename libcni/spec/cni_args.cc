#include "libcni/spec/cni_args.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>

#include "libcni/base/text.h"

namespace podwire::spec {
namespace {

constexpr std::string_view kIgnoreUnknown = "IgnoreUnknown";

}  // namespace

Result<CniArgs> CniArgs::parse(std::string_view text) {
  CniArgs args;
  if (text.empty()) return args;
  for (const std::string& pair : split(text, ';')) {
    const std::vector<std::string> sides = split(pair, '=');
    if (sides.size() != 2) {
      return fail(Code::kInvalidEnvironment, fmt::format("ARGS: invalid pair {:?}", pair),
                  "CNI_ARGS is KEY=value pairs separated by ';', with exactly one '=' in each");
    }
    args.pairs_.emplace_back(sides[0], sides[1]);
  }
  return args;
}

std::optional<std::string> CniArgs::find(std::string_view key) const {
  for (const auto& [name, value] : pairs_ | std::views::reverse) {
    if (name == key) return value;
  }
  return std::nullopt;
}

Result<void> CniArgs::require_known(std::span<const std::string_view> known) const {
  const std::string ignore = find(kIgnoreUnknown).value_or("");
  if (ignore == "1" || equals_ignore_case(ignore, "true")) return {};
  std::vector<std::string> unknown;
  for (const auto& [key, value] : pairs_) {
    if (key != kIgnoreUnknown && std::ranges::find(known, key) == known.end()) {
      unknown.push_back(fmt::format("{:?}", key + "=" + value));
    }
  }
  if (unknown.empty()) return {};
  return fail(Code::kInvalidEnvironment, fmt::format("ARGS: unknown args [{}]", join(unknown, " ")),
              "add IgnoreUnknown=1 to CNI_ARGS to have unknown keys ignored");
}

}  // namespace podwire::spec
