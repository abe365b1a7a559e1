#include <fcntl.h>
#include <sys/file.h>

#include <algorithm>
#include <chrono>
#include <set>

#include "libcni/base/fd.h"
#include "plugins/host-local-ipam/pool_status.h"
#include "shim/doctor/features.h"
#include "shim/doctor/observe.h"
#include "shim/pod/directory.h"
#include "shim/pod/state.h"

namespace podwire::doctor {
namespace {

namespace fs = std::filesystem;

LeaseView list_network(const std::string& network, const fs::path& directory) {
  return {
      .network = network, .directory = directory, .leases = host_local::list_leases(directory), .usable = {}};
}

/// Pools of the configuration first; then what else lies in the default directory.
std::vector<LeaseView> observe_leases(const Configuration& configuration) {
  std::vector<LeaseView> views;
  std::set<fs::path> seen;
  for (const ConfFile* file : configuration.networks()) {
    for (const Attacher& attacher : file->network->attachers) {
      if (!attacher.pool || !seen.insert(attacher.pool->directory).second) continue;
      LeaseView& view = views.emplace_back(list_network(file->network->list.name, attacher.pool->directory));
      view.configured = true;
      view.usable = host_local::check_pool(attacher.pool->directory, attacher.pool->range_sets);
    }
  }
  std::error_code unreadable;
  for (fs::directory_iterator entry(host_local::kDefaultDataDir, unreadable), end;
       !unreadable && entry != end; entry.increment(unreadable)) {
    if (!entry->is_directory() || !seen.insert(entry->path()).second) continue;
    views.push_back(list_network(entry->path().filename(), entry->path()));
  }
  return views;
}

Result<NftElements> read_elements() {
  kernel::Nft nft = TRY(kernel::Nft::open());
  NftElements elements;
  elements.masquerade = TRY(nft.masquerade_elements());
  elements.mac_guards = TRY(nft.mac_guard_owners());
  elements.masquerade_intact = TRY(nft.masquerade_base_intact());
  return elements;
}

/// Only what both have.
void keep_common(NftElements& elements, const NftElements& later) {
  std::erase_if(elements.masquerade, [&](const kernel::MasqueradeElement& element) {
    return std::ranges::none_of(later.masquerade, [&](const kernel::MasqueradeElement& other) {
      return other.address == element.address && other.owner == element.owner;
    });
  });
  std::erase_if(elements.mac_guards, [&](const std::string& owner) {
    return std::ranges::find(later.mac_guards, owner) == later.mac_guards.end();
  });
}

PodView observe_pod(const std::string& run_directory, const std::string& name) {
  const pod::PodDirectory directory(run_directory, name);
  PodView view{.name = name};
  // A shared lock: whoever is at work on the pod has the exclusive one.
  const Fd lock(::open(directory.path().c_str(), O_RDONLY | O_DIRECTORY | O_CLOEXEC));
  view.busy = !lock || ::flock(lock.get(), LOCK_SH | LOCK_NB) != 0;
  const Result<pod::Pod> pod = directory.load();
  view.state = pod ? pod::state_of(*pod) : "damaged";
  if (!pod) return view;
  view.container_id = pod->container_id;
  for (const pod::PodNetwork& network : pod->networks) {
    view.attachments.push_back({network.list.name, pod->container_id, network.ifname});
  }
  return view;
}

Result<std::vector<PodView>> observe_pods(const fs::path& run_directory) {
  std::vector<PodView> pods;
  for (const std::string& name : TRY(pod::list_pods(run_directory))) {
    pods.push_back(observe_pod(run_directory, name));
  }
  return pods;
}

Result<Namespaces> observe_namespaces(const Result<HostView>& host) {
  std::set<int> peers;
  if (host) {
    for (const kernel::Link& link : host->links) {
      if (link.peer_netns) peers.insert(*link.peer_netns);
    }
  }
  kernel::Netlink netlink = TRY(kernel::Netlink::open(NETLINK_ROUTE));
  return look_into_namespaces(netlink, peers);
}

/// The namespace of a pod that was removed meanwhile is not missed: its link is gone too.
std::vector<std::string> find_unseen_peers(const HostView& before, const std::set<int>& numbers) {
  const Result<HostView> after = observe_host();
  std::vector<std::string> unseen;
  for (const kernel::Link& link : before.links) {
    if (!after || !link.peer_netns || numbers.contains(*link.peer_netns)) continue;
    const kernel::Link* still = after->find_link(link.index);
    if (still != nullptr && still->peer_netns == link.peer_netns) unseen.push_back(link.name);
  }
  return unseen;
}

Result<std::vector<CachedView>> observe_cache(const fs::path& directory) {
  std::vector<CachedView> cached;
  for (runtime::CachedAttachment& entry : TRY(runtime::Cache(directory).list())) {
    std::error_code unreadable;
    const bool exists = entry.conf.netns.empty() || fs::exists(entry.conf.netns, unreadable);
    cached.push_back({.entry = std::move(entry), .netns_exists = exists});
  }
  return cached;
}

std::int64_t nanoseconds_now() {
  const auto now = std::chrono::system_clock::now().time_since_epoch();
  return std::chrono::duration_cast<std::chrono::nanoseconds>(now).count();
}

}  // namespace

AttachmentView observe_attachments(const ObserveOptions& options, Observation& seen) {
  AttachmentView view;
  view.now = nanoseconds_now();
  view.leases = observe_leases(seen.configuration);
  const bool nftables = nftables_can_be_read(seen.kernel.modules);
  if (nftables) view.elements = read_elements();
  seen.host = observe_host();
  if (nftables && view.elements) {
    if (const auto later = read_elements()) keep_common(*view.elements, *later);
  }
  view.cached = observe_cache(options.cache_directory);
  view.pods = observe_pods(options.run_directory);
  view.namespaces = seen.root ? observe_namespaces(seen.host) : fail(Code::kInvalidEnvironment, "needs root");
  if (view.namespaces && seen.host) {
    view.unseen_peers = find_unseen_peers(*seen.host, view.namespaces->numbers);
  }
  return view;
}

}  // namespace podwire::doctor
