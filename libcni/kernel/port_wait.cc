#include "libcni/kernel/port_wait.h"

#include <fmt/format.h>
#include <linux/if.h>
#include <linux/rtnetlink.h>
#include <poll.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>

#include "libcni/base/fd.h"
#include "libcni/kernel/link.h"

namespace podwire::kernel {
namespace {

using Clock = std::chrono::steady_clock;

/// Being asked by RTM_GETLINK makes the kernel do the link watch's pending work for the link first (Linux 6.8,
/// linkwatch_sync_dev()): usually the port is up then. SIOCGIFFLAGS answers at once, and too early.
Result<bool> is_operational(Netlink& netlink, const std::string& name) {
  const auto link = TRY(look_up_link(netlink, name));
  if (!link) return fail(Code::kKernel, fmt::format("link {} disappeared", name));
  return link->operstate == IF_OPER_UP || link->operstate == IF_OPER_UNKNOWN;
}

/// A socket that gets an event for every change of a link in this namespace.
Result<Fd> subscribe_links() {
  Fd fd(::socket(AF_NETLINK, SOCK_RAW | SOCK_CLOEXEC | SOCK_NONBLOCK, NETLINK_ROUTE));
  sockaddr_nl address{};
  address.nl_family = AF_NETLINK;
  address.nl_groups = RTMGRP_LINK;
  if (!fd || ::bind(fd.get(), reinterpret_cast<const sockaddr*>(&address), sizeof address) != 0) {
    return fail_errno(Code::kKernel, "cannot subscribe to link events", errno);
  }
  return fd;
}

/// Empties the queue of events: their content does not matter, the link itself is asked again. An overrun
/// (ENOBUFS) is an event like any other.
void drain(int fd) {
  std::array<char, 8192> buffer{};
  while (::recv(fd, buffer.data(), buffer.size(), 0) > 0 || errno == ENOBUFS) {
  }
}

}  // namespace

Result<void> await_operational(Netlink& netlink, const std::string& link,
                               std::chrono::milliseconds deadline) {
  if (TRY(is_operational(netlink, link))) return {};
  const Fd events = TRY(subscribe_links());
  const auto end = Clock::now() + deadline;
  while (!TRY(is_operational(netlink, link))) {
    const auto left = std::chrono::duration_cast<std::chrono::milliseconds>(end - Clock::now()).count();
    pollfd waiting{.fd = events.get(), .events = POLLIN, .revents = 0};
    if (left <= 0 || ::poll(&waiting, 1, static_cast<int>(left)) == 0) {
      return fail(Code::kTryAgainLater, fmt::format("link {} does not become operational", link));
    }
    drain(events.get());
  }
  return {};
}

}  // namespace podwire::kernel
