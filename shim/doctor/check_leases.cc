#include <fmt/format.h>

#include <algorithm>
#include <chrono>
#include <map>

#include "libcni/base/text.h"
#include "libcni/plan/owner.h"
#include "shim/doctor/attachment_index.h"
#include "shim/doctor/checks.h"
#include "shim/doctor/fixes.h"
#include "shim/doctor/routed.h"

namespace podwire::doctor {
namespace {

/// A younger lease may be of an ADD that is under way: it leases before it makes the link.
constexpr std::chrono::nanoseconds kSettled = std::chrono::minutes(1);
/// More dead owners than this in one network are told of in one finding.
constexpr std::size_t kToldOneByOne = 5;

/// A lease is in use when a link of podwire's has its owner's tag, or an interface in any namespace of this
/// machine has the address: that is how pods of other plugins are known, and those of runtimes that keep
/// their results elsewhere. Else the pod is gone; or, when a runtime or podwire remembers it, it has lost its
/// interface.
class LeaseCheck {
 public:
  LeaseCheck(const Observation& seen, Findings& findings) : seen_(seen), findings_(findings), index_(seen) {}

  void look_at(const LeaseView& view) {
    if (!view.leases) {
      findings_.skipped(view.leases.error().msg);
      return;
    }
    std::map<std::string, std::vector<const host_local::ListedLease*>> dead;
    std::map<std::string, std::vector<const host_local::ListedLease*>> lost;
    std::vector<spec::Attachment> living;
    for (const host_local::ListedLease& lease : *view.leases) {
      if (lease.owner.container_id.empty() && !lease.dropped_next) say_no_lease(view, lease);
      if (lease.owner.container_id.empty() || lease.dropped_next) continue;
      const bool remembered = index_.is_remembered(owner_of(view, lease));
      if (is_in_use(view, lease) || remembered) living.push_back(attachment_of_lease(view, lease));
      if (!is_in_use(view, lease)) (remembered ? lost : dead)[lease.owner.record()].push_back(&lease);
    }
    for (const auto& [record, leases] : lost) say_lost(view, leases);
    if (dead.size() > kToldOneByOne && can_collect(view)) {
      say_many(view, dead.size(), living);
      return;
    }
    for (const auto& [record, leases] : dead) say_one(view, leases);
  }

 private:
  static spec::Attachment attachment_of_lease(const LeaseView& view, const host_local::ListedLease& lease) {
    return {.network = view.network,
            .container_id = lease.owner.container_id,
            .ifname = lease.owner.ifname.empty() ? "eth0" : lease.owner.ifname};
  }

  [[nodiscard]] bool is_in_use(const LeaseView& view, const host_local::ListedLease& lease) const {
    return index_.has_link(owner_of(view, lease)) ||
           seen_.attachments.namespaces->addresses.contains(lease.ip) ||
           seen_.attachments.now - lease.mtime < kSettled.count();
  }

  /// GC came with version 1.1.0.
  [[nodiscard]] bool can_collect(const LeaseView& view) const {
    const ConfFile* file = seen_.configuration.find(view.network);
    if (file == nullptr) return false;
    const auto version = spec::parse_version(file->network->list.cni_version);
    return version && spec::check_verb_allowed(spec::Verb::kGc, *version).has_value();
  }

  using Leases = std::vector<const host_local::ListedLease*>;

  static std::vector<std::string> addresses_of(const Leases& leases) {
    std::vector<std::string> addresses;
    for (const host_local::ListedLease* lease : leases) addresses.push_back(lease->ip.text());
    return addresses;
  }

  void say_lost(const LeaseView& view, const Leases& leases) {
    const spec::Attachment attachment = attachment_of_lease(view, *leases.front());
    findings_
        .problem(
            fmt::format("{} ({}) has lost its interface: no interface of this machine has its address {}",
                        attachment.container_id, attachment.ifname, join(addresses_of(leases), ", ")))
        .advise("make the pod anew");
  }

  void say_one(const LeaseView& view, const Leases& leases) {
    const spec::Attachment attachment = attachment_of_lease(view, *leases.front());
    Finding& finding = findings_.warning(fmt::format(
        "{} of network {:?} is leased to {} ({}), and no interface of this machine has it",
        join(addresses_of(leases), ", "), view.network, attachment.container_id, attachment.ifname));
    if (const auto del = del_command(seen_, attachment)) {
      finding.run(*del);
      return;
    }
    for (const std::string& address : addresses_of(leases)) {
      finding.run("rm " + shell_word((view.directory / address).string()));
    }
  }

  void say_many(const LeaseView& view, std::size_t owners, const std::vector<spec::Attachment>& living) {
    std::string command =
        fmt::format("podwire cni gc {}", shell_word(seen_.configuration.find(view.network)->path.string()));
    for (const spec::Attachment& attachment : living) {
      command += fmt::format(" --valid {}:{}", attachment.container_id, attachment.ifname);
    }
    if (living.empty()) command += " --none";
    findings_
        .warning(fmt::format(
            "network {:?} has leases of {} attachments whose addresses no interface of this machine has",
            view.network, owners))
        .run(command + seen_.cni_options);
  }

  void say_no_lease(const LeaseView& view, const host_local::ListedLease& lease) {
    const std::string path = (view.directory / lease.ip.text()).string();
    findings_.warning(fmt::format("{} is no lease, and nobody gets that address", path)).advise("remove it");
  }

  const Observation& seen_;
  Findings& findings_;
  AttachmentIndex index_;
};

}  // namespace

void check_leases(const Observation& seen, Findings& findings) {
  if (!seen.host || !seen.attachments.namespaces) {
    findings.skipped(seen.host ? seen.attachments.namespaces.error().msg : seen.host.error().msg);
    return;
  }
  const std::vector<std::string>& unseen = seen.attachments.unseen_peers;
  const std::vector<std::string>& unreadable = seen.attachments.namespaces->unreadable;
  if (!unseen.empty() || !unreadable.empty()) {
    findings.skipped(fmt::format(
        "which leases are in use cannot be told: {}",
        unseen.empty() ? unreadable.front()
                       : fmt::format("the namespaces that these links lead to are not to be found: {}",
                                     join(unseen, ", "))));
    return;
  }
  if (!seen.attachments.cached) {
    findings.skipped(seen.attachments.cached.error().msg);
    return;
  }
  LeaseCheck check(seen, findings);
  for (const LeaseView& view : seen.attachments.leases) check.look_at(view);
}

void check_pods(const Observation& seen, Findings& findings) {
  const auto& pods = seen.attachments.pods;
  if (!pods) {
    findings.skipped(pods.error().msg);
    return;
  }
  for (const PodView& pod : *pods) {
    if (pod.busy || pod.state == "running") continue;
    const bool damaged = pod.state == "damaged";
    findings
        .warning(
            fmt::format("pod {} is {}{}", pod.name, pod.state,
                        pod.state == "dead" ? ": its processes are gone, its network is still there" : ""))
        .run(fmt::format("podwire pod rm {}{}{}", damaged ? "--force " : "", pod.name, seen.pod_options));
  }
  if (!findings.has_spoken()) findings.ok(fmt::format("pods of `podwire pod`: {}, all alive", pods->size()));
}

}  // namespace podwire::doctor
