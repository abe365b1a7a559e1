#include "libcni/spec/conflist.h"

#include <fmt/format.h>

#include <algorithm>

#include "libcni/base/text.h"

namespace podwire::spec {
namespace {

constexpr std::string_view kListContext = "error parsing configuration list";

std::unexpected<Error> invalid(std::string what) {
  return fail(Code::kInvalidNetworkConfig, std::move(what));
}

/// true, false, or a string that says so in any case (LD-3); absent is false.
Result<bool> read_flag(const JsonView& object, std::string_view key) {
  const auto member = object.find(key);
  if (!member) return false;
  if (!member->is_string()) return member->boolean();
  const std::string value = TRY(member->string());
  if (equals_ignore_case(value, "true")) return true;
  if (equals_ignore_case(value, "false")) return false;
  return invalid(fmt::format("invalid value {:?} for {}", value, key));
}

/// The number of a version that this code implements; nothing for a newer one.
Result<std::optional<VersionNumber>> usable_version(std::string_view candidate) {
  const VersionNumber newest = TRY(parse_version_number(text(kCurrentVersion)));
  const VersionNumber number = TRY(parse_version_number(candidate));
  if (number > newest) return std::nullopt;
  return number;
}

/// The highest of cniVersion and cniVersions that is not newer than this code (CFG-12, LD-5).
Result<std::string> select_version(const JsonView& list) {
  std::string cni_version;
  TRY(read(list, "cniVersion", cni_version));
  const auto member = list.find("cniVersions");
  if (!member) return cni_version;
  std::vector<std::string> candidates = TRY(member->strings());
  if (!cni_version.empty()) candidates.push_back(cni_version);
  std::optional<VersionNumber> best;
  std::string selected = cni_version;
  for (const std::string& candidate : candidates) {
    const auto number = TRY(in_context(usable_version(candidate), member->pointer()));
    if (!number || (best && *number < *best)) continue;
    best = number;
    selected = candidate;
  }
  return selected;
}

Result<PluginConf> decode_plugin(const JsonView& object) {
  if (!object.is_object()) return object.type_error("an object");
  PluginConf plugin;
  TRY(read(object, "type", plugin.type));
  if (plugin.type.empty()) return invalid("missing 'type'");
  plugin.document = object.copy();
  return plugin;
}

Result<std::vector<PluginConf>> decode_plugins(const JsonView& list) {
  std::vector<PluginConf> plugins;
  for (const JsonView& element : TRY(list.elements())) {
    plugins.push_back(TRY(in_context(decode_plugin(element), fmt::format("plugin {}", plugins.size()))));
  }
  if (plugins.empty()) return invalid("no plugins in list");
  return plugins;
}

Result<NetworkList> decode_list(std::string bytes) {
  const Json document = TRY(Json::parse(bytes));
  const JsonView view = document.view();
  if (!view.is_object()) return view.type_error("an object");
  const auto name = view.find("name");
  if (!name) return invalid("no name");
  NetworkList list;
  list.name = TRY(name->string());
  list.cni_version = TRY(select_version(view));
  list.disable_check = TRY(read_flag(view, "disableCheck"));
  list.disable_gc = TRY(read_flag(view, "disableGC"));
  list.load_only_inlined_plugins = TRY(read_flag(view, "loadOnlyInlinedPlugins"));
  if (const auto plugins = view.find("plugins")) {
    list.plugins = TRY(decode_plugins(*plugins));
  } else if (list.load_only_inlined_plugins) {
    return invalid("`loadOnlyInlinedPlugins` is true, and no 'plugins' key");
  }
  list.bytes = std::move(bytes);
  return list;
}

Result<Json> lift_single(std::string_view bytes) {
  const Json document = TRY(Json::parse(bytes));
  const JsonView view = document.view();
  TRY(decode_plugin(view));
  std::string name;
  std::string cni_version;
  TRY(read(view, "name", name));
  TRY(read(view, "cniVersion", cni_version));
  Json list = Json::object();
  list.set("name", name).set("cniVersion", cni_version);
  list.set("plugins", Json::array().push_back(document));
  return list;
}

}  // namespace

Result<NetworkList> parse_network_list(std::string bytes) {
  return in_context(decode_list(std::move(bytes)), kListContext);
}

Result<NetworkList> parse_single_plugin(std::string_view bytes) {
  const Json list = TRY(in_context(lift_single(bytes), "error parsing configuration"));
  return parse_network_list(list.dump());
}

}  // namespace podwire::spec
