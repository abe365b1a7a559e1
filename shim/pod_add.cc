// podwire pod add
#include "shim/command.h"
#include "shim/network_options.h"
#include "shim/pod/lifecycle.h"
#include "shim/pod_options.h"
#include "shim/pod_view.h"

namespace podwire::shim {
namespace {

struct Options {
  NetworkOptions network;
  std::string name;
  std::vector<std::string> networks;
  pod::Requests requests;
  std::vector<std::string> args;
  std::string run_directory = kDefaultRunDirectory;
  bool json = false;
};

Result<int> run(const Options& options) {
  TRY(require_root("pod add"));
  pod::AddOptions add{.name = options.name,
                      .networks = {},
                      .requests = options.requests,
                      .args = TRY(parse_args(options.args)),
                      .run_directory = options.run_directory,
                      .cache_directory = options.network.cache_directory,
                      .plugin_path = plugin_path(options.network)};
  for (const std::string& network : options.networks)
    add.networks.push_back(TRY(load_list(options.network, network)));
  const pod::Pod pod = TRY(pod::add_pod(add));
  const pod::PodDirectory directory(options.run_directory, options.name);
  TRY(print(options.json ? TRY(pod_json(pod, directory)).dump(2) + "\n" : pod_text(pod, directory)));
  return 0;
}

constexpr const char* kFooter =
    "Each --net becomes an interface: the first eth0, the next eth1. A request goes to the first network "
    "with a\n"
    "plugin that declares the capability (portMappings, ips, mac), or to the one it names: eth1=8080:80.\n"
    "When anything fails everything is undone.\n"
    "Examples:\n"
    "  podwire pod add web --net /etc/cni/net.d/10-bridge.conflist\n"
    "  podwire pod add web --net mynet --port 8080:80 --port 127.0.0.1:5353:53/udp\n"
    "  podwire pod add db --net mynet --ip 10.1.0.9 --mac 02:00:00:00:00:09\n"
    "  podwire pod add gw --net front --net back --ip eth1=10.2.0.1";

void add_requests(CLI::App& command, Options& options) {
  command.add_option("--port", options.requests.ports, "Publish a port of the pod, may be repeated")
      ->type_name("[HOSTIP:]HOSTPORT:PORT[/PROTOCOL]")
      ->allow_extra_args(false);
  command.add_option("--ip", options.requests.ips, "Ask for this address, may be repeated")
      ->type_name("ADDRESS")
      ->allow_extra_args(false);
  command.add_option("--mac", options.requests.macs, "Ask for this MAC address, once per interface")
      ->type_name("MAC")
      ->allow_extra_args(false);
  command.add_option("--args", options.args, "CNI_ARGS pair for every network, may be repeated")
      ->type_name("K=V")
      ->allow_extra_args(false);
}

}  // namespace

void register_pod_add(CLI::App& parent, Action& selected) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = parent.add_subcommand("add", "Make a pod and attach it to networks");
  command->add_option("NAME", options->name, "The pod's name, and its host name")->required();
  command
      ->add_option("--net", options->networks, "Network list: a file, or a network's name; may be repeated")
      ->type_name("CONFLIST")
      ->required()
      ->allow_extra_args(false);
  add_requests(*command, *options);
  command->add_flag("--json", options->json, "Print JSON");
  add_conf_directory(*command, options->network);
  add_plugin_directories(*command, options->network);
  add_cache_directory(*command, options->network);
  add_run_directory(*command, options->run_directory);
  command->footer(kFooter);
  command->callback([options, &selected] { selected = [options] { return run(*options); }; });
}

}  // namespace podwire::shim
