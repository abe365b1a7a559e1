// Results of a bench: a table for people, JSON for scripts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "bench/statistics.h"
#include "libcni/base/json.h"

namespace podwire::bench {

/// The peer that the others are compared with.
inline constexpr const char* kOurs = "podwire";

struct Row {
  std::string scenario;  ///< heading of the table; rows of one scenario follow each other
  std::string verb;      ///< what was done: "ADD", "DEL", "VERSION"
  std::string peer;
  std::size_t failures = 0;
  Summary time;                      ///< of the calls that succeeded
  std::optional<double> per_second;  ///< of all of them together, where they ran in parallel
  /// What else the scenario is made of, for scripts: {"pods", 1000}.
  std::vector<std::pair<std::string, std::int64_t>> parameters;
  bool json_only = false;  ///< too much for the table
};

/// "850 us", "1.23 ms", "12.3 ms", "1.23 s": three digits.
[[nodiscard]] std::string format_duration(Nanoseconds duration);

/// What a bench hands to the frame of its main().
struct Results {
  std::string table;
  Json rows = Json::array();
  std::size_t failures = 0;  ///< calls that failed
};

class Report {
 public:
  void add(Row row) { rows_.push_back(std::move(row)); }
  [[nodiscard]] const std::vector<Row>& rows() const { return rows_; }

  /// One line for each row, grouped by scenario; the last column is the median divided by podwire's.
  [[nodiscard]] std::string table() const;
  /// [{"scenario", "verb", "peer", parameters..., "count", "failures", "min_ns", "p50_ns", "p99_ns",
  /// "max_ns", "mean_ns", "per_second"}]
  [[nodiscard]] Json json() const;
  [[nodiscard]] Results results() const;

 private:
  std::vector<Row> rows_;
};

/// {"bench", "command", "machine": {"kernel", "architecture", "cpu", "cpus"}, "rows"}
[[nodiscard]] Json document(std::string_view bench, std::string_view command, Json rows);

}  // namespace podwire::bench
