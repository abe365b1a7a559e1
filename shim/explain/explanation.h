// What an ADD of a network list would do on this node, step by step, as commands. Looks at the kernel and at
// leases; changes nothing and executes nothing.
#pragma once

#include <string>
#include <vector>

#include "libcni/base/error.h"
#include "libcni/base/ip.h"
#include "libcni/plan/describe.h"
#include "libcni/runtime/runtime_conf.h"
#include "libcni/spec/conflist.h"

namespace podwire::shim {

/// The part of one plugin.
struct ExplainedPart {
  std::string plugin;  ///< its type
  bool known = true;   ///< false: not podwire's, so what it does is known to itself alone
  std::vector<plan::StepText> steps = {};
};

struct Explanation {
  std::string network;
  std::string container_id;
  std::string ifname;
  std::string netns;  ///< a name below /run/netns
  std::vector<ExplainedPart> parts;
  std::vector<std::string> notices;  ///< what could not be looked at, and what that means
};

struct ExplainRequest {
  const spec::NetworkList& list;
  runtime::RuntimeConf conf;  ///< its netns is set here
  std::string netns;          ///< a name below /run/netns; need not exist
  /// What an IPAM plugin that is not podwire's is taken to return.
  std::vector<Cidr> assumed_addresses;
};

/// Where `ip -n NAME` finds a namespace.
inline constexpr std::string_view kNetnsDirectory = "/run/netns";

/// Plugins are podwire's by their type alone: which executable a runtime would find is not looked at.
/// Errors: those of the ADD.
[[nodiscard]] Result<Explanation> explain(const ExplainRequest& request);

}  // namespace podwire::shim
