// What a series of measured durations says.
#pragma once

#include <chrono>
#include <cstddef>
#include <span>

namespace podwire::bench {

using Nanoseconds = std::chrono::nanoseconds;

/// The smallest duration that at least `percent` of all are not longer than (nearest-rank method): always one
/// that was measured. Zero of an empty series. `percent` is in (0, 100].
[[nodiscard]] Nanoseconds percentile(std::span<const Nanoseconds> durations, double percent);

struct Summary {
  std::size_t count = 0;
  Nanoseconds min{};
  Nanoseconds p50{};
  Nanoseconds p99{};
  Nanoseconds max{};
  Nanoseconds mean{};
};

/// All zero for an empty series.
[[nodiscard]] Summary summarize(std::span<const Nanoseconds> durations);

}  // namespace podwire::bench
