// Peak memory of a plugin and of everything that it executes.
#pragma once

#include <cstddef>
#include <string>
#include <vector>

#include "bench/plugin_call.h"

namespace podwire::bench {

struct ProcessPeak {
  std::string program;       ///< what was running at the end: name of the executable, without its directory
  std::size_t peak_kib = 0;  ///< largest resident set since its exec: VmHWM of proc_pid_status(5)
};

struct ProcessTree {
  int status = -1;  ///< exit status of the plugin; 128 + signal number when killed
  std::string out;
  std::vector<ProcessPeak> processes;  ///< the plugin itself, then the others in the order of their end
};

/// Runs the plugin under ptrace(2), which stops every process at its exit, when its memory is still there.
/// (The ru_maxrss of wait4(2) begins with the size of whoever forked the process.) Throws std::system_error
/// when it cannot be run or traced.
[[nodiscard]] ProcessTree trace_peak_memory(const PluginCall& call);

}  // namespace podwire::bench
