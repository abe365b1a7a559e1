// podwire pod rm
#include <fmt/format.h>

#include "shim/command.h"
#include "shim/network_options.h"
#include "shim/pod/lifecycle.h"
#include "shim/pod_options.h"

namespace podwire::shim {
namespace {

struct Options {
  std::vector<std::string> names;
  NetworkOptions network;
  std::string run_directory = kDefaultRunDirectory;
  bool force = false;
};

Result<int> run(const Options& options) {
  TRY(require_root("pod rm"));
  const pod::RemoveOptions remove{.run_directory = options.run_directory,
                                  .plugin_path = options.network.plugin_directories,
                                  .force = options.force};
  int status = 0;
  for (const std::string& name : options.names) {
    const Result<void> removed = pod::remove_pod(name, remove);
    if (removed) continue;
    fmt::print(stderr, "{}: {}\n", name, error_text(removed.error()));
    status = 1;
  }
  return status;
}

}  // namespace

void register_pod_rm(CLI::App& parent, Action& selected) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = parent.add_subcommand("rm", "Remove pods: kill their processes, detach their networks");
  command->add_option("NAME", options->names, "Names of pods")->required();
  command->add_flag("-f,--force", options->force,
                    "Remove the pod although a plugin's DEL failed or its pod.json is damaged");
  command
      ->add_option("--plugin-dir", options->network.plugin_directories,
                   "Directory of plugins, may be repeated; default: those of pod add")
      ->type_name("DIR")
      ->allow_extra_args(false);
  add_run_directory(*command, options->run_directory);
  command->footer(
      "Works on dead and incomplete pods too. When a DEL fails the pod stays, without processes, and rm can "
      "be\n"
      "repeated. The exit status is 1 if any error was printed.\n"
      "Examples:\n"
      "  podwire pod rm web db\n"
      "  podwire pod rm $(podwire pod ls -q)");
  command->callback([options, &selected] { selected = [options] { return run(*options); }; });
}

}  // namespace podwire::shim
