#include "libcni/kernel/executor.h"

#include <fmt/format.h>

#include <variant>
#include <vector>

#include "libcni/base/text.h"
#include "libcni/kernel/steps.h"

namespace podwire::kernel {
namespace {

template <typename Step>
concept Undoable = requires(const Step& step, Kernel& kernel) { undo_step(step, kernel); };
template <typename Step>
concept Deferrable = requires(const Step& step, Kernel& kernel) { defer_step(step, kernel); };
template <typename Step>
concept Verifiable = requires(const Step& step, Kernel& kernel) { verify_step(step, kernel); };

Result<void> apply_one(const plan::Step& any, Kernel& kernel) {
  return std::visit(
      [&]<typename Step>(const Step& step) -> Result<void> {
        if constexpr (Deferrable<Step>) {
          return defer_step(step, kernel);
        } else {
          TRY(kernel.flush());
          return apply_step(step, kernel);
        }
      },
      any);
}

/// Undoes the first `count` steps in reverse; the messages of what failed.
std::vector<Error> undo_first(const plan::Plan& plan, std::size_t count, Kernel& kernel) {
  std::vector<Error> errors;
  kernel.drop_deferred();
  for (std::size_t i = count; i-- > 0;) {
    Result<void> outcome = std::visit(
        [&]<typename Step>(const Step& step) -> Result<void> {
          if constexpr (Undoable<Step>) return undo_step(step, kernel);
          return {};
        },
        plan[i]);
    if (!outcome) errors.push_back(std::move(outcome).error());
  }
  if (auto finished = kernel.finish(); !finished) errors.push_back(std::move(finished).error());
  return errors;
}

std::string messages(const std::vector<Error>& errors) {
  std::vector<std::string> texts;
  texts.reserve(errors.size());
  for (const Error& error : errors) texts.push_back(error.msg);
  return join(texts, "; ");
}

}  // namespace

Result<void> apply(const plan::Plan& plan, Kernel& kernel, const BeforeStep& before) {
  for (std::size_t i = 0; i <= plan.size(); ++i) {
    Result<void> outcome = before && i < plan.size() ? before(i) : Result<void>{};
    if (outcome) outcome = i < plan.size() ? apply_one(plan[i], kernel) : kernel.flush();
    if (outcome) continue;
    // Not the failed step: apply_step() leaves nothing half done, and what was in its way may be another's.
    const std::vector<Error> leftovers = undo_first(plan, i, kernel);
    Error error = std::move(outcome).error();
    if (!leftovers.empty()) {
      error.details +=
          fmt::format("{}not undone: {}", error.details.empty() ? "" : "; ", messages(leftovers));
    }
    return std::unexpected(std::move(error));
  }
  return {};
}

Result<void> verify(const plan::Plan& plan, Kernel& kernel) {
  for (const plan::Step& any : plan) {
    TRY(std::visit(
        [&]<typename Step>(const Step& step) -> Result<void> {
          if constexpr (Verifiable<Step>) return verify_step(step, kernel);
          return {};
        },
        any));
  }
  return {};
}

Result<void> undo(const plan::Plan& plan, Kernel& kernel) {
  const std::vector<Error> errors = undo_first(plan, plan.size(), kernel);
  if (errors.empty()) return {};
  return fail(errors.front().code, messages(errors));
}

}  // namespace podwire::kernel
