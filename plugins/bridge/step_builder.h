// The steps of one attachment, from its completed result. CHECK builds the same steps from prevResult.
#pragma once

#include <optional>
#include <string>
#include <vector>

#include "libcni/base/ip.h"
#include "libcni/plan/step.h"
#include "libcni/spec/invocation.h"
#include "libcni/spec/result.h"
#include "plugins/bridge/config.h"

namespace podwire::bridge {

/// The first gateway of the family that `result` names.
[[nodiscard]] std::optional<Ip> gateway_of(const spec::AddResult& result, Family family);

/// The veth pair of an attachment, apart from the pod end's name.
struct VethEnds {
  std::string host_name;
  Mac host_mac = {};
  Mac pod_mac = {};
};

/// Each call appends to `steps`; `config` and `result` must live as long as the builder.
class StepBuilder {
 public:
  StepBuilder(const Config& config, const spec::Invocation& invocation, const spec::AddResult& result);

  /// `accept_ra`: the sysctl of the bridge as it is, when that is known.
  void bridge(const Mac& mac, std::optional<int> accept_ra);
  void veth(const VethEnds& ends);
  void pod_sysctls();
  void pod_addresses();
  /// The gateway of the family completes a route that names none; a route listed twice is one route.
  void pod_routes();
  void vlan_gateway(const Mac& mac, const std::string& salt);
  void gateway_address(const std::string& link, const Cidr& address, std::vector<Cidr> replaces);
  void forwarding();
  void masquerade();
  void announce(const VethEnds& ends);

  plan::Plan steps;

 private:
  template <typename Step>
  void add(Step step) {
    steps.emplace_back(std::move(step));
  }

  const Config& config_;
  spec::Attachment attachment_;
  const spec::AddResult& result_;
  std::string owner_;
};

}  // namespace podwire::bridge
