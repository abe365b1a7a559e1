#include "bench/statistics.h"

#include <algorithm>
#include <cmath>
#include <numeric>
#include <vector>

namespace podwire::bench {
namespace {

Nanoseconds percentile_of_sorted(std::span<const Nanoseconds> sorted, double percent) {
  if (sorted.empty()) return {};
  const double rank = std::ceil(percent / 100.0 * static_cast<double>(sorted.size()));
  const auto index = static_cast<std::size_t>(std::max(rank, 1.0)) - 1;
  return sorted[std::min(index, sorted.size() - 1)];
}

std::vector<Nanoseconds> sorted_copy(std::span<const Nanoseconds> durations) {
  std::vector<Nanoseconds> sorted(durations.begin(), durations.end());
  std::ranges::sort(sorted);
  return sorted;
}

}  // namespace

Nanoseconds percentile(std::span<const Nanoseconds> durations, double percent) {
  return percentile_of_sorted(sorted_copy(durations), percent);
}

Summary summarize(std::span<const Nanoseconds> durations) {
  if (durations.empty()) return {};
  const std::vector<Nanoseconds> sorted = sorted_copy(durations);
  const auto count = static_cast<Nanoseconds::rep>(sorted.size());
  return {.count = sorted.size(),
          .min = sorted.front(),
          .p50 = percentile_of_sorted(sorted, 50),
          .p99 = percentile_of_sorted(sorted, 99),
          .max = sorted.back(),
          .mean = std::accumulate(sorted.begin(), sorted.end(), Nanoseconds{}) / count};
}

}  // namespace podwire::bench
