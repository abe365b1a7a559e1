#include "bench/statistics.h"

#include <gtest/gtest.h>

#include <vector>

namespace podwire::bench {
namespace {

using std::chrono::nanoseconds;

std::vector<Nanoseconds> numbers(int first, int last) {
  std::vector<Nanoseconds> result;
  for (int i = first; i <= last; ++i) result.emplace_back(i);
  return result;
}

TEST(Statistics, PercentilesAreMeasuredValues) {
  const auto hundred = numbers(1, 100);
  EXPECT_EQ(percentile(hundred, 50), nanoseconds(50));
  EXPECT_EQ(percentile(hundred, 99), nanoseconds(99));
  EXPECT_EQ(percentile(hundred, 100), nanoseconds(100));
  EXPECT_EQ(percentile(hundred, 0.5), nanoseconds(1));
}

TEST(Statistics, PercentilesOfAFewRoundUp) {
  const auto three = numbers(1, 3);
  EXPECT_EQ(percentile(three, 50), nanoseconds(2));
  EXPECT_EQ(percentile(three, 99), nanoseconds(3)) << "of few values the 99th percentile is the slowest";
  EXPECT_EQ(percentile(numbers(7, 7), 50), nanoseconds(7));
}

TEST(Statistics, OrderOfMeasurementDoesNotMatter) {
  const std::vector<Nanoseconds> shuffled{nanoseconds(30), nanoseconds(10), nanoseconds(50), nanoseconds(20),
                                          nanoseconds(40)};
  const Summary summary = summarize(shuffled);
  EXPECT_EQ(summary.count, 5U);
  EXPECT_EQ(summary.min, nanoseconds(10));
  EXPECT_EQ(summary.p50, nanoseconds(30));
  EXPECT_EQ(summary.p99, nanoseconds(50));
  EXPECT_EQ(summary.max, nanoseconds(50));
  EXPECT_EQ(summary.mean, nanoseconds(30));
}

TEST(Statistics, NothingMeasuredIsAllZero) {
  const Summary summary = summarize({});
  EXPECT_EQ(summary.count, 0U);
  EXPECT_EQ(summary.p50, nanoseconds(0));
  EXPECT_EQ(percentile({}, 50), nanoseconds(0));
}

}  // namespace
}  // namespace podwire::bench
