// Findings as text and as JSON.
#pragma once

#include <string>

#include "libcni/base/json.h"
#include "shim/doctor/finding.h"

namespace podwire::doctor {

struct Counts {
  std::size_t problems = 0;
  std::size_t warnings = 0;
  std::size_t skipped = 0;
};
[[nodiscard]] Counts count(const Findings& findings);

/// "ok", "skipped", "warning", "problem".
[[nodiscard]] std::string_view text(Severity severity);

/// Lines by group; below a finding its fix; at the end the counts. `quiet`: warnings and problems alone.
[[nodiscard]] std::string report_text(const Findings& findings, bool quiet);

/// {"findings": [{"check", "group", "severity", "message", "commands", "advice"}], "problems", "warnings",
/// "skipped"}
[[nodiscard]] Json report_json(const Findings& findings);

}  // namespace podwire::doctor
