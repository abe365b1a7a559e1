// The configuration of host-local: the "ipam" object, and the addresses and ranges that the runtime asks for.
// Pure.
#pragma once

#include <filesystem>
#include <string>
#include <vector>

#include "libcni/base/error.h"
#include "libcni/base/ip.h"
#include "libcni/spec/invocation.h"
#include "libcni/spec/result.h"
#include "plugins/host-local-ipam/range.h"

namespace podwire::host_local {

/// Leases live in <dataDir>/<network name>; where dataDir is not set, here.
inline constexpr std::string_view kDefaultDataDir = "/var/lib/cni/networks";

struct Config {
  std::filesystem::path directory;   ///< of this network's leases
  std::vector<RangeSet> range_sets;  ///< one address from each; the position numbers last_reserved_ip.N
  std::vector<Ip> requested;  ///< CNI_ARGS IP, args.cni.ips, runtimeConfig.ips, in this order; no duplicates
  std::vector<spec::Route> routes;
  std::string resolv_conf;  ///< path; "" when there is none
};

/// Everything ADD and STATUS need. Range sets: runtimeConfig.ipRanges (a list of lists, or a flat list whose
/// elements are one set each), then the top-level subnet, then ipam.ranges.
/// Errors: kInvalidNetworkConfig with the reference's texts, kDecode for wrong JSON types,
/// kInvalidEnvironment for CNI_ARGS.
[[nodiscard]] Result<Config> parse_config(const spec::Invocation& invocation);

/// All that DEL, CHECK and GC need: they must work although ranges or arguments have changed since ADD
/// . Error: kInvalidNetworkConfig, `IPAM config missing 'ipam' key`.
[[nodiscard]] Result<std::filesystem::path> parse_directory(const spec::NetConf& conf);

}  // namespace podwire::host_local
