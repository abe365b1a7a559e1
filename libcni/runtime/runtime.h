// The runtime's side of CNI: executes the plugins of a network list for one attachment, and keeps the result
// cache (SPEC section 3; cni/libcni/api.go). Knows nothing of pods.
//
// Each call executes its plugins one after the other, in the calling thread and in its network namespace
// (ENV-1). Operations on one container must not overlap (SPEC "Lifecycle"): that is the caller's to see to.
// GC is kept apart from the others here, among users of one cache directory.
//
// An error carries the code of the plugin that failed and names it:
// `plugin type="bridge" name="mynet" failed (add): ...`.
#pragma once

#include <filesystem>
#include <set>
#include <span>
#include <string>
#include <vector>

#include "libcni/runtime/cache.h"
#include "libcni/runtime/runtime_conf.h"
#include "libcni/runtime/versioned_result.h"
#include "libcni/spec/conflist.h"

namespace podwire::runtime {

inline constexpr const char* kDefaultCacheDirectory = "/var/lib/cni";

/// A plugin of a list, where it was found, and the versions it speaks.
struct PluginVersions {
  std::string type;
  std::string executable;
  std::vector<std::string> supported;
};

class Runtime {
 public:
  struct Options {
    std::vector<std::string> plugin_path;  ///< searched in order; plugins get it as CNI_PATH
    std::filesystem::path cache_directory = kDefaultCacheDirectory;
  };

  explicit Runtime(Options options)
      : path_(std::move(options.plugin_path)), cache_(options.cache_directory) {}

  /// ADD, in list order, each plugin with its predecessor's result. The last result is cached before it is
  /// returned. The first failure ends it, and leaves what earlier plugins made: the caller owes a del().
  [[nodiscard]] Result<VersionedResult> add(const spec::NetworkList& list, const RuntimeConf& conf) const;

  /// DEL, in reverse order, each plugin with the cached result (from 0.4.0). The first failure ends it (D16);
  /// the cache entry goes after full success only. An unusable cache entry is dropped, and DEL goes on
  /// without it.
  [[nodiscard]] Result<void> del(const spec::NetworkList& list, const RuntimeConf& conf) const;

  /// CHECK, in list order, with the cached result. Error for lists below 0.4.0, even when CHECK is disabled
  /// (D13); nothing is executed when it is.
  [[nodiscard]] Result<void> check(const spec::NetworkList& list, const RuntimeConf& conf) const;

  /// DEL of every cached attachment of this network that is not valid, with the given list; then, from 1.1.0,
  /// GC of every plugin. Goes on after errors and reports all of them, under the code of the first. Nothing
  /// at all happens when the list disables GC.
  [[nodiscard]] Result<void> gc(const spec::NetworkList& list, std::span<const spec::Attachment> valid) const;

  /// STATUS, in list order, up to the first failure, whose code says what is not available. Lists below 1.1.0
  /// have no STATUS and are fine.
  [[nodiscard]] Result<void> status(const spec::NetworkList& list) const;

  /// VERSION of every plugin.
  [[nodiscard]] Result<std::vector<PluginVersions>> versions(const spec::NetworkList& list) const;

  /// Is every plugin there, and does it speak the list's version? All problems are reported together. Returns
  /// the capabilities that some plugin of the list declares.
  [[nodiscard]] Result<std::set<std::string>> validate(const spec::NetworkList& list) const;

  [[nodiscard]] const Cache& cache() const { return cache_; }

 private:
  struct Execution;
  [[nodiscard]] Result<std::string> execute(const Execution& execution) const;
  [[nodiscard]] Result<VersionedResult> add_all(const spec::NetworkList& list, const RuntimeConf& conf) const;
  [[nodiscard]] Result<void> del_unlocked(const spec::NetworkList& list, const RuntimeConf& conf) const;
  [[nodiscard]] Result<PluginVersions> plugin_versions(const spec::PluginConf& plugin) const;

  std::vector<std::string> path_;
  Cache cache_;
};

}  // namespace podwire::runtime
