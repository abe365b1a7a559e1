#include "libcni/kernel/kernel.h"

#include <fmt/format.h>

#include <algorithm>
#include <cerrno>
#include <chrono>
#include <memory>
#include <thread>

namespace podwire::kernel {

Result<Kernel> Kernel::open(Netns host, std::optional<Netns> pod) {
  Kernel kernel(TRY(Netlink::open(NETLINK_ROUTE)), std::move(host));
  if (!pod) return kernel;
  kernel.pod_netns_ = std::move(pod);
  kernel.pod_ = TRY(kernel.open_netlink(plan::Side::kPod));
  return kernel;
}

Result<Netlink> Kernel::open_netlink(plan::Side side) {
  if (side == plan::Side::kHost) return Netlink::open(NETLINK_ROUTE);
  std::optional<Netlink> opened;
  TRY(in_pod([&]() -> Result<void> {
    opened = TRY(Netlink::open(NETLINK_ROUTE));
    return {};
  }));
  return std::move(*opened);
}

Result<Netlink*> Kernel::pod() {
  if (!pod_) return fail(Code::kInvalidNetns, "there is no netns to work in");
  return &*pod_;
}

Result<void> Kernel::in_pod(const std::function<Result<void>()>& body) {
  if (!pod_netns_) return fail(Code::kInvalidNetns, "there is no netns to work in");
  return pod_netns_->run(host_netns_, body);
}

Result<std::optional<Link>> Kernel::look_up(plan::Side side, const std::string& name) {
  Netlink& netlink = side == plan::Side::kHost ? host_ : *TRY(pod());
  auto link = TRY(look_up_link(netlink, name));
  if (link) {
    links_.insert_or_assign({side, name}, *link);
  } else {
    links_.erase({side, name});
  }
  return link;
}

Result<std::optional<Link>> Kernel::recall(plan::Side side, const std::string& name) {
  if (const auto known = links_.find({side, name}); known != links_.end()) return known->second;
  return look_up(side, name);
}

Result<int> Kernel::link_index(plan::Side side, const std::string& name, Code missing_code) {
  if (const auto known = links_.find({side, name}); known != links_.end()) return known->second.index;
  auto& index = indices_[{side, name}];
  if (index != 0) return index;
  const auto found = kernel::link_index(side == plan::Side::kHost ? host_ : *TRY(pod()), name);
  if (found) return index = *found;
  if (found.error().number == ENODEV)
    return fail(missing_code, fmt::format("link {:?} does not exist", name));
  return std::unexpected(found.error().as_error(fmt::format("cannot look up link {}", name)));
}

Result<const SysctlFolder*> Kernel::pod_sysctls(const std::string& folder) {
  if (const auto known = pod_sysctls_.find(folder); known != pod_sysctls_.end()) return &known->second;
  const SysctlFolder* opened = nullptr;
  TRY(in_pod([&]() -> Result<void> {
    opened = &pod_sysctls_.emplace(folder, TRY(SysctlFolder::open(folder))).first->second;
    return {};
  }));
  return opened;
}

void Kernel::defer_in_pod(Message request, std::string what) {
  deferred_.push_back(std::move(request));
  deferred_what_.push_back(std::move(what));
}

Result<void> Kernel::flush() {
  if (deferred_.empty()) return {};
  // The kernel works in order, and a failure is answered in any case: the last acknowledgement stands for all.
  deferred_.back().nl_header()->nlmsg_flags |= NLM_F_ACK;
  std::size_t failed = 0;
  const auto sent = TRY(pod())->batch(deferred_, &failed);
  const std::string what = deferred_what_[failed];
  drop_deferred();
  if (sent) return {};
  return std::unexpected(sent.error().as_error(what));
}

void Kernel::drop_deferred() {
  deferred_.clear();
  deferred_what_.clear();
}

Result<void> Kernel::remove_link(plan::Side side, const Link& link) {
  links_.erase({side, link.name});
  indices_.erase({side, link.name});
  // On a socket of its own, because a netlink socket is one conversation. std::function wants copies.
  const auto netlink = std::make_shared<Netlink>(TRY(open_netlink(side)));
  in_background([netlink, link]() -> Result<void> {
    const auto deleted = delete_link(*netlink, link.index);
    if (deleted || deleted.error().number == ENODEV) return {};
    return std::unexpected(deleted.error().as_error(fmt::format("cannot delete link {}", link.name)));
  });
  removal_ = {.observer = side == plan::Side::kHost ? &host_ : TRY(pod()), .link = link};
  return {};
}

Result<void> Kernel::await_link_removal() {
  if (!removal_) return {};
  const auto [observer, link] = *std::exchange(removal_, std::nullopt);
  for (;;) {
    const bool has_ended = std::ranges::all_of(background_, [](const std::future<Result<void>>& work) {
      return work.wait_for(std::chrono::seconds(0)) == std::future_status::ready;
    });
    // Answered under RTNL, which the removal holds until the link is in no list any more.
    const auto present = find_link(*observer, link.index);
    if (present && !*present) return {};
    if (has_ended) return fail(Code::kKernel, fmt::format("link {} is still there", link.name));
    std::this_thread::yield();
  }
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
