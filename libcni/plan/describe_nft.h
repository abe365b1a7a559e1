// The nf_tables steps as commands of nft(8), for describe.cc.
#pragma once

#include <string>
#include <vector>

#include "libcni/base/error.h"
#include "libcni/plan/observed.h"
#include "libcni/plan/step.h"

namespace podwire::plan {

using Commands = std::vector<std::string>;

/// What `observed` lacks for the step; it is noted there.
[[nodiscard]] Result<Commands> nft_commands(const AddMasquerade& step, Observed& observed);
[[nodiscard]] Result<Commands> nft_commands(const EnsureNoMasquerade& step, Observed& observed);
[[nodiscard]] Result<Commands> nft_commands(const AddMacGuard& step, Observed& observed);

}  // namespace podwire::plan
