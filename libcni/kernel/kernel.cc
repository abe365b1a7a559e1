#include "libcni/kernel/kernel.h"

#include <fmt/format.h>

#include "libcni/kernel/link.h"

namespace podwire::kernel {

Result<Kernel> Kernel::open(std::optional<Netns> pod) {
  Kernel kernel(TRY(Netlink::open(NETLINK_ROUTE)), TRY(Netns::own()));
  if (!pod) return kernel;
  kernel.pod_netns_ = std::move(pod);
  TRY(kernel.in_pod([&]() -> Result<void> {
    kernel.pod_ = TRY(Netlink::open(NETLINK_ROUTE));
    return {};
  }));
  return kernel;
}

Result<Netlink*> Kernel::pod() {
  if (!pod_) return fail(Code::kInvalidNetns, "there is no netns to work in");
  return &*pod_;
}

Result<void> Kernel::in_pod(const std::function<Result<void>()>& body) {
  if (!pod_netns_) return fail(Code::kInvalidNetns, "there is no netns to work in");
  return pod_netns_->run(host_netns_, body);
}

Result<int> Kernel::link_index(plan::Side side, const std::string& name, Code missing_code) {
  if (const auto known = indexes_.find({side, name}); known != indexes_.end()) return known->second;
  Netlink& netlink = side == plan::Side::kHost ? host_ : *TRY(pod());
  const auto link = find_link(netlink, name);
  if (!link) return std::unexpected(link.error().as_error(fmt::format("cannot look up link {}", name)));
  if (!*link) return fail(missing_code, fmt::format("link {:?} does not exist", name));
  return indexes_.emplace(std::pair(side, name), (*link)->index).first->second;
}

void Kernel::in_background(std::function<Result<void>()> work) {
  background_.push_back(std::async(std::launch::async, std::move(work)));
}

Result<void> Kernel::finish() {
  Result<void> outcome;
  for (auto& work : background_) {
    Result<void> done = work.get();
    if (outcome) outcome = std::move(done);
  }
  background_.clear();
  return outcome;
}

Result<Nft*> Kernel::nft() {
  if (!nft_) nft_ = TRY(Nft::open());
  return &*nft_;
}

}  // namespace podwire::kernel
