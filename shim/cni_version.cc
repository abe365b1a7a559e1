// podwire cni version
#include <fmt/format.h>

#include "libcni/base/text.h"
#include "shim/command.h"
#include "shim/network_options.h"
#include "shim/table.h"

namespace podwire::shim {
namespace {

struct Options {
  NetworkOptions network;
  std::string conflist;
  bool json = false;
};

std::string as_json(const std::vector<runtime::PluginVersions>& plugins) {
  Json array = Json::array();
  for (const runtime::PluginVersions& plugin : plugins) {
    Json object = Json::object();
    object.set("type", plugin.type);
    object.set("executable", plugin.executable);
    object.set("supportedVersions", plugin.supported);
    array.push_back(std::move(object));
  }
  return array.dump(2) + "\n";
}

std::string as_table(const std::vector<runtime::PluginVersions>& plugins) {
  Table table({"PLUGIN", "EXECUTABLE", "VERSIONS"});
  for (const runtime::PluginVersions& plugin : plugins) {
    table.add({plugin.type, plugin.executable, join(plugin.supported, " ")});
  }
  return table.text();
}

Result<int> run(const Options& options) {
  const spec::NetworkList list = TRY(load_list(options.network, options.conflist));
  const auto plugins = TRY(make_runtime(options.network).versions(list));
  TRY(print(options.json ? as_json(plugins) : as_table(plugins)));
  return 0;
}

}  // namespace

void register_cni_version(CLI::App& parent, Action& selected) {
  const auto options = std::make_shared<Options>();
  CLI::App* command =
      parent.add_subcommand("version", "Which CNI versions does each plugin of a network speak?");
  command
      ->add_option("CONFLIST", options->conflist, "Network list: a file, or a network's name in --conf-dir")
      ->required();
  command->add_flag("--json", options->json, "Print JSON");
  add_conf_directory(*command, options->network);
  add_plugin_directories(*command, options->network);
  command->footer(
      "Needs no root.\n"
      "Example:\n"
      "  podwire cni version mynet --plugin-dir /usr/lib/cni");
  command->callback([options, &selected] { selected = [options] { return run(*options); }; });
}

}  // namespace podwire::shim
