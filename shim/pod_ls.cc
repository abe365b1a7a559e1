// podwire pod ls
#include "libcni/base/text.h"
#include "shim/command.h"
#include "shim/pod/directory.h"
#include "shim/pod/state.h"
#include "shim/pod_options.h"
#include "shim/pod_view.h"
#include "shim/table.h"

namespace podwire::shim {
namespace {

struct Options {
  std::string run_directory = kDefaultRunDirectory;
  bool json = false;
  bool quiet = false;
};

/// A pod whose pod.json cannot be read is shown all the same, or nobody would know that it is there.
struct Listed {
  pod::PodDirectory directory;
  Result<pod::Pod> pod;
};

Result<std::vector<Listed>> load_all(const std::string& run_directory) {
  std::vector<Listed> pods;
  for (const std::string& name : TRY(pod::list_pods(run_directory))) {
    pod::PodDirectory directory(run_directory, name);
    Result<pod::Pod> pod = directory.load();
    const bool removed_meanwhile = !pod && pod.error().code == Code::kUnknownContainer;
    if (!removed_meanwhile) pods.push_back({std::move(directory), std::move(pod)});
  }
  return pods;
}

Result<std::string> as_json(const std::vector<Listed>& pods) {
  Json array = Json::array();
  for (const auto& [directory, pod] : pods) {
    if (pod) {
      array.push_back(TRY(pod_json(*pod, directory)));
      continue;
    }
    Json damaged = Json::object();
    damaged.set("name", directory.name()).set("state", "damaged").set("error", pod.error().msg);
    array.push_back(std::move(damaged));
  }
  return array.dump(2) + "\n";
}

std::string as_names(const std::vector<Listed>& pods) {
  std::string text;
  for (const Listed& listed : pods) text += listed.directory.name() + "\n";
  return text;
}

std::string as_table(const std::vector<Listed>& pods) {
  Table table({"NAME", "STATE", "NETWORKS", "ADDRESSES", "PORTS", "CREATED"});
  for (const auto& [directory, pod] : pods) {
    if (!pod) {
      table.add({directory.name(), "damaged", "", "", "", ""});
      continue;
    }
    std::vector<std::string> networks;
    std::vector<std::string> addresses;
    std::vector<std::string> ports;
    for (const pod::PodNetwork& network : pod->networks) {
      networks.push_back(network.list.name);
      std::ranges::move(pod_addresses(network), std::back_inserter(addresses));
      std::ranges::move(pod_ports(network), std::back_inserter(ports));
    }
    table.add({pod->name, pod::state_of(*pod), join(networks, ","), join(addresses, ","), join(ports, ","),
               pod->created});
  }
  return table.text();
}

Result<int> run(const Options& options) {
  TRY(require_root("pod ls"));
  const std::vector<Listed> pods = TRY(load_all(options.run_directory));
  TRY(print(options.json ? TRY(as_json(pods)) : options.quiet ? as_names(pods) : as_table(pods)));
  return 0;
}

}  // namespace

void register_pod_ls(CLI::App& parent, Action& selected) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = parent.add_subcommand("ls", "List pods");
  auto* json = command->add_flag("--json", options->json, "Print JSON");
  command->add_flag("-q,--quiet", options->quiet, "Print names only")->excludes(json);
  add_run_directory(*command, options->run_directory);
  command->footer(
      "States: running; dead, its holder process is gone; incomplete, adding it was interrupted; damaged, "
      "its\n"
      "pod.json cannot be read. `podwire pod rm` removes them all.\n"
      "Examples:\n"
      "  podwire pod ls\n"
      "  podwire pod ls --json | jq -r '.[] | \"\\(.name) \\(.networks[0].ips[0])\"'");
  command->callback([options, &selected] { selected = [options] { return run(*options); }; });
}

}  // namespace podwire::shim
