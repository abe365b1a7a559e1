#include "shim/cni_attachment.h"

#include <fmt/format.h>

#include <filesystem>

namespace podwire::shim {

void add_request_options(CLI::App& command, AttachmentOptions& options) {
  command.add_option("--ifname", options.ifname, "Interface inside the namespace")
      ->type_name("NAME")
      ->capture_default_str();
  command
      .add_option("--cap", options.capabilities,
                  "Capability argument, may be repeated: mac='\"02:00:00:00:00:01\"'")
      ->type_name("NAME=JSON")
      ->allow_extra_args(false);
  command.add_option("--args", options.args, "CNI_ARGS pair, may be repeated")
      ->type_name("K=V")
      ->allow_extra_args(false);
}

void add_attachment_options(CLI::App& command, AttachmentOptions& options, NetnsOption netns) {
  command.add_option("CONFLIST", options.conflist, "Network list: a file, or a network's name in --conf-dir")
      ->required();
  command.add_option("--netns", options.netns, "Network namespace, for example /run/netns/x")
      ->type_name("PATH")
      ->required(netns == NetnsOption::kRequired);
  command.add_option("--id", options.id, "Container ID")->type_name("ID")->required();
  add_request_options(command, options);
  add_conf_directory(command, options.network);
  add_plugin_directories(command, options.network);
  add_cache_directory(command, options.network);
}

Result<runtime::RuntimeConf> runtime_conf(const AttachmentOptions& options) {
  runtime::RuntimeConf conf;
  conf.container_id = options.id;
  // Plugins run in our working directory, but what they note down must hold in any.
  std::error_code no_directory;
  conf.netns = options.netns.empty() ? "" : std::filesystem::absolute(options.netns, no_directory).string();
  conf.ifname = options.ifname;
  conf.args = TRY(parse_args(options.args));
  for (const std::string& capability : options.capabilities) {
    const std::size_t equals = capability.find('=');
    if (equals == std::string::npos || equals == 0) {
      return fail(Code::kInvalidEnvironment, fmt::format("--cap {}: expected NAME=JSON", capability));
    }
    Result<Json> value = Json::parse(std::string_view(capability).substr(equals + 1));
    if (!value)
      return fail(Code::kInvalidEnvironment, fmt::format("--cap {}: {}", capability, value.error().msg));
    conf.capability_args.set(capability.substr(0, equals), std::move(*value));
  }
  return conf;
}

}  // namespace podwire::shim
