// The frame of a CNI executable: verbs in, exit status out. A plugin's main() is a Plugin and plugin_main().
#pragma once

#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libcni/base/error.h"
#include "libcni/spec/invocation.h"
#include "libcni/spec/result.h"

namespace podwire::plugin {

struct Plugin;

/// What a verb gets: the parsed invocation, and the plugins that may be called in-process (host-local).
struct Call {
  const spec::Invocation& invocation;
  std::span<const Plugin* const> builtin;
  std::vector<std::string>& notices;  ///< lines for stderr or logFile; the frame prints them
};

struct Plugin {
  std::string_view name;   ///< "bridge"
  std::string_view about;  ///< one line, printed when CNI_COMMAND is absent (ENV-5)
  Result<spec::AddResult> (*add)(const Call&);
  Result<void> (*del)(const Call&);
  Result<void> (*check)(const Call&);
  Result<void> (*gc)(const Call&);
  Result<void> (*status)(const Call&);
};

/// Everything a run reads, so that the protocol is testable without a process.
struct Io {
  spec::Getenv getenv;
  std::function<Result<std::string>()> read_stdin;
  /// Standard input if it can be had without waiting; VERSION never blocks on it (D3).
  std::function<std::optional<std::string>()> peek_stdin;
};

/// Everything a run prints.
struct Outcome {
  int exit_status = 0;
  std::string out;  ///< one JSON value for ADD, VERSION and failures; else empty
  std::string err;
};

[[nodiscard]] Outcome run(const Plugin& plugin, std::span<const Plugin* const> builtin, const Io& io);

/// run() with the process's own environment and descriptors. Returns the exit status.
[[nodiscard]] int plugin_main(const Plugin& plugin, std::span<const Plugin* const> builtin = {});

}  // namespace podwire::plugin
