#include "shim/pod/lifecycle.h"

#include <fmt/format.h>
#include <linux/magic.h>
#include <sys/statfs.h>

#include <array>
#include <ctime>
#include <ranges>

#include "libcni/runtime/error_list.h"
#include "libcni/runtime/file.h"
#include "libcni/runtime/runtime.h"
#include "shim/pod/holder.h"
#include "shim/pod/process.h"
#include "shim/pod/resolv_conf.h"

namespace podwire::pod {
namespace {

/// RFC 3339, in UTC.
std::string now() {
  const std::time_t seconds = std::time(nullptr);
  std::tm parts{};
  ::gmtime_r(&seconds, &parts);
  std::array<char, 32> text{};
  return {text.data(), std::strftime(text.data(), text.size(), "%Y-%m-%dT%H:%M:%SZ", &parts)};
}

runtime::Runtime runtime_of(const Pod& pod) {
  return runtime::Runtime({.plugin_path = pod.plugin_path, .cache_directory = pod.cache_directory});
}

runtime::RuntimeConf runtime_conf(const Pod& pod, const PodNetwork& network, const std::string& netns) {
  return {.container_id = pod.container_id,
          .netns = netns,
          .ifname = network.ifname,
          .args = pod.args,
          .capability_args = network.capability_args};
}

/// The netns as DEL gets it: its path, or "" when no namespace is mounted there any more.
std::string netns_for_del(const PodDirectory& directory) {
  const std::string path = directory.ns("net").string();
  struct statfs status {};
  return ::statfs(path.c_str(), &status) == 0 && status.f_type == NSFS_MAGIC ? path : "";
}

Result<void> detach_networks(const Pod& pod, const PodDirectory& directory) {
  const runtime::Runtime runtime = runtime_of(pod);
  const std::string netns = netns_for_del(directory);
  runtime::ErrorList errors;
  for (const PodNetwork& network : pod.networks | std::views::reverse) {
    errors.add(runtime.del(network.list, runtime_conf(pod, network, netns)));
  }
  return std::move(errors).result();
}

/// Each network is recorded before its ADD: whoever dies in between leaves what DEL needs.
Result<void> attach_networks(const PodDirectory& directory, Pod& pod, std::vector<PodNetwork> networks) {
  const runtime::Runtime runtime = runtime_of(pod);
  for (PodNetwork& network : networks) {
    PodNetwork& recorded = pod.networks.emplace_back(std::move(network));
    TRY(directory.save(pod));
    recorded.result =
        TRY(runtime.add(recorded.list, runtime_conf(pod, recorded, directory.ns("net").string())));
  }
  return directory.save(pod);
}

Result<void> write_resolv_conf(const PodDirectory& directory, const Pod& pod) {
  std::vector<spec::Dns> dns;
  for (const PodNetwork& network : pod.networks) {
    if (network.result) dns.push_back(network.result->result.dns);
  }
  const std::string text = resolv_conf_text(dns);
  return text.empty() ? Result<void>() : runtime::write_file_atomic(directory.resolv_conf(), text, 0644);
}

Result<void> build(const PodDirectory& directory, Pod& pod, std::vector<PodNetwork> networks) {
  TRY(directory.populate());
  TRY(directory.save(pod));
  Holder holder = TRY(Holder::start(pod.name));
  TRY(holder.pin(directory));
  pod.holder = holder.process();
  TRY(directory.save(pod));
  TRY(holder.commit());
  TRY(attach_networks(directory, pod, std::move(networks)));
  return write_resolv_conf(directory, pod);
}

Result<void> tear_down(const PodDirectory& directory, const Pod& pod, bool force) {
  if (pod.holder) TRY(kill_and_wait(*pod.holder));
  Result<void> detached = detach_networks(pod, directory);
  if (!detached && !force) return detached;
  TRY(directory.remove());
  return detached;
}

}  // namespace

Result<Pod> add_pod(const AddOptions& options) {
  TRY(validate_pod_name(options.name));
  const std::vector<Json> capability_args = TRY(assign_requests(options.requests, options.networks));
  Pod pod{.name = options.name,
          .container_id = TRY(make_container_id(options.name)),
          .created = now(),
          .holder = {},
          .plugin_path = options.plugin_path,
          .cache_directory = options.cache_directory,
          .args = options.args,
          .networks = {}};
  std::vector<PodNetwork> networks;
  for (std::size_t i = 0; i < options.networks.size(); ++i) {
    networks.push_back({.ifname = interface_name(i),
                        .list = options.networks[i],
                        .capability_args = capability_args[i],
                        .result = {}});
  }
  const PodDirectory directory(options.run_directory, options.name);
  TRY(directory.create());
  const Fd lock = TRY(directory.lock());
  Result<void> built = build(directory, pod, std::move(networks));
  if (built) return pod;
  const Result<void> undone = tear_down(directory, pod, false);
  if (!undone) {
    built.error().details +=
        fmt::format("{}undoing it failed: {}; podwire pod rm {} tries again",
                    built.error().details.empty() ? "" : "; ", undone.error().msg, pod.name);
  }
  return std::unexpected(std::move(built).error());
}

Result<void> remove_pod(const std::string& name, const RemoveOptions& options) {
  TRY(validate_pod_name(name));
  const PodDirectory directory(options.run_directory, name);
  const Fd lock = TRY(directory.lock());
  Result<Pod> pod = directory.load();
  if (!pod && !options.force) {
    pod.error().details = "podwire pod rm --force removes the pod without detaching its networks";
    return std::unexpected(std::move(pod).error());
  }
  if (!pod) return directory.remove();
  if (!options.plugin_path.empty()) pod->plugin_path = options.plugin_path;
  return tear_down(directory, *pod, options.force);
}

}  // namespace podwire::pod
