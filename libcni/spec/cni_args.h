// CNI_ARGS: "KEY=value;KEY=value" (checklist ARG-1 to ARG-3).
#pragma once

#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libcni/base/error.h"

namespace podwire::spec {

class CniArgs {
 public:
  CniArgs() = default;
  /// Error: kInvalidEnvironment, `ARGS: invalid pair "x"`.
  [[nodiscard]] static Result<CniArgs> parse(std::string_view text);

  /// Last value of the key; keys are case-sensitive.
  [[nodiscard]] std::optional<std::string> find(std::string_view key) const;
  /// Error (kInvalidEnvironment, `ARGS: unknown args ["A=b"]`) when a key is not in `known`, unless
  /// IgnoreUnknown is 1 or true.
  [[nodiscard]] Result<void> require_known(std::span<const std::string_view> known) const;
  [[nodiscard]] const std::vector<std::pair<std::string, std::string>>& pairs() const { return pairs_; }

 private:
  std::vector<std::pair<std::string, std::string>> pairs_;
};

}  // namespace podwire::spec
