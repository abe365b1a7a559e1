#include "libcni/runtime/capabilities.h"

namespace podwire::runtime {

Result<std::set<std::string>> declared_capabilities(const spec::PluginConf& plugin) {
  std::set<std::string> names;
  const JsonView document = plugin.document.view();
  const auto capabilities = document.find("capabilities");
  if (!capabilities) return names;
  for (const auto& [name, value] : TRY(capabilities->members())) {
    if (TRY(value.boolean())) names.insert(name);
  }
  return names;
}

Result<std::set<std::string>> declared_capabilities(const spec::NetworkList& list) {
  std::set<std::string> names;
  for (const spec::PluginConf& plugin : list.plugins) names.merge(TRY(declared_capabilities(plugin)));
  return names;
}

Result<Json> runtime_config(const spec::PluginConf& plugin, const Json& capability_args) {
  const std::set<std::string> declared = TRY(declared_capabilities(plugin));
  Json config = Json::object();
  for (const auto& [name, value] : TRY(capability_args.view().members())) {
    if (declared.contains(name)) config.set(name, value.copy());
  }
  return config;
}

}  // namespace podwire::runtime
