// What became of a pod.
#pragma once

#include <string>

#include "shim/pod/pod.h"

namespace podwire::pod {

/// "running"; "dead" when the holder is gone; "incomplete" when adding it has not ended.
[[nodiscard]] std::string state_of(const Pod& pod);

}  // namespace podwire::pod
