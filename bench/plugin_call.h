// One execution of a plugin as a runtime makes it, timed: from before the process is started until it has
// exited and everything it printed has been read.
#pragma once

#include <sys/types.h>

#include <string>
#include <vector>

#include "bench/statistics.h"

namespace podwire::bench {

struct PluginCall {
  std::string path;
  std::vector<std::string> environment;  ///< "KEY=value"
  std::string input;                     ///< on standard input; at most kMaxInput bytes
};

/// What a pipe holds: a longer input would have to be fed while the plugin runs.
inline constexpr std::size_t kMaxInput = 65536;

struct Outcome {
  Nanoseconds duration{};
  int status = -1;  ///< exit status; 128 + signal number when killed
  std::string out;
  std::string err;

  [[nodiscard]] bool ok() const { return status == 0; }
};

/// Runs the plugin in the namespaces of the calling thread (posix_spawn: vfork and exec). Killed after a
/// minute. Several threads may call at once. Throws std::system_error when there is no such program, or no
/// descriptors.
[[nodiscard]] Outcome call_plugin(const PluginCall& call);

}  // namespace podwire::bench
