// podwire cni gc
#include <fmt/format.h>

#include "shim/command.h"
#include "shim/network_options.h"

namespace podwire::shim {
namespace {

struct Options {
  NetworkOptions network;
  std::string conflist;
  std::vector<std::string> valid;
  bool none = false;
};

/// "id:ifname"; neither half may hold a colon.
Result<spec::Attachment> parse_attachment(const std::string& network, const std::string& text) {
  const std::size_t colon = text.find(':');
  if (colon == std::string::npos || colon == 0 || colon + 1 == text.size()) {
    return fail(Code::kInvalidEnvironment, fmt::format("--valid {}: expected ID:IFNAME", text));
  }
  return spec::Attachment{network, text.substr(0, colon), text.substr(colon + 1)};
}

Result<int> run(const Options& options) {
  TRY(require_root("cni gc"));
  if (options.valid.empty() != options.none) {
    return fail(Code::kInvalidEnvironment,
                "say what is to stay: --valid ID:IFNAME for each attachment, or --none");
  }
  const spec::NetworkList list = TRY(load_list(options.network, options.conflist));
  std::vector<spec::Attachment> valid;
  for (const std::string& text : options.valid) valid.push_back(TRY(parse_attachment(list.name, text)));
  TRY(make_runtime(options.network).gc(list, valid));
  return 0;
}

}  // namespace

void register_cni_gc(CLI::App& parent, Action& selected) {
  const auto options = std::make_shared<Options>();
  CLI::App* command = parent.add_subcommand("gc", "Remove every attachment to a network but the valid ones");
  command
      ->add_option("CONFLIST", options->conflist, "Network list: a file, or a network's name in --conf-dir")
      ->required();
  command->add_option("--valid", options->valid, "An attachment that stays, may be repeated")
      ->type_name("ID:IFNAME")
      ->allow_extra_args(false);
  command->add_flag("--none", options->none, "No attachment stays");
  add_conf_directory(*command, options->network);
  add_plugin_directories(*command, options->network);
  add_cache_directory(*command, options->network);
  command->footer(
      "Attachments in the cache that are not valid get a DEL; then, from 1.1.0, each plugin gets a GC and "
      "removes\n"
      "what nobody remembers. The IDs of pods are in `podwire pod ls --json`.\n"
      "Examples:\n"
      "  podwire cni gc mynet --valid web-0b1c2d3e4f50:eth0 --valid db-50f4e3d2c1b0:eth0\n"
      "  podwire cni gc mynet --none");
  command->callback([options, &selected] { selected = [options] { return run(*options); }; });
}

}  // namespace podwire::shim
