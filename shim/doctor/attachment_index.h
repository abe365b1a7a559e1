// Who is known to be attached, by owner key: the evidence for and against leftovers.
#pragma once

#include <set>
#include <string>
#include <string_view>

#include "shim/doctor/observation.h"

namespace podwire::doctor {

class AttachmentIndex {
 public:
  explicit AttachmentIndex(const Observation& seen);

  /// A link of podwire's carries the tag of this owner.
  [[nodiscard]] bool has_link(std::string_view owner) const { return links_.contains(owner); }
  /// A runtime has a cached result of it and its netns is still there, or it is an interface of a pod of
  /// `podwire pod`.
  [[nodiscard]] bool is_remembered(std::string_view owner) const { return remembered_.contains(owner); }

 private:
  std::set<std::string, std::less<>> links_;
  std::set<std::string, std::less<>> remembered_;
};

/// The leases of the network that an owner key belongs to; null: nothing is known of leases there.
[[nodiscard]] const LeaseView* leases_of(const Observation& seen, std::string_view owner);

/// Who holds a lease, as an owner key. An old record without an interface name counts for `ifname`.
[[nodiscard]] std::string owner_of(const LeaseView& view, const host_local::ListedLease& lease,
                                   std::string_view ifname = "eth0");

}  // namespace podwire::doctor
