#include "shim/doctor/attachment_index.h"

#include <algorithm>

#include "libcni/plan/owner.h"
#include "shim/doctor/routed.h"

namespace podwire::doctor {

AttachmentIndex::AttachmentIndex(const Observation& seen) {
  if (seen.host) {
    for (const TaggedLink& tagged : tagged_links(*seen.host)) links_.insert(tagged.tag.key);
  }
  if (seen.attachments.cached) {
    for (const CachedView& cached : *seen.attachments.cached) {
      if (!cached.netns_exists) continue;
      remembered_.insert(plan::owner_key(cached.entry.conf.attachment(cached.entry.network)));
    }
  }
  if (!seen.attachments.pods) return;
  for (const PodView& pod : *seen.attachments.pods) {
    for (const spec::Attachment& attachment : pod.attachments)
      remembered_.insert(plan::owner_key(attachment));
  }
}

const LeaseView* leases_of(const Observation& seen, std::string_view owner) {
  const auto& views = seen.attachments.leases;
  const auto found = std::ranges::find_if(
      views, [&](const LeaseView& view) { return owner.starts_with(plan::owner_prefix(view.network)); });
  return found == views.end() ? nullptr : &*found;
}

std::string owner_of(const LeaseView& view, const host_local::ListedLease& lease, std::string_view ifname) {
  return plan::owner_key({.network = view.network,
                          .container_id = lease.owner.container_id,
                          .ifname = lease.owner.ifname.empty() ? std::string(ifname) : lease.owner.ifname});
}

}  // namespace podwire::doctor
