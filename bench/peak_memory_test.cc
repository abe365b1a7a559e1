#include "bench/peak_memory.h"

#include <gtest/gtest.h>

#include <algorithm>
#include <system_error>
#include <vector>

namespace podwire::bench {
namespace {

constexpr std::size_t kMib = 1024;  // in KiB

ProcessTree run(const std::string& program, const std::string& input) {
  return trace_peak_memory({.path = program, .environment = {"PATH=/usr/bin:/bin"}, .input = input});
}

std::vector<std::string> programs(const ProcessTree& tree) {
  std::vector<std::string> names;
  for (const ProcessPeak& process : tree.processes) names.push_back(process.program);
  return names;
}

TEST(PeakMemory, SeesTheBufferOfAProcess) {
  // /bin/sh without arguments reads its script from standard input.
  const ProcessTree tree = run("/bin/sh", "exec dd if=/dev/zero of=/dev/null bs=64M count=1\n");
  EXPECT_EQ(tree.status, 0);
  ASSERT_EQ(programs(tree), std::vector<std::string>{"dd"}) << "an exec is the same process";
  EXPECT_GE(tree.processes.front().peak_kib, 64 * kMib);
  EXPECT_LT(tree.processes.front().peak_kib, 80 * kMib);
}

TEST(PeakMemory, MemoryThatIsReservedAndNeverUsedIsNotCounted) {
  const ProcessTree tree = run("/bin/sh", "exec dd if=/dev/null of=/dev/null bs=64M count=1\n");
  ASSERT_EQ(programs(tree), std::vector<std::string>{"dd"});
  EXPECT_LT(tree.processes.front().peak_kib, 16 * kMib);
}

TEST(PeakMemory, TheSizeOfTheBenchIsNotCounted) {
  const std::vector<char> ballast(200 * kMib * 1024, 'x');
  const ProcessTree tree = run("/bin/true", "");
  ASSERT_EQ(tree.processes.size(), 1U);
  EXPECT_GT(tree.processes.front().peak_kib, 100U);
  EXPECT_LT(tree.processes.front().peak_kib, 50 * kMib);
  EXPECT_EQ(ballast.back(), 'x');
}

TEST(PeakMemory, ListsThePluginFirstAndEveryOtherProcess) {
  const ProcessTree tree =
      run("/bin/sh", "env true\ndd if=/dev/zero of=/dev/null bs=1M count=1\necho out\nexit 4\n");
  EXPECT_EQ(tree.status, 4);
  EXPECT_EQ(tree.out, "out\n");
  EXPECT_EQ(programs(tree), (std::vector<std::string>{"dash", "true", "dd"}));
}

TEST(PeakMemory, ASignalReachesTheProcess) {
  EXPECT_EQ(run("/bin/sh", "kill -TERM $$\n").status, 128 + SIGTERM);
}

TEST(PeakMemory, WhatCannotBeRunIsAnException) {
  EXPECT_THROW((void)run("/nonexistent/plugin", ""), std::system_error);
}

}  // namespace
}  // namespace podwire::bench
