// The one executor: carries out, checks and takes back plans. Nothing else in podwire writes to the kernel.
#pragma once

#include <cstddef>
#include <functional>

#include "libcni/base/error.h"
#include "libcni/kernel/kernel.h"
#include "libcni/plan/step.h"

namespace podwire::kernel {

/// Called before each step with its index; an error makes that step fail. The seam of the rollback tests,
/// which fail every step of every plan once.
using BeforeStep = std::function<Result<void>(std::size_t index)>;

/// ADD. Applies the steps in order. When one fails, the owned ones before it are undone in reverse, and the
/// error is that of the failed step; what undoing could not do is in the error's details.
[[nodiscard]] Result<void> apply(const plan::Plan& plan, Kernel& kernel, const BeforeStep& before = {});

/// CHECK. The first step whose object is missing or altered: Code::kMissing, naming the object and the
/// difference.
[[nodiscard]] Result<void> verify(const plan::Plan& plan, Kernel& kernel);

/// DEL. Undoes owned steps in reverse. What is gone already counts as undone; all other failures are
/// collected into one error, and none stops the rest.
[[nodiscard]] Result<void> undo(const plan::Plan& plan, Kernel& kernel);

}  // namespace podwire::kernel
