#include "bench/options.h"

#include <csignal>
#include <cstdlib>
#include <exception>
#include <filesystem>
#include <fstream>
#include <iostream>
#include <stdexcept>

#include "libcni/base/text.h"

namespace podwire::bench {
namespace {

namespace fs = std::filesystem;

void write_file(const std::string& path, const std::string& text) {
  std::ofstream file(path, std::ios::binary);
  file << text;
  if (!file.flush()) throw std::runtime_error("cannot write " + path);
}

}  // namespace

void add_common_options(CLI::App& app, CommonOptions& options) {
  app.add_option(
         "--peer", options.peers,
         "NAME=DIR: compare with the plugins in DIR; may be repeated. Default: reference=/usr/lib/cni")
      ->take_all();
  app.add_option("--json", options.json, "FILE: write all figures as JSON")->option_text("FILE");
  app.add_option("--filter", options.filter, "TEXT: only scenarios whose heading contains it")
      ->option_text("TEXT");
}

int bench_main(CLI::App& app, CommonOptions& options, int argc, char** argv,
               const std::function<Results()>& body) {
  CLI11_PARSE(app, argc, argv);
  try {
    // A plugin that exits before it has read its input is a failed call, not the end of the bench.
    std::signal(SIGPIPE, SIG_IGN);
    allow_many_descriptors();
    // Entering a mount namespace changes the working directory.
    if (!options.json.empty()) options.json = fs::absolute(options.json);
    Results results = body();
    std::cout << results.table << std::flush;
    if (results.failures > 0) std::cerr << results.failures << " calls failed\n";
    if (results.rows.empty()) std::cerr << "nothing was measured: no heading contains what --filter says\n";
    const bool good = results.failures == 0 && !results.rows.empty();
    const std::string command = join(std::vector<std::string>(argv, argv + argc), " ");
    if (!options.json.empty()) {
      write_file(options.json, document(app.get_name(), command, std::move(results.rows)).dump(1) + "\n");
    }
    return good ? EXIT_SUCCESS : EXIT_FAILURE;
  } catch (const std::exception& error) {
    std::cerr << app.get_name() << ": " << error.what() << "\n";
    return 2;
  }
}

}  // namespace podwire::bench
