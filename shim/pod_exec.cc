// podwire pod exec
#include <fmt/format.h>

#include "shim/command.h"
#include "shim/pod/enter.h"
#include "shim/pod_options.h"

namespace podwire::shim {
namespace {

// Apart from every status of the command itself, as container tools have it.
constexpr int kExecFailed = 125;

struct Options {
  std::string name;
  std::vector<std::string> argv;
  std::string run_directory = kDefaultRunDirectory;
};

Result<int> enter(const Options& options) {
  TRY(require_root("pod exec"));
  TRY(pod::validate_pod_name(options.name));
  return pod::run_in_pod(pod::PodDirectory(options.run_directory, options.name), options.run_directory,
                         options.argv);
}

Result<int> run(const Options& options) {
  const Result<int> status = enter(options);
  if (status) return status;
  fmt::print(stderr, "{}\n", error_text(status.error()));
  return kExecFailed;
}

}  // namespace

void register_pod_exec(CLI::App& parent, Action& selected) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = parent.add_subcommand("exec", "Run a command inside a pod");
  command->add_option("NAME", options->name, "The pod's name")->required();
  command->add_option("COMMAND", options->argv, "The command and its arguments, after --")->required();
  add_run_directory(*command, options->run_directory);
  command->footer(
      "The command sees the host's files, and of the pod: network, host name, IPC, processes (/proc), "
      "/dev/shm,\n"
      "the shared directory /run/podwire/volume, and /etc/resolv.conf when a network has DNS. Commands of "
      "one pod\n"
      "reach each other on localhost. Signals sent to podwire go to the command.\n"
      "Exit status:\n"
      "  N      the command's own; 128 + N when signal N killed it\n"
      "  125    the pod cannot be entered\n"
      "  126    the command cannot be executed\n"
      "  127    there is no such command\n"
      "Examples:\n"
      "  podwire pod exec web -- ip addr\n"
      "  podwire pod exec web -- sh -c 'echo hello > /run/podwire/volume/greeting'\n"
      "  podwire pod exec web -- nginx -g 'daemon off;' &");
  command->callback([options, &selected] { selected = [options] { return run(*options); }; });
}

}  // namespace podwire::shim
