// All network namespaces of the machine that can be found, and the addresses in them: the proof that a leased
// address is, or is not, in use. Looking into a namespace changes nothing in it.
#pragma once

#include <cstddef>
#include <set>
#include <string>
#include <vector>

#include "libcni/base/error.h"
#include "libcni/base/ip.h"
#include "libcni/kernel/netlink.h"

namespace podwire::doctor {

struct Namespaces {
  std::set<Ip> addresses;  ///< of every interface in every namespace that was looked into, our own included
  std::set<int> numbers;   ///< how our namespace numbers them (Link::peer_netns), where it does
  std::size_t count = 0;
  std::vector<std::string>
      unreadable;  ///< paths of those that were seen and could not be entered, with the reason
};

/// Namespaces of processes, and those bound to files in any mount namespace that a process is in. When these
/// do not make up for `wanted` (numbers of the peers of our links), those too that processes hold by
/// descriptors alone; that takes longer. One that nothing but a socket holds is not found, nor one whose
/// processes not even root may look at. `host` is a socket in our own namespace. Needs CAP_SYS_ADMIN. Error:
/// kKernel.
[[nodiscard]] Result<Namespaces> look_into_namespaces(kernel::Netlink& host, const std::set<int>& wanted);

}  // namespace podwire::doctor
