// The kernel as the executor sees it: the host's and the pod's rtnetlink sockets, nf_tables, and a way into
// the pod.
#pragma once

#include <functional>
#include <future>
#include <map>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libcni/base/error.h"
#include "libcni/kernel/link.h"
#include "libcni/kernel/netlink.h"
#include "libcni/kernel/netns.h"
#include "libcni/kernel/nft.h"
#include "libcni/kernel/sysctl.h"
#include "libcni/plan/step.h"

namespace podwire::kernel {

class Kernel {
 public:
  /// `host` is the calling thread's namespace, Netns::own(). Without a pod (DEL after the netns is gone)
  /// steps inside the pod cannot be applied; undoing them is nothing, because they vanish with the pod's
  /// link.
  [[nodiscard]] static Result<Kernel> open(Netns host, std::optional<Netns> pod);

  [[nodiscard]] Netlink& host() { return host_; }
  [[nodiscard]] bool has_pod() const { return pod_netns_.has_value(); }
  /// Code::kInvalidNetns when there is no pod.
  [[nodiscard]] Result<Netlink*> pod();
  [[nodiscard]] int pod_fd() const { return pod_netns_ ? pod_netns_->fd() : -1; }
  /// The link as it is now, if there is one.
  [[nodiscard]] Result<std::optional<Link>> look_up(plan::Side side, const std::string& name);
  /// The link as look_up() found it last, or as it is now: a plan names the same few links many times, and
  /// the planner has looked at them a moment ago.
  [[nodiscard]] Result<std::optional<Link>> recall(plan::Side side, const std::string& name);
  /// ifindex of a link, remembered. `missing_code` when there is none.
  [[nodiscard]] Result<int> link_index(plan::Side side, const std::string& name, Code missing_code);
  /// A folder of the pod's sysctls, opened once.
  [[nodiscard]] Result<const SysctlFolder*> pod_sysctls(const std::string& folder);
  /// Puts a request to the pod off until flush(), so that all that is done there in a row is one datagram:
  /// between two of them the kernel's link watch takes RTNL, and the second one waits for it. `what` was being
  /// done is said when it fails.
  void defer_in_pod(Message request, std::string what);
  /// Sends what was put off; its first failure. Later requests are carried out all the same.
  [[nodiscard]] Result<void> flush();
  void drop_deferred();
  /// Begins to remove a link, and with it a veth's other end; finish() waits for it. The kernel takes the
  /// link out of its namespace in a millisecond, and then lets the caller wait for one or two RCU grace
  /// periods (15 to 30 ms, netdev_run_todo()). A link that is gone already is success.
  [[nodiscard]] Result<void> remove_link(plan::Side side, const Link& link);
  /// Waits until the link of remove_link() is in no namespace any more: the moment in which the kernel begins
  /// to wait, and in which other work that waits for grace periods is to begin, so that it waits for the same
  /// ones.
  [[nodiscard]] Result<void> await_link_removal();
  /// Runs `work` in the host's namespace on a thread of its own, beside the steps that follow, until
  /// finish().
  void in_background(std::function<Result<void>()> work);
  /// Waits for all work in the background; its first failure.
  [[nodiscard]] Result<void> finish();
  /// Opened at first use: most attachments need no nf_tables.
  [[nodiscard]] Result<Nft*> nft();
  /// Keeps a line for whoever runs the plugin: what could not be done although nothing failed.
  void tell(std::string notice) { notices_.push_back(std::move(notice)); }
  [[nodiscard]] std::vector<std::string> take_notices() { return std::exchange(notices_, {}); }

 private:
  Kernel(Netlink host, Netns host_netns) : host_(std::move(host)), host_netns_(std::move(host_netns)) {}

  /// Runs `body` inside the pod's namespace.
  [[nodiscard]] Result<void> in_pod(const std::function<Result<void>()>& body);
  [[nodiscard]] Result<Netlink> open_netlink(plan::Side side);

  Netlink host_;
  Netns host_netns_;
  std::optional<Netns> pod_netns_;
  std::optional<Netlink> pod_;
  std::optional<Nft> nft_;
  std::map<std::pair<plan::Side, std::string>, Link> links_;
  std::map<std::pair<plan::Side, std::string>, int> indices_;
  std::map<std::string, SysctlFolder> pod_sysctls_;
  std::vector<Message> deferred_;
  std::vector<std::string> deferred_what_;  ///< of each of deferred_
  struct Removal {
    Netlink* observer;
    Link link;
  };
  std::optional<Removal> removal_;  ///< last begun
  std::vector<std::future<Result<void>>> background_;
  std::vector<std::string> notices_;
};

}  // namespace podwire::kernel
