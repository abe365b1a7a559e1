#include <fcntl.h>
#include <linux/magic.h>
#include <linux/netfilter.h>
#include <linux/rtnetlink.h>
#include <sys/file.h>
#include <sys/statfs.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <charconv>
#include <chrono>
#include <fstream>

#include "libcni/base/fd.h"
#include "libcni/base/text.h"
#include "libcni/kernel/sysctl.h"
#include "shim/doctor/features.h"
#include "shim/doctor/observation.h"
#include "shim/doctor/observe.h"
#include "shim/doctor/software.h"
#include "shim/doctor/sysctl_files.h"

namespace podwire::doctor {
namespace {

bool is_mounted(const char* path, unsigned long magic) {
  struct statfs status {};
  return ::statfs(path, &status) == 0 && static_cast<unsigned long>(status.f_type) == magic;
}

std::string kernel_release() {
  utsname name{};
  return ::uname(&name) == 0 ? name.release : "";
}

/// Waits for what the configuration says: which features a network needs does not matter here, all that can
/// be asked are asked.
Result<std::vector<kernel::CapabilityAnswer>> ask_kernel(const Modules& modules, bool root) {
  if (!root) return fail(Code::kInvalidEnvironment, "needs root");
  std::vector<kernel::Capability> wanted;
  for (const Feature& feature : all_features()) {
    if (can_be_asked(modules, feature.modules)) wanted.push_back(feature.capability);
  }
  return kernel::probe_capabilities(wanted);
}

KernelView observe_kernel(bool root) {
  KernelView kernel;
  kernel.release = kernel_release();
  kernel.modules = read_modules(kernel.release);
  kernel.capabilities = ask_kernel(kernel.modules, root);
  kernel.bpf_filesystem = is_mounted("/sys/fs/bpf", BPF_FS_MAGIC);
  kernel.cgroup2 = is_mounted("/sys/fs/cgroup", CGROUP2_SUPER_MAGIC) ||
                   is_mounted("/sys/fs/cgroup/unified", CGROUP2_SUPER_MAGIC);
  kernel.btf = ::access("/sys/kernel/btf/vmlinux", R_OK) == 0;
  return kernel;
}

void add_sysctl(Sysctls& sysctls, std::string key) {
  if (const auto value = kernel::read_sysctl(key); value && *value) sysctls.emplace(std::move(key), **value);
}

Sysctls observe_sysctls(const Result<HostView>& host) {
  Sysctls sysctls;
  for (const char* key :
       {"net/ipv4/ip_forward", "net/ipv6/conf/all/forwarding", "net/ipv6/conf/all/disable_ipv6",
        "net/ipv4/conf/all/rp_filter", "net/netfilter/nf_conntrack_count", "net/netfilter/nf_conntrack_max",
        "net/ipv4/neigh/default/gc_thresh3", "net/ipv6/neigh/default/gc_thresh3",
        "net/bridge/bridge-nf-call-iptables", "net/bridge/bridge-nf-call-ip6tables"}) {
    add_sysctl(sysctls, key);
  }
  if (!host) return sysctls;
  for (const kernel::Link& link : host->links) {
    if (link.kind == "veth" && link.master != 0) continue;  // pods' ports, of which there are many
    add_sysctl(sysctls, "net/ipv4/conf/" + link.name + "/rp_filter");
    add_sysctl(sysctls, "net/ipv4/conf/" + link.name + "/forwarding");
    add_sysctl(sysctls, "net/ipv6/conf/" + link.name + "/accept_ra");
  }
  return sysctls;
}

template <typename T>
Result<T> as_result(kernel::KernelResult<T> outcome, std::string_view what) {
  if (!outcome) return std::unexpected(outcome.error().as_error(what));
  return std::move(*outcome);
}

std::vector<std::string> words_of(const char* path, std::string_view prefix) {
  std::vector<std::string> words;
  std::ifstream stream(path);
  for (std::string word; stream >> word;) words.push_back(std::string(prefix) + word);
  return words;
}

Result<NftView> observe_nftables(const Modules& modules) {
  NftView view;
  if (!nftables_can_be_read(modules)) {
    // Not loaded, so there are no rules; or nobody can tell from here.
    if (modules.state("nf_tables") != ModuleState::kUnknown) return view;
    return fail(Code::kKernel,
                "whether nf_tables is loaded cannot be told: /lib/modules is not visible from here");
  }
  kernel::Netlink netlink = TRY(kernel::Netlink::open(NETLINK_NETFILTER));
  view.forward = TRY(kernel::read_ruleset(netlink, NF_INET_FORWARD));
  view.tables = TRY(kernel::list_tables(netlink));
  return view;
}

FirewallView observe_firewall(const Modules& modules) {
  FirewallView firewall;
  firewall.nft = observe_nftables(modules);
  firewall.legacy_tables = words_of("/proc/net/ip_tables_names", "");
  std::ranges::move(words_of("/proc/net/ip6_tables_names", "ip6 "),
                    std::back_inserter(firewall.legacy_tables));
  firewall.ufw = read_ufw();
  firewall.firewalld_runs = ::access("/run/firewalld.pid", F_OK) == 0;
  return firewall;
}

}  // namespace

Result<HostView> observe_host() {
  kernel::Netlink netlink = TRY(kernel::Netlink::open(NETLINK_ROUTE));
  HostView host;
  host.links = TRY(as_result(kernel::list_links(netlink), "cannot list links"));
  host.addresses = TRY(as_result(kernel::list_all_addresses(netlink), "cannot list addresses"));
  host.routes = TRY(as_result(kernel::list_all_routes(netlink), "cannot list routes"));
  host.neighbours4 = TRY(as_result(kernel::count_neighbours(netlink, Family::kV4), "cannot list neighbours"));
  host.neighbours6 = TRY(as_result(kernel::count_neighbours(netlink, Family::kV6), "cannot list neighbours"));
  return host;
}

const kernel::Link* HostView::find_link(std::string_view name) const {
  const auto found = std::ranges::find(links, name, &kernel::Link::name);
  return found == links.end() ? nullptr : &*found;
}

const kernel::Link* HostView::find_link(int index) const {
  const auto found = std::ranges::find(links, index, &kernel::Link::index);
  return found == links.end() ? nullptr : &*found;
}

std::string HostView::link_name(int index) const {
  const kernel::Link* link = find_link(index);
  return link == nullptr ? "?" : link->name;
}

const kernel::Link* HostView::uplink(Family family) const {
  const kernel::HostRoute* best = nullptr;
  for (const kernel::HostRoute& route : routes) {
    if (!route.is_default() || route.table != RT_TABLE_MAIN || route.destination.ip.family() != family)
      continue;
    if (best == nullptr || route.metric < best->metric) best = &route;
  }
  return best == nullptr ? nullptr : find_link(best->link);
}

std::optional<std::string> Observation::sysctl(std::string_view key) const {
  const auto found = sysctls.find(key);
  return found == sysctls.end() ? std::nullopt : std::optional(found->second);
}

std::optional<long long> Observation::sysctl_number(std::string_view key) const {
  const auto text = sysctl(key);
  long long number = 0;
  if (!text || std::from_chars(text->data(), text->data() + text->size(), number).ec != std::errc())
    return std::nullopt;
  return number;
}

Observation observe(const ObserveOptions& options) {
  const bool root = ::geteuid() == 0;
  Observation seen{.root = root,
                   .cni_options = options.cni_options,
                   .pod_options = options.pod_options,
                   .kernel = observe_kernel(root),
                   .configuration = read_configuration(options.conf_directory, options.plugin_path)};
  seen.attachments = observe_attachments(options, seen);
  seen.sysctls = observe_sysctls(seen.host);
  seen.sysctl_settings = read_sysctl_files();
  seen.firewall = observe_firewall(seen.kernel.modules);
  seen.software = read_software();
  return seen;
}

}  // namespace podwire::doctor
