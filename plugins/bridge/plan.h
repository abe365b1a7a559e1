// What the bridge plugin is going to do, decided as a value.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libcni/base/error.h"
#include "libcni/plan/owner.h"
#include "libcni/plan/reference.h"
#include "libcni/plan/step.h"
#include "libcni/spec/invocation.h"
#include "libcni/spec/result.h"
#include "plugins/bridge/config.h"

namespace podwire::bridge {

/// What the planner must know of the host. An absent bridge is made; the MAC of a present one goes into the
/// result.
struct HostState {
  std::optional<Mac> bridge_mac;  ///< nothing also when a present bridge has none yet (kernel: all zero)
  std::vector<Cidr> gateway_addresses;  ///< of the bridge, or of the VLAN gateway link when a VLAN is used
  std::optional<Mac> vlan_gateway_mac;
  std::optional<int> bridge_accept_ra;  ///< its sysctl net.ipv6.conf.<bridge>.accept_ra
  std::string salt;                     ///< makes derived MAC addresses this boot's and this host's
};

/// The decision for one ADD.
struct AddPlan {
  plan::Plan steps;
  spec::AddResult result;
};

/// `ipam` is what the IPAM plugin returned; without IPAM it has no addresses.
/// Error: kAddressConflict, `"cni0" already has an IP address different from 10.1.2.1/24`, unless
/// forceAddress.
[[nodiscard]] Result<AddPlan> plan_add(const Config& config, const spec::Invocation& invocation,
                                       const spec::AddResult& ipam, const HostState& host);

/// What CHECK expects.
struct CheckPlan {
  plan::Plan steps;
  /// When prevResult names another host end than podwire's: the reference made the attachment. The steps are
  /// then those of what it makes, too, and its netfilter rules are its own.
  std::optional<plan::reference::Rules> reference;
};

/// From prevResult. Error: kMissing when prevResult does not have the interfaces of this attachment.
[[nodiscard]] Result<CheckPlan> plan_check(const Config& config, const spec::Invocation& invocation,
                                           const spec::AddResult& previous);

/// The owned steps of the attachment, for undoing. `tag` is that of its host link: it says what there is to
/// undo. Without one, everything that could be there is searched for by the attachment's identity.
[[nodiscard]] plan::Plan plan_del(const spec::Attachment& attachment,
                                  const std::optional<plan::OwnerTag>& tag);

}  // namespace podwire::bridge
