// podwire cni add
#include "shim/cni_attachment.h"

namespace podwire::shim {
namespace {

Result<int> run(const AttachmentOptions& options) {
  TRY(require_root("cni add"));
  const spec::NetworkList list = TRY(load_list(options.network, options.conflist));
  const runtime::RuntimeConf conf = TRY(runtime_conf(options));
  const runtime::Runtime runtime = make_runtime(options.network);
  const runtime::VersionedResult result = TRY(runtime.add(list, conf));
  const Json printed = TRY(runtime::encode_versioned(result));
  TRY(print(printed.dump(4) + "\n"));
  return 0;
}

}  // namespace

void register_cni_add(CLI::App& parent, Action& selected) {
  const auto options = std::make_shared<AttachmentOptions>();
  CLI::App* command =
      parent.add_subcommand("add", "Attach a network namespace to a network; prints the result");
  add_attachment_options(*command, *options, NetnsOption::kRequired);
  command->footer(
      "A failed ADD may leave something behind: run `podwire cni del` with the same arguments.\n"
      "Examples:\n"
      "  podwire cni add 10-bridge.conflist --netns /run/netns/a --id a\n"
      "  podwire cni add mynet --netns /run/netns/a --id a --ifname eth1 --args IgnoreUnknown=1 --args "
      "IP=10.1.0.9\n"
      "  podwire cni add mynet --netns /run/netns/a --id a \\\n"
      "      --cap 'portMappings=[{\"hostPort\":8080,\"containerPort\":80,\"protocol\":\"tcp\"}]'");
  command->callback([options, &selected] { selected = [options] { return run(*options); }; });
}

}  // namespace podwire::shim
