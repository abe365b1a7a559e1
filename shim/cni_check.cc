// podwire cni check
#include "shim/cni_attachment.h"

namespace podwire::shim {
namespace {

Result<int> run(const AttachmentOptions& options) {
  TRY(require_root("cni check"));
  const spec::NetworkList list = TRY(load_list(options.network, options.conflist));
  const runtime::RuntimeConf conf = TRY(runtime_conf(options));
  TRY(make_runtime(options.network).check(list, conf));
  return 0;
}

}  // namespace

void register_cni_check(CLI::App& parent, Action& selected) {
  const auto options = std::make_shared<AttachmentOptions>();
  CLI::App* command = parent.add_subcommand("check", "Is everything that ADD made still there? (from 0.4.0)");
  add_attachment_options(*command, *options, NetnsOption::kRequired);
  command->footer(
      "Prints nothing and exits 0 when all is well; says what is missing and exits 1 otherwise.\n"
      "Example:\n"
      "  podwire cni check mynet --netns /run/netns/a --id a");
  command->callback([options, &selected] { selected = [options] { return run(*options); }; });
}

}  // namespace podwire::shim
