// podwire cni del
#include "shim/cni_attachment.h"

namespace podwire::shim {
namespace {

Result<int> run(const AttachmentOptions& options) {
  TRY(require_root("cni del"));
  const spec::NetworkList list = TRY(load_list(options.network, options.conflist));
  const runtime::RuntimeConf conf = TRY(runtime_conf(options));
  TRY(make_runtime(options.network).del(list, conf));
  return 0;
}

}  // namespace

void register_cni_del(CLI::App& parent, Action& selected) {
  const auto options = std::make_shared<AttachmentOptions>();
  CLI::App* command = parent.add_subcommand("del", "Detach a network namespace from a network");
  add_attachment_options(*command, *options, NetnsOption::kOptional);
  command->footer(
      "Detaching what is not attached succeeds. Leave --netns out when the namespace is gone.\n"
      "Examples:\n"
      "  podwire cni del 10-bridge.conflist --netns /run/netns/a --id a\n"
      "  podwire cni del mynet --id a --ifname eth1");
  command->callback([options, &selected] { selected = [options] { return run(*options); }; });
}

}  // namespace podwire::shim
