// The configuration of the bridge plugin: every key of the reference plugin, with its defaults and its
// errors.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <vector>

#include "libcni/base/ip.h"
#include "libcni/plan/step.h"
#include "libcni/spec/invocation.h"

namespace podwire::bridge {

struct Config {
  std::string bridge = "cni0";
  bool is_gateway = false;  ///< also when isDefaultGateway
  bool is_default_gateway = false;
  bool force_address = false;
  bool ip_masq = false;
  std::uint32_t mtu = 0;  ///< bytes; 0: the kernel's default
  bool hairpin_mode = false;
  bool promisc_mode = false;
  std::uint16_t vlan = 0;  ///< 0: none
  std::vector<plan::VlanRange> vlan_trunk;
  bool preserve_default_vlan = false;
  bool mac_spoof_check = false;
  bool enable_dad = false;
  bool disable_container_interface = false;
  bool port_isolation = false;
  std::optional<Mac> mac;            ///< runtimeConfig.mac > args.cni.mac > CNI_ARGS MAC
  std::vector<std::string> notices;  ///< accepted, but served in another way: told once on stderr

  [[nodiscard]] bool has_vlans() const { return vlan != 0 || !vlan_trunk.empty(); }
  [[nodiscard]] std::string vlan_gateway_name() const;  ///< "<bridge>.<vlan>"
};

/// Error: kInvalidNetworkConfig, or kDecode for a value of the wrong type; the message names the key.
[[nodiscard]] Result<Config> parse_config(const spec::Invocation& invocation);

/// vlanTrunk alone: sorted, merged ranges. Messages are the reference's.
[[nodiscard]] Result<std::vector<plan::VlanRange>> parse_vlan_trunk(const JsonView& trunk);

}  // namespace podwire::bridge
