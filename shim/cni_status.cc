// podwire cni status
#include "shim/command.h"
#include "shim/network_options.h"

namespace podwire::shim {
namespace {

struct Options {
  NetworkOptions network;
  std::string conflist;
};

Result<int> run(const Options& options) {
  TRY(require_root("cni status"));
  const spec::NetworkList list = TRY(load_list(options.network, options.conflist));
  TRY(make_runtime(options.network).status(list));
  return 0;
}

}  // namespace

void register_cni_status(CLI::App& parent, Action& selected) {
  const auto options = std::make_shared<Options>();
  CLI::App* command =
      parent.add_subcommand("status", "Can the network's plugins serve an ADD now? (from 1.1.0)");
  command
      ->add_option("CONFLIST", options->conflist, "Network list: a file, or a network's name in --conf-dir")
      ->required();
  add_conf_directory(*command, options->network);
  add_plugin_directories(*command, options->network);
  command->footer(
      "Prints nothing and exits 0 when they can. Lists below 1.1.0 have no STATUS and always can.\n"
      "Example:\n"
      "  podwire cni status mynet");
  command->callback([options, &selected] { selected = [options] { return run(*options); }; });
}

}  // namespace podwire::shim
