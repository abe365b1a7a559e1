// Where a plugin's lines go: stderr, or the file that the configuration names. stdout is the protocol's
// alone.
#pragma once

#include <string>
#include <string_view>

#include "libcni/spec/invocation.h"

namespace podwire::plugin {

enum class Level { kDebug, kInfo, kWarn, kError };

/// Collects the lines of one run and writes them where logLevel and logFile say.
class Log {
 public:
  explicit Log(std::string_view plugin) : plugin_(plugin) {}

  /// Takes logLevel (trace, debug, info, warn, error, off; default warn) and logFile from the configuration.
  /// Error, kInvalidNetworkConfig: an unknown level. A file that cannot be opened is told on stderr, with the
  /// line.
  [[nodiscard]] Result<void> configure(const spec::NetConf& conf);

  void write(Level level, const std::string& line);

  /// What is meant for stderr.
  [[nodiscard]] std::string take_stderr() { return std::move(stderr_); }

 private:
  std::string plugin_;
  int threshold_ = static_cast<int>(Level::kWarn);
  std::string file_;
  std::string stderr_;
};

}  // namespace podwire::plugin
