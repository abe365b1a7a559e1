// Command-line options that every bench has, and the frame of its main().
#pragma once

#include <CLI/CLI.hpp>
#include <functional>

#include "bench/harness.h"

namespace podwire::bench {

/// --peer, --json, --filter.
void add_common_options(CLI::App& app, CommonOptions& options);

/// Parses the command line, runs the body, prints the table, writes the JSON. Returns the exit status: 1 when
/// a call failed or nothing was measured, 2 when the bench itself could not go on, CLI11's for a wrong
/// command line.
[[nodiscard]] int bench_main(CLI::App& app, CommonOptions& options, int argc, char** argv,
                             const std::function<Results()>& body);

}  // namespace podwire::bench
