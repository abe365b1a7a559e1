#include "libcni/kernel/kernel.h"

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

Result<Nft*> Kernel::nft() {
  if (!nft_) nft_ = TRY(Nft::open());
  return &*nft_;
}

}  // namespace podwire::kernel
