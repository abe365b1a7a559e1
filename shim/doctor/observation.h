// Everything the checks judge, as values. Observing reads; it writes nothing, loads no module, makes nothing
// in a namespace that somebody else is in. Checks are pure functions of it, so tests can make up any machine.
//
// What could not be observed is an error that says why; a check that needs it is skipped then.
#pragma once

#include <cstdint>
#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libcni/base/error.h"
#include "libcni/kernel/capability.h"
#include "libcni/kernel/inventory.h"
#include "libcni/kernel/link.h"
#include "libcni/kernel/nft.h"
#include "libcni/kernel/nft_ruleset.h"
#include "libcni/runtime/cache.h"
#include "plugins/host-local-ipam/lease_listing.h"
#include "shim/doctor/configuration.h"
#include "shim/doctor/modules.h"
#include "shim/doctor/namespaces.h"

namespace podwire::doctor {

struct KernelView {
  std::string release;  ///< "6.1.0-28-amd64"
  Modules modules;
  /// Of those that can be asked without loading a module.
  Result<std::vector<kernel::CapabilityAnswer>> capabilities = std::vector<kernel::CapabilityAnswer>{};
  bool bpf_filesystem = false;  ///< on /sys/fs/bpf
  bool cgroup2 = false;         ///< on /sys/fs/cgroup, or beside cgroup 1 on /sys/fs/cgroup/unified
  bool btf = false;             ///< /sys/kernel/btf/vmlinux
};

/// Values by key, as sysctl(8) writes them with slashes: "net/ipv4/ip_forward".
using Sysctls = std::map<std::string, std::string, std::less<>>;

/// A line of a sysctl.d file that sets a key, in the order in which `sysctl --system` applies them.
struct SysctlSetting {
  std::string file;
  std::string key;
  std::string value;
};

struct HostView {
  std::vector<kernel::Link> links;
  std::vector<kernel::HostAddress> addresses;
  std::vector<kernel::HostRoute> routes;
  std::size_t neighbours4 = 0;
  std::size_t neighbours6 = 0;

  [[nodiscard]] const kernel::Link* find_link(std::string_view name) const;
  [[nodiscard]] const kernel::Link* find_link(int index) const;
  [[nodiscard]] std::string link_name(int index) const;  ///< "?" when there is none
  /// The link of the best default route of the main table; null: there is none.
  [[nodiscard]] const kernel::Link* uplink(Family family) const;
};

struct UfwView {
  bool enabled = false;
  std::string forward_policy;  ///< DEFAULT_FORWARD_POLICY
};

struct NftView {
  kernel::NftRuleset forward;       ///< what hangs on the forward hook
  std::vector<std::string> tables;  ///< all of them: "inet podwire"
};

struct FirewallView {
  Result<NftView> nft = NftView{};
  std::vector<std::string> legacy_tables;  ///< of iptables-legacy: "filter", "ip6 filter"
  bool firewalld_runs = false;
  std::optional<UfwView> ufw;  ///< nothing: not installed
};

/// The leases of one network.
struct LeaseView {
  std::string network;
  std::filesystem::path directory;
  Result<std::vector<host_local::ListedLease>> leases;
  bool configured = false;  ///< a network list says so; else found in the default directory
  /// Of a pool that is configured: whether an ADD would get an address now (host_local::check_pool()).
  Result<void> usable;
};

struct NftElements {
  /// Elements that were there before the links were listed and after: ADD makes the link first, DEL removes
  /// it last, so each of them had a link then, unless it is stale.
  std::vector<kernel::MasqueradeElement> masquerade;
  std::vector<std::string> mac_guards;  ///< owners
  bool masquerade_intact = false;       ///< table, chain and rules are as podwire writes them
};

struct PodView {
  std::string name;
  std::string state;  ///< running, dead, incomplete, damaged
  std::string container_id;
  std::vector<spec::Attachment> attachments;
  bool busy = false;  ///< another podwire is at work on it
};

/// What a runtime remembers of an attachment.
struct CachedView {
  runtime::CachedAttachment entry;
  bool netns_exists = true;  ///< the file that it names is still there; true when it names none
};

struct AttachmentView {
  Result<NftElements> elements = NftElements{};
  std::vector<LeaseView> leases;
  Result<std::vector<CachedView>> cached = std::vector<CachedView>{};
  Result<std::vector<PodView>> pods = std::vector<PodView>{};
  Result<Namespaces> namespaces = Namespaces{};
  /// Names of links that lead to a namespace which was not found, and that are still there afterwards. Where
  /// there is one, an address could be in use where nobody looked.
  std::vector<std::string> unseen_peers;
  std::int64_t now = 0;  ///< nanoseconds since the epoch
};

/// A link as NetworkManager or systemd-networkd has noted it down.
struct ManagedLink {
  int index = 0;
  std::string
      state;  ///< of networkd: "configured", "unmanaged", ...; of NetworkManager: "managed", "unmanaged"
  std::string file;  ///< of networkd: the .network file that matched
};

struct SoftwareView {
  bool network_manager_runs = false;
  std::vector<std::string> unmanaged_devices;  ///< patterns of keyfile unmanaged-devices of NetworkManager
  std::vector<ManagedLink> network_manager_links;
  std::vector<ManagedLink> networkd_links;
  bool kubelet = false;               ///< this machine is a Kubernetes node
  std::vector<std::string> runtimes;  ///< that take the first network list: "containerd", "CRI-O"
};

struct Observation {
  bool root = false;
  /// Options that the user gave the doctor, and that podwire commands in fixes need as well.
  std::string cni_options;  ///< " --plugin-dir /x --cache-dir /y"
  std::string pod_options;  ///< " --plugin-dir /x --run-dir /z"
  KernelView kernel;
  Sysctls sysctls;
  std::vector<SysctlSetting> sysctl_settings;
  Result<HostView> host = HostView{};
  FirewallView firewall;
  AttachmentView attachments;
  Configuration configuration;
  SoftwareView software;

  [[nodiscard]] std::optional<std::string> sysctl(std::string_view key) const;
  /// The number, or nothing when there is no such key.
  [[nodiscard]] std::optional<long long> sysctl_number(std::string_view key) const;
};

struct ObserveOptions {
  std::filesystem::path conf_directory;
  std::vector<std::string> plugin_path;
  std::filesystem::path cache_directory;
  std::filesystem::path run_directory;
  std::string cni_options;  ///< see Observation
  std::string pod_options;
};

/// As root everything; else what anybody may read.
[[nodiscard]] Observation observe(const ObserveOptions& options);

}  // namespace podwire::doctor
