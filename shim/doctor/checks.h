// What the doctor checks: a table, and the function that goes through it.
#pragma once

#include <span>
#include <string_view>

#include "shim/doctor/finding.h"
#include "shim/doctor/observation.h"

namespace podwire::doctor {

struct Check {
  std::string_view name;
  std::string_view group;  ///< heading in the report
  std::string_view well;   ///< what is said when it finds nothing
  void (*run)(const Observation& seen, Findings& findings);
};
[[nodiscard]] std::span<const Check> all_checks();

/// All checks in the order of the table. Each says at least one thing.
[[nodiscard]] Findings examine(const Observation& seen);

// check_kernel.cc
void check_kernel_version(const Observation& seen, Findings& findings);
void check_kernel_features(const Observation& seen, Findings& findings);
void check_ipv6(const Observation& seen, Findings& findings);
void check_br_netfilter(const Observation& seen, Findings& findings);
void check_filesystems(const Observation& seen, Findings& findings);
// check_sysctl.cc
void check_forwarding(const Observation& seen, Findings& findings);
void check_rp_filter(const Observation& seen, Findings& findings);
void check_conntrack_table(const Observation& seen, Findings& findings);
void check_neighbour_table(const Observation& seen, Findings& findings);
void check_accept_ra(const Observation& seen, Findings& findings);
void check_sysctl_files(const Observation& seen, Findings& findings);
// check_files.cc
void check_conf_files(const Observation& seen, Findings& findings);
void check_conf_order(const Observation& seen, Findings& findings);
void check_plugins(const Observation& seen, Findings& findings);
// check_bridges.cc
void check_bridges(const Observation& seen, Findings& findings);
void check_mtu(const Observation& seen, Findings& findings);
// check_ranges.cc
void check_ranges(const Observation& seen, Findings& findings);
void check_pools(const Observation& seen, Findings& findings);
// check_links.cc
void check_links(const Observation& seen, Findings& findings);
// check_nftables.cc
void check_masquerade(const Observation& seen, Findings& findings);
void check_mac_guard(const Observation& seen, Findings& findings);
void check_nft_elements(const Observation& seen, Findings& findings);
// check_leases.cc
void check_leases(const Observation& seen, Findings& findings);
void check_pods(const Observation& seen, Findings& findings);
// check_firewall.cc
void check_forward_filter(const Observation& seen, Findings& findings);
void check_firewall_software(const Observation& seen, Findings& findings);
// check_managers.cc
void check_managers(const Observation& seen, Findings& findings);

}  // namespace podwire::doctor
