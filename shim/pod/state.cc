#include "shim/pod/state.h"

#include <algorithm>

#include "shim/pod/process.h"

namespace podwire::pod {

std::string state_of(const Pod& pod) {
  const bool attached =
      std::ranges::all_of(pod.networks, [](const auto& network) { return network.result.has_value(); });
  if (!pod.holder || !attached) return "incomplete";
  return is_alive(*pod.holder) ? "running" : "dead";
}

}  // namespace podwire::pod
