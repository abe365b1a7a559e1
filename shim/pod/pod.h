// A pod as a value, and its state file (pod.json).
#pragma once

#include <sys/types.h>

#include <cstdint>
#include <filesystem>
#include <optional>
#include <string>
#include <utility>
#include <vector>

#include "libcni/runtime/versioned_result.h"
#include "libcni/spec/conflist.h"

namespace podwire::pod {

/// Identity of a process on this boot: numbers are reused, start times with them are not.
struct ProcessId {
  pid_t pid = 0;
  std::uint64_t start_time = 0;  ///< clock ticks since boot (/proc/<pid>/stat, field 22)
};

struct PodNetwork {
  std::string ifname;
  spec::NetworkList list;  ///< as it was at ADD: DEL uses it, whatever became of the file
  Json capability_args = Json::object();
  std::optional<runtime::VersionedResult> result;  ///< none while ADD has not succeeded
};

struct Pod {
  std::string name;
  std::string container_id;  ///< CNI_CONTAINERID
  std::string created;       ///< RFC 3339, UTC
  std::optional<ProcessId> holder;
  std::vector<std::string> plugin_path;
  std::filesystem::path cache_directory;
  std::vector<std::pair<std::string, std::string>> args;  ///< CNI_ARGS of every network
  std::vector<PodNetwork> networks;
};

/// A pod's name is its hostname and a directory: `^[a-zA-Z0-9][a-zA-Z0-9_.-]*$`, at most 63 bytes.
/// Error: kInvalidEnvironment.
[[nodiscard]] Result<void> validate_pod_name(std::string_view name);

/// "<name>-<12 hex digits>": a pod that is made again under its name is another container, so that a lease
/// which outlived its predecessor (a reboot empties /run) does not stand in its way. Error: kIo.
[[nodiscard]] Result<std::string> make_container_id(std::string_view name);

[[nodiscard]] Result<Json> encode_pod(const Pod& pod);
[[nodiscard]] Result<Pod> decode_pod(const JsonView& object);

}  // namespace podwire::pod
