#include "bench/report.h"

#include <gtest/gtest.h>

namespace podwire::bench {
namespace {

using std::chrono::microseconds;
using std::chrono::milliseconds;

Row row(const char* verb, const char* peer, milliseconds median) {
  return {.scenario = "serial",
          .verb = verb,
          .peer = peer,
          .time = {.count = 3, .min = median, .p50 = median, .p99 = median, .max = median, .mean = median},
          .per_second = std::nullopt,
          .parameters = {}};
}

Report three_peers() {
  Report report;
  report.add(row("ADD", "podwire", milliseconds(2)));
  report.add(row("ADD", "reference", milliseconds(15)));
  report.add(row("DEL", "podwire", milliseconds(10)));
  return report;
}

TEST(Report, DurationsHaveThreeDigits) {
  EXPECT_EQ(format_duration(Nanoseconds(1234)), "1.23 us");
  EXPECT_EQ(format_duration(microseconds(850)), "850 us");
  EXPECT_EQ(format_duration(Nanoseconds(999'400)), "999 us");
  EXPECT_EQ(format_duration(Nanoseconds(999'600)), "1.00 ms") << "never 1000 us";
  EXPECT_EQ(format_duration(Nanoseconds(9'996'000)), "10.0 ms");
  EXPECT_EQ(format_duration(milliseconds(12)), "12.0 ms");
  EXPECT_EQ(format_duration(milliseconds(684)), "684 ms");
  EXPECT_EQ(format_duration(milliseconds(61'000)), "61.0 s");
  EXPECT_EQ(format_duration(milliseconds(2'000'000)), "2000 s");
}

TEST(Report, RatiosAreToOursOfTheSameVerb) {
  const std::string table = three_peers().table();
  EXPECT_NE(table.find("7.50x"), std::string::npos) << table;
  EXPECT_EQ(table.find("5.00x"), std::string::npos) << "an ADD is not compared with a DEL\n" << table;
}

TEST(Report, ARowWithoutOursHasNoRatio) {
  Report report;
  report.add(row("link", "limit", milliseconds(2)));
  EXPECT_EQ(report.table().find("x\n"), std::string::npos) << report.table();
}

TEST(Report, AScenarioHasOneHeading) {
  const std::string table = three_peers().table();
  EXPECT_NE(table.find("\nserial\n"), std::string::npos);
  EXPECT_EQ(table.find("\nserial\n"), table.rfind("\nserial\n"));
}

TEST(Report, FailuresAreCountedAndShown) {
  Report report = three_peers();
  Row failed = row("DEL", "reference", milliseconds(10));
  failed.failures = 2;
  report.add(failed);
  EXPECT_EQ(report.results().failures, 2U);
  EXPECT_NE(report.table().find("2 FAILED"), std::string::npos);
}

TEST(Report, RowsForScriptsOnlyAreNotInTheTable) {
  Report report;
  Row detail = row("ADD", "podwire", milliseconds(2));
  detail.json_only = true;
  report.add(detail);
  EXPECT_EQ(report.table(), "");
  EXPECT_EQ(report.json().view().elements()->size(), 1U);
}

TEST(Report, JsonHasNanosecondsAndParameters) {
  Report report;
  Row grown = row("ADD", "podwire", milliseconds(2));
  grown.parameters = {{"pods", 950}};
  grown.per_second = 617.4;
  report.add(grown);
  EXPECT_EQ(report.json().dump(),
            R"([{"scenario":"serial","verb":"ADD","peer":"podwire","pods":950,"count":3,"failures":0,)"
            R"("min_ns":2000000,"p50_ns":2000000,"p99_ns":2000000,"max_ns":2000000,"mean_ns":2000000,)"
            R"("per_second":617}])");
}

TEST(Report, DocumentNamesTheMachine) {
  const Json json = document("add_del", "add_del --rounds 3", three_peers().json());
  EXPECT_EQ(json.view().find("bench")->string(), "add_del");
  EXPECT_EQ(json.view().find("command")->string(), "add_del --rounds 3");
  EXPECT_FALSE(json.view().find("machine")->find("kernel")->string()->empty());
  EXPECT_EQ(json.view().find("rows")->elements()->size(), 3U);
}

}  // namespace
}  // namespace podwire::bench
