// Making and removing pods.
#pragma once

#include <filesystem>
#include <string>
#include <utility>
#include <vector>

#include "libcni/base/error.h"
#include "libcni/spec/conflist.h"
#include "shim/pod/directory.h"
#include "shim/pod/pod.h"
#include "shim/pod/requests.h"

namespace podwire::pod {

struct AddOptions {
  std::string name;
  std::vector<spec::NetworkList> networks;  ///< attached in this order, as eth0, eth1, ...
  Requests requests;
  std::vector<std::pair<std::string, std::string>> args;
  std::filesystem::path run_directory;
  std::filesystem::path cache_directory;
  std::vector<std::string> plugin_path;
};

/// Makes the namespaces and attaches the networks. When anything fails, everything is undone (DEL of the
/// failed network too) and the error returned. If undoing fails as well, the error says so and the pod stays,
/// half-made, for remove_pod(). Errors: those of assign_requests(), of the plugins, of the kernel; kIo when
/// the pod exists.
[[nodiscard]] Result<Pod> add_pod(const AddOptions& options);

struct RemoveOptions {
  std::filesystem::path run_directory;
  std::vector<std::string> plugin_path;  ///< empty: where the plugins were at add_pod()
  bool force = false;  ///< remove what is ours although a DEL failed, or although pod.json cannot be read
};

/// Kills the pod's processes, detaches the networks in reverse order, removes namespaces and state. The
/// holder, the netns, or both may be gone, and the pod may be half-made. Errors: kUnknownContainer, `no such
/// pod: x`; those of the plugins, all networks tried: without `force` the pod stays then, without processes,
/// for another attempt; with it they are returned as well, after removal.
[[nodiscard]] Result<void> remove_pod(const std::string& name, const RemoveOptions& options);

}  // namespace podwire::pod
