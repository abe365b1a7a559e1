#include "libcni/plugin/log.h"

#include <fmt/format.h>
#include <spdlog/sinks/basic_file_sink.h>

#include <array>
#include <utility>

namespace podwire::plugin {
namespace {

constexpr std::array<std::pair<std::string_view, int>, 6> kLevels{{
    {"trace", static_cast<int>(Level::kDebug)},
    {"debug", static_cast<int>(Level::kDebug)},
    {"info", static_cast<int>(Level::kInfo)},
    {"warn", static_cast<int>(Level::kWarn)},
    {"error", static_cast<int>(Level::kError)},
    {"off", static_cast<int>(Level::kError) + 1},
}};

spdlog::level::level_enum spdlog_level(Level level) {
  switch (level) {
    case Level::kDebug:
      return spdlog::level::debug;
    case Level::kInfo:
      return spdlog::level::info;
    case Level::kWarn:
      return spdlog::level::warn;
    case Level::kError:
      return spdlog::level::err;
  }
  return spdlog::level::err;
}

}  // namespace

Result<void> Log::configure(const spec::NetConf& conf) {
  for (const auto& [name, threshold] : kLevels) {
    if (name != conf.log_level) continue;
    threshold_ = threshold;
    file_ = conf.log_file;
    return {};
  }
  return fail(
      Code::kInvalidNetworkConfig,
      fmt::format("unknown logLevel {:?}, must be trace, debug, info, warn, error or off", conf.log_level));
}

void Log::write(Level level, const std::string& line) {
  if (static_cast<int>(level) < threshold_) return;
  if (!file_.empty()) {
    try {
      spdlog::sinks::basic_file_sink_st sink(file_);
      sink.log({plugin_, spdlog_level(level), line});
      sink.flush();
      return;
    } catch (const spdlog::spdlog_ex& error) {
      stderr_ += fmt::format("podwire {}: {}\n", plugin_, error.what());
    }
  }
  stderr_ += fmt::format("podwire {}: {}\n", plugin_, line);
}

}  // namespace podwire::plugin
