// Pods whose packets this host routes, told from links, tags and addresses.
#pragma once

#include <string>
#include <vector>

#include "libcni/plan/owner.h"
#include "shim/doctor/observation.h"

namespace podwire::doctor {

/// A link of podwire's with what its tag says.
struct TaggedLink {
  const kernel::Link* link = nullptr;
  plan::OwnerTag tag;
};
[[nodiscard]] std::vector<TaggedLink> tagged_links(const HostView& host);

/// A bridge over which pods of a family reach the world, or would, if they existed yet.
struct RoutedBridge {
  std::string name;
  const kernel::Link* link = nullptr;  ///< null: not made yet
  Family family = Family::kV4;
  Ip pod;                ///< an address that a pod has, or could get
  std::size_t pods = 0;  ///< how many there are
  std::string port;      ///< one of its ports; "": none
};
/// One entry per bridge and family: those with pods of podwire's, and those of networks with isGateway.
[[nodiscard]] std::vector<RoutedBridge> routed_bridges(const Observation& seen);

}  // namespace podwire::doctor
