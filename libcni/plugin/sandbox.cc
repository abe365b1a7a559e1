#include "libcni/plugin/sandbox.h"

#include <fmt/format.h>

namespace podwire::plugin {
namespace {

Result<kernel::Netns> open_netns(const spec::Environment& env, const kernel::Netns& own) {
  kernel::Netns netns = TRY(kernel::Netns::open(env.netns));
  if (!env.netns_override && TRY(netns.same_as(own))) {
    return fail(Code::kInvalidNetns,
                fmt::format("plugin's netns and netns from CNI_NETNS should not be the same: {}", env.netns));
  }
  return netns;
}

}  // namespace

Result<kernel::Kernel> open_sandbox(const spec::Environment& env) {
  kernel::Netns host = TRY(kernel::Netns::own());
  kernel::Netns pod = TRY(open_netns(env, host));
  return kernel::Kernel::open(std::move(host), std::move(pod));
}

Result<kernel::Kernel> open_sandbox_if_any(const spec::Environment& env) {
  kernel::Netns host = TRY(kernel::Netns::own());
  std::optional<kernel::Netns> pod;
  if (!env.netns.empty()) {
    if (auto opened = open_netns(env, host)) pod = std::move(*opened);
  }
  return kernel::Kernel::open(std::move(host), std::move(pod));
}

Result<kernel::Kernel> open_host() {
  return kernel::Kernel::open(TRY(kernel::Netns::own()), std::nullopt);
}

}  // namespace podwire::plugin
