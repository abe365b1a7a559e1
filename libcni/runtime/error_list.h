// Errors of steps that do not stop each other, gathered into one.
#pragma once

#include <optional>

#include "libcni/base/error.h"

namespace podwire::runtime {

class ErrorList {
 public:
  void add(Error error) {
    if (!first_) {
      first_ = std::move(error);
      return;
    }
    first_->msg.append("; ").append(error.msg);
    if (error.details.empty()) return;
    if (!first_->details.empty()) first_->details += "; ";
    first_->details += error.details;
  }

  /// Keeps the error of a result, if it has one.
  void add(Result<void> result) {
    if (!result) add(std::move(result).error());
  }

  /// All messages, separated by "; ", under the code of the first.
  [[nodiscard]] Result<void> result() && {
    if (first_) return std::unexpected(std::move(*first_));
    return {};
  }

 private:
  std::optional<Error> first_;
};

}  // namespace podwire::runtime
