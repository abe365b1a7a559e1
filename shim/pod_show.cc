// podwire pod show
#include "shim/command.h"
#include "shim/pod/directory.h"
#include "shim/pod_options.h"
#include "shim/pod_view.h"

namespace podwire::shim {
namespace {

struct Options {
  std::string name;
  std::string run_directory = kDefaultRunDirectory;
  bool json = false;
};

Result<int> run(const Options& options) {
  TRY(require_root("pod show"));
  TRY(pod::validate_pod_name(options.name));
  const pod::PodDirectory directory(options.run_directory, options.name);
  const pod::Pod pod = TRY(directory.load());
  TRY(print(options.json ? TRY(pod_json(pod, directory)).dump(2) + "\n" : pod_text(pod, directory)));
  return 0;
}

}  // namespace

void register_pod_show(CLI::App& parent, Action& selected) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = parent.add_subcommand("show", "Show everything about one pod");
  command->add_option("NAME", options->name, "The pod's name")->required();
  command->add_flag("--json", options->json, "Print JSON, with the full CNI results");
  add_run_directory(*command, options->run_directory);
  command->footer(
      "Examples:\n"
      "  podwire pod show web\n"
      "  podwire pod show web --json | jq -r .networks[0].ips[0]");
  command->callback([options, &selected] { selected = [options] { return run(*options); }; });
}

}  // namespace podwire::shim
