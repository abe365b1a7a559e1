#include "bench/options.h"

#include <csignal>
#include <exception>
#include <iostream>

#include "libcni/base/text.h"

namespace podwire::bench {

void add_common_options(CLI::App& app, CommonOptions& options) {
  app.add_option("--peer", options.peers,
                 "NAME=DIR: compare with the plugins in DIR; may be repeated. Default: reference=/usr/lib/cni")
      ->take_all();
  app.add_option("--json", options.json, "FILE: write all figures as JSON")->option_text("FILE");
  app.add_option("--filter", options.filter, "TEXT: only scenarios whose heading contains it")->option_text("TEXT");
}

int bench_main(CLI::App& app, const CommonOptions& options, int argc, char** argv,
               const std::function<void(Report&)>& body) {
  CLI11_PARSE(app, argc, argv);
  try {
    // A plugin that exits before it has read its input is a failed call, not the end of the bench.
    std::signal(SIGPIPE, SIG_IGN);
    allow_many_descriptors();
    Report report(app.get_name(), join(std::vector<std::string>(argv, argv + argc), " "));
    body(report);
    return finish(report, options);
  } catch (const std::exception& error) {
    std::cerr << app.get_name() << ": " << error.what() << "\n";
    return 2;
  }
}

}  // namespace podwire::bench
