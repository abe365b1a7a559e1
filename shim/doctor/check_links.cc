#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "libcni/base/text.h"
#include "shim/doctor/attachment_index.h"
#include "shim/doctor/checks.h"
#include "shim/doctor/fixes.h"
#include "shim/doctor/routed.h"

namespace podwire::doctor {
namespace {

std::string texts_of(const std::vector<Ip>& ips) {
  std::vector<std::string> texts;
  for (const Ip& ip : ips) texts.push_back(ip.text());
  return join(texts, ", ");
}

std::string_view ifname_of(std::string_view owner) {
  return owner.substr(owner.rfind('/') + 1);
}

/// A link lives shorter than its lease: ADD leases first, DEL releases last. So a link without its lease is
/// nobody's passing state, whatever runtime it belongs to.
class LinkCheck {
 public:
  LinkCheck(const Observation& seen, Findings& findings) : seen_(seen), findings_(findings), index_(seen) {}

  void look_at(const TaggedLink& tagged) {
    if (tagged.link->kind == "veth" && !tagged.link->peer_netns) {
      findings_
          .problem(fmt::format("the other end of {} ({}) is on this host, and in no pod", tagged.link->name,
                               tagged.tag.key))
          .run(fmt::format("ip link delete {}", tagged.link->name));
      return;
    }
    // Without addresses there is no lease; nor, as far as anybody knows, with another IPAM plugin.
    const LeaseView* view = leases_of(seen_, tagged.tag.key);
    if (tagged.tag.ips.empty() || view == nullptr) return;
    if (!view->leases) {
      unread_ = view->leases.error().msg;
      return;
    }
    look_at_leases(tagged, *view);
  }

  void conclude() {
    if (!unread_.empty()) findings_.skipped(unread_);
  }

 private:
  void look_at_leases(const TaggedLink& tagged, const LeaseView& view) {
    std::vector<Ip> missing;
    for (const Cidr& ip : tagged.tag.ips) {
      const auto lease = std::ranges::find(*view.leases, ip.ip, &host_local::ListedLease::ip);
      if (lease == view.leases->end()) {
        missing.push_back(ip.ip);
      } else if (owner_of(view, *lease, ifname_of(tagged.tag.key)) != tagged.tag.key) {
        say_leased_to_another(tagged, view, *lease);
      }
    }
    if (missing.empty()) return;
    if (index_.is_remembered(tagged.tag.key))
      say_lease_lost(tagged, view, missing);
    else
      say_left_over(tagged, missing);
  }

  void say_left_over(const TaggedLink& tagged, const std::vector<Ip>& missing) {
    Finding& finding = findings_.problem(fmt::format(
        "{} ({}) is left over: {} is not leased and may be given to another pod, and no runtime has a "
        "result of it",
        tagged.link->name, tagged.tag.key, texts_of(missing)));
    const auto attachment = attachment_of(tagged.tag.key);
    const auto del = attachment ? del_command(seen_, *attachment) : std::nullopt;
    finding.run(del.value_or(fmt::format("ip link delete {}", tagged.link->name)));
  }

  void say_lease_lost(const TaggedLink& tagged, const LeaseView& view, const std::vector<Ip>& missing) {
    Finding& finding = findings_.problem(
        fmt::format("the lease of {} is lost, though {} ({}) uses it: it may be given to another pod",
                    texts_of(missing), tagged.link->name, tagged.tag.key));
    const auto attachment = attachment_of(tagged.tag.key);
    if (!attachment) {
      finding.advise("make the pod anew");
      return;
    }
    for (const Ip& ip : missing) {
      finding.run(fmt::format("(umask 077; printf '%s\\r\\n%s' {} {} > {})",
                              shell_word(attachment->container_id), shell_word(attachment->ifname),
                              shell_word((view.directory / ip.text()).string())));
    }
  }

  void say_leased_to_another(const TaggedLink& tagged, const LeaseView& view,
                             const host_local::ListedLease& lease) {
    findings_
        .problem(fmt::format("{} ({}) uses {}, which is leased to {}", tagged.link->name, tagged.tag.key,
                             lease.ip.text(), owner_of(view, lease)))
        .advise("make one of the two pods anew");
  }

  const Observation& seen_;
  Findings& findings_;
  AttachmentIndex index_;
  std::string unread_;
};

}  // namespace

void check_links(const Observation& seen, Findings& findings) {
  if (!seen.host) {
    findings.skipped(seen.host.error().msg);
    return;
  }
  LinkCheck check(seen, findings);
  const auto links = tagged_links(*seen.host);
  for (const TaggedLink& tagged : links) check.look_at(tagged);
  check.conclude();
  if (!findings.has_spoken())
    findings.ok(fmt::format("links of podwire: {}, each as it should be", links.size()));
}

}  // namespace podwire::doctor
