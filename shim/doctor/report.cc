#include "shim/doctor/report.h"

#include <fmt/format.h>

#include <algorithm>

#include "libcni/base/text.h"
#include "shim/doctor/checks.h"

namespace podwire::doctor {
namespace {

constexpr int kSeverityWidth = 8;
constexpr int kCheckWidth = 17;
constexpr int kMessageColumn = 2 + kSeverityWidth + 1 + kCheckWidth + 1;

std::string_view group_of(std::string_view check) {
  const auto checks = all_checks();
  const auto found = std::ranges::find(checks, check, &Check::name);
  return found == checks.end() ? "" : found->group;
}

bool is_bad(const Finding& finding) {
  return finding.severity == Severity::kWarning || finding.severity == Severity::kProblem;
}

/// The fix under the message: its first line says "fix:", the others stand below.
std::string fix_text(const Finding& finding) {
  std::vector<std::string> lines = finding.commands;
  if (!finding.advice.empty()) lines.push_back(finding.advice);
  std::string text;
  for (const std::string& line : lines) {
    text += fmt::format("{:{}}{}{}\n", "", kMessageColumn, text.empty() ? "fix: " : "     ", line);
  }
  return text;
}

std::string counted(std::size_t number, std::string_view one) {
  return fmt::format("{} {}{}", number, one, number == 1 ? "" : "s");
}

std::string summary(const Counts& counts) {
  if (counts.problems + counts.warnings + counts.skipped == 0) return "Everything is in order.\n";
  std::vector<std::string> parts;
  if (counts.problems > 0) parts.push_back(counted(counts.problems, "problem"));
  if (counts.warnings > 0) parts.push_back(counted(counts.warnings, "warning"));
  if (counts.skipped > 0) parts.push_back(fmt::format("{} not checked", counts.skipped));
  return join(parts, ", ") + ".\n";
}

}  // namespace

Counts count(const Findings& findings) {
  Counts counts;
  for (const Finding& finding : findings.all()) {
    if (finding.severity == Severity::kProblem) ++counts.problems;
    if (finding.severity == Severity::kWarning) ++counts.warnings;
    if (finding.severity == Severity::kSkipped) ++counts.skipped;
  }
  return counts;
}

std::string_view text(Severity severity) {
  switch (severity) {
    case Severity::kOk:
      return "ok";
    case Severity::kSkipped:
      return "skipped";
    case Severity::kWarning:
      return "warning";
    case Severity::kProblem:
      return "problem";
  }
  return "";
}

std::string report_text(const Findings& findings, bool quiet) {
  std::string out;
  std::string_view group;
  for (const Finding& finding : findings.all()) {
    if (quiet && !is_bad(finding)) continue;
    if (group_of(finding.check) != group) {
      group = group_of(finding.check);
      out += fmt::format("{}\n", group);
    }
    out += fmt::format("  {:<{}} {:<{}} {}\n{}", text(finding.severity), kSeverityWidth, finding.check,
                       kCheckWidth, finding.message, fix_text(finding));
  }
  return out + (quiet && out.empty() ? "" : summary(count(findings)));
}

Json report_json(const Findings& findings) {
  Json array = Json::array();
  for (const Finding& finding : findings.all()) {
    Json object = Json::object();
    object.set("check", finding.check);
    object.set("group", group_of(finding.check));
    object.set("severity", text(finding.severity));
    object.set("message", finding.message);
    object.set("commands", finding.commands);
    if (!finding.advice.empty()) object.set("advice", finding.advice);
    array.push_back(std::move(object));
  }
  const Counts counts = count(findings);
  Json report = Json::object();
  report.set("findings", std::move(array));
  report.set("problems", std::uint64_t{counts.problems});
  report.set("warnings", std::uint64_t{counts.warnings});
  report.set("skipped", std::uint64_t{counts.skipped});
  return report;
}

}  // namespace podwire::doctor
