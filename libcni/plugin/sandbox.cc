#include "libcni/plugin/sandbox.h"

#include <fmt/format.h>

namespace podwire::plugin {
namespace {

Result<kernel::Netns> open_netns(const spec::Environment& env) {
  kernel::Netns netns = TRY(kernel::Netns::open(env.netns));
  const kernel::Netns own = TRY(kernel::Netns::own());
  if (!env.netns_override && TRY(netns.same_as(own))) {
    return fail(Code::kInvalidNetns,
                fmt::format("plugin's netns and netns from CNI_NETNS should not be the same: {}", env.netns));
  }
  return netns;
}

}  // namespace

Result<kernel::Kernel> open_sandbox(const spec::Environment& env) {
  return kernel::Kernel::open(TRY(open_netns(env)));
}

Result<kernel::Kernel> open_sandbox_if_any(const spec::Environment& env) {
  std::optional<kernel::Netns> netns;
  if (!env.netns.empty()) {
    if (auto opened = open_netns(env)) netns = std::move(*opened);
  }
  return kernel::Kernel::open(std::move(netns));
}

Result<kernel::Kernel> open_host() {
  return kernel::Kernel::open(std::nullopt);
}

}  // namespace podwire::plugin
