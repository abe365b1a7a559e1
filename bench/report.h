// Results of a bench: a table for people, JSON for scripts.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
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
};

/// "850 us", "1.23 ms", "12.3 ms", "1.23 s": three digits.
[[nodiscard]] std::string format_duration(Nanoseconds duration);

class Report {
 public:
  /// `bench`: name of the program; `command`: how it was called.
  Report(std::string bench, std::string command);

  void add(Row row) { rows_.push_back(std::move(row)); }
  [[nodiscard]] const std::vector<Row>& rows() const { return rows_; }
  [[nodiscard]] std::size_t failures() const;

  /// One line for each row, grouped by scenario and verb; the last column is the median divided by podwire's.
  [[nodiscard]] std::string table() const;
  /// {"bench", "command", "machine": {...}, "rows": [{"scenario", "verb", "peer", "count", "failures", "min_ns",
  /// "p50_ns", "p99_ns", "max_ns", "mean_ns", "per_second", parameters...}]}
  [[nodiscard]] Json json() const;

 private:
  std::string bench_;
  std::string command_;
  std::vector<Row> rows_;
};

}  // namespace podwire::bench
