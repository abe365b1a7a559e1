#include "bench/report.h"

#include <fmt/format.h>
#include <sys/utsname.h>
#include <unistd.h>

#include <algorithm>
#include <fstream>
#include <string_view>

namespace podwire::bench {
namespace {

std::string cpu_model() {
  std::ifstream cpuinfo("/proc/cpuinfo");
  for (std::string line; std::getline(cpuinfo, line);) {
    const auto colon = line.find(": ");
    if (line.starts_with("model name") && colon != std::string::npos) return line.substr(colon + 2);
  }
  return "unknown";
}

Json machine() {
  utsname name{};
  ::uname(&name);
  Json json = Json::object();
  json.set("kernel", name.release)
      .set("architecture", name.machine)
      .set("cpu", cpu_model())
      .set("cpus", std::int64_t{::sysconf(_SC_NPROCESSORS_ONLN)});
  return json;
}

Json json_of(const Row& row) {
  Json json = Json::object();
  json.set("scenario", row.scenario).set("verb", row.verb).set("peer", row.peer);
  for (const auto& [name, value] : row.parameters) json.set(name, value);
  json.set("count", std::uint64_t{row.time.count})
      .set("failures", std::uint64_t{row.failures})
      .set("min_ns", std::int64_t{row.time.min.count()})
      .set("p50_ns", std::int64_t{row.time.p50.count()})
      .set("p99_ns", std::int64_t{row.time.p99.count()})
      .set("max_ns", std::int64_t{row.time.max.count()})
      .set("mean_ns", std::int64_t{row.time.mean.count()});
  if (row.per_second) json.set("per_second", static_cast<std::int64_t>(*row.per_second));
  return json;
}

/// Median of our row in the group, to divide by.
Nanoseconds our_median(const std::vector<Row>& rows, const Row& of) {
  const auto ours = std::ranges::find_if(rows, [&](const Row& row) {
    return row.scenario == of.scenario && row.verb == of.verb && row.peer == kOurs;
  });
  return ours == rows.end() ? Nanoseconds{} : ours->time.p50;
}

std::string ratio(Nanoseconds value, Nanoseconds ours) {
  if (ours.count() == 0 || value.count() == 0) return "";
  return fmt::format("{:.2f}x", static_cast<double>(value.count()) / static_cast<double>(ours.count()));
}

std::string line_of(const Row& row, Nanoseconds ours) {
  return fmt::format("  {:<12} {:<12} {:>6} {:>9} {:>9} {:>9} {:>9} {:>9}{}\n", row.verb, row.peer,
                     row.time.count, format_duration(row.time.min), format_duration(row.time.p50),
                     format_duration(row.time.p99),
                     row.per_second ? fmt::format("{:.0f}", *row.per_second) : "", ratio(row.time.p50, ours),
                     row.failures > 0 ? fmt::format("  {} FAILED", row.failures) : "");
}

}  // namespace

std::string format_duration(Nanoseconds duration) {
  struct Unit {
    double nanoseconds;
    std::string_view name;
  };
  constexpr Unit kUnits[] = {{1e3, "us"}, {1e6, "ms"}, {1e9, "s"}};
  const auto value = static_cast<double>(duration.count());
  const Unit* unit = std::begin(kUnits);
  // 999.5 would be printed as 1000 of the smaller unit.
  while (unit + 1 != std::end(kUnits) && value / unit->nanoseconds >= 999.5) ++unit;
  const double scaled = value / unit->nanoseconds;
  const int decimals = scaled >= 99.95 ? 0 : scaled >= 9.995 ? 1 : 2;
  return fmt::format("{:.{}f} {}", scaled, decimals, unit->name);
}

std::string Report::table() const {
  std::string text;
  std::string scenario;
  for (const Row& row : rows_) {
    if (row.json_only) continue;
    if (row.scenario != scenario) {
      scenario = row.scenario;
      text += fmt::format("\n{}\n  {:<12} {:<12} {:>6} {:>9} {:>9} {:>9} {:>9} {:>9}\n", scenario, "", "",
                          "n", "min", "p50", "p99", "per s", "ratio");
    }
    text += line_of(row, our_median(rows_, row));
  }
  return text;
}

Json Report::json() const {
  Json rows = Json::array();
  for (const Row& row : rows_) rows.push_back(json_of(row));
  return rows;
}

Results Report::results() const {
  Results results{.table = table(), .rows = json()};
  for (const Row& row : rows_) results.failures += row.failures;
  return results;
}

Json document(std::string_view bench, std::string_view command, Json rows) {
  Json json = Json::object();
  json.set("bench", bench).set("command", command).set("machine", machine()).set("rows", std::move(rows));
  return json;
}

}  // namespace podwire::bench
