#include "shim/doctor/checks.h"

#include <array>

namespace podwire::doctor {
namespace {

constexpr std::array kChecks{
    Check{"kernel-version", "kernel", "the kernel is new enough", check_kernel_version},
    Check{"kernel-features", "kernel", "the kernel has what podwire needs", check_kernel_features},
    Check{"ipv6", "kernel", "IPv6 is there", check_ipv6},
    Check{"br-netfilter", "kernel", "bridged frames are left alone by iptables", check_br_netfilter},
    Check{"filesystems", "kernel", "what eBPF needs is mounted", check_filesystems},
    Check{"forwarding", "sysctls", "packets of pods are forwarded", check_forwarding},
    Check{"rp-filter", "sysctls", "no reverse path filter is in the way", check_rp_filter},
    Check{"conntrack-table", "sysctls", "there is room for connections", check_conntrack_table},
    Check{"neighbour-table", "sysctls", "there is room for neighbours", check_neighbour_table},
    Check{"accept-ra", "sysctls", "no default route depends on refused router advertisements",
          check_accept_ra},
    Check{"sysctl-files", "sysctls", "no file undoes what podwire sets", check_sysctl_files},
    Check{"conf-files", "networks", "every network list can be loaded", check_conf_files},
    Check{"conf-order", "networks", "runtimes take the right list", check_conf_order},
    Check{"plugins", "networks", "every plugin is there", check_plugins},
    Check{"bridges", "networks", "bridges are as the networks want them", check_bridges},
    Check{"mtu", "networks", "packets of pods fit into the uplink", check_mtu},
    Check{"ranges", "networks", "no address is given out twice", check_ranges},
    Check{"pools", "networks", "every pool has free addresses", check_pools},
    Check{"links", "attachments", "every link has its lease", check_links},
    Check{"leases", "attachments", "every lease is in use", check_leases},
    Check{"masquerade", "attachments", "every pod that wants it is masqueraded", check_masquerade},
    Check{"mac-guard", "attachments", "every pod that should be is held to its MAC address", check_mac_guard},
    Check{"nft-elements", "attachments", "every nftables element has its link", check_nft_elements},
    Check{"pods", "attachments", "every pod is alive", check_pods},
    Check{"forward-filter", "other software", "no firewall drops packets of pods", check_forward_filter},
    Check{"firewall-software", "other software", "there is no firewall that podwire cannot read",
          check_firewall_software},
    Check{"managers", "other software", "nobody else manages podwire's links", check_managers}};

}  // namespace

std::span<const Check> all_checks() {
  return kChecks;
}

Findings examine(const Observation& seen) {
  Findings findings;
  for (const Check& check : kChecks) {
    findings.begin(check.name);
    check.run(seen, findings);
    if (!findings.has_spoken()) findings.ok(std::string(check.well));
  }
  return findings;
}

}  // namespace podwire::doctor
