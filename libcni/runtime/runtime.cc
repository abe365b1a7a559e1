#include "libcni/runtime/runtime.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>

#include "libcni/base/text.h"
#include "libcni/plugin/exec.h"
#include "libcni/runtime/capabilities.h"
#include "libcni/runtime/error_list.h"
#include "libcni/runtime/request.h"
#include "libcni/runtime/version_info.h"
#include "libcni/spec/validate.h"

namespace podwire::runtime {

struct Runtime::Execution {
  const spec::PluginConf& plugin;
  spec::Verb verb;
  const RuntimeConf* conf;  ///< none for GC and STATUS
  const Json& request;
};

namespace {

/// Puts which plugin failed at what before the message, and hands the code on.
template <typename T>
Result<T> name_plugin(Result<T> result, const spec::NetworkList& list, const spec::PluginConf& plugin,
                      std::string_view action) {
  return in_context(std::move(result), fmt::format("plugin type=\"{}\" name=\"{}\" failed ({})", plugin.type,
                                                   list.name, action));
}

Result<void> validate_attachment(const spec::NetworkList& list, const RuntimeConf& conf) {
  if (conf.container_id.empty()) return fail(Code::kUnknownContainer, "missing containerID");
  TRY(spec::validate_container_id(conf.container_id));
  TRY(spec::validate_network_name(list.name));
  return spec::validate_interface_name(conf.ifname);
}

/// The cached result in the list's version, as CHECK and DEL hand it to plugins (REQ-5).
Result<std::optional<VersionedResult>> cached_result(const Cache& cache, const spec::NetworkList& list,
                                                     const RuntimeConf& conf, spec::Version version) {
  std::optional<VersionedResult> result = TRY(cache.result(conf.attachment(list.name), version));
  if (result) result->version = version;
  return result;
}

}  // namespace

Result<std::string> Runtime::execute(const Execution& execution) const {
  static const RuntimeConf kNoAttachment;
  const std::string executable = TRY(plugin::find_in_path(execution.plugin.type, path_));
  const RuntimeConf& conf = execution.conf != nullptr ? *execution.conf : kNoAttachment;
  // All six, so that none is inherited from our caller (ENV-13).
  const plugin::EnvironmentOverrides environment{{"CNI_COMMAND", std::string(spec::text(execution.verb))},
                                                 {"CNI_CONTAINERID", conf.container_id},
                                                 {"CNI_NETNS", conf.netns},
                                                 {"CNI_IFNAME", conf.ifname},
                                                 {"CNI_ARGS", args_text(conf.args)},
                                                 {"CNI_PATH", join(path_, ":")}};
  return plugin::exec_plugin(executable, environment, execution.request.dump(), plugin::Stderr::kQuoted);
}

Result<VersionedResult> Runtime::add_all(const spec::NetworkList& list, const RuntimeConf& conf) const {
  const spec::Version version = TRY(spec::parse_version(list.cni_version));
  std::optional<VersionedResult> previous;
  const auto add_one = [&](const spec::PluginConf& plugin) -> Result<VersionedResult> {
    const Json request = TRY(attachment_request(list, plugin, conf, previous));
    const std::string out = TRY(execute({plugin, spec::Verb::kAdd, &conf, request}));
    const Json printed = TRY(in_context(Json::parse(out), "the result is not JSON"));
    return in_context(decode_versioned(printed.view(), version), "the result is not a CNI result");
  };
  for (const spec::PluginConf& plugin : list.plugins) {
    previous = TRY(name_plugin(add_one(plugin), list, plugin, "add"));
  }
  if (!previous)
    return fail(Code::kInvalidNetworkConfig, fmt::format("network \"{}\" has no plugins", list.name));
  return std::move(*previous);
}

Result<VersionedResult> Runtime::add(const spec::NetworkList& list, const RuntimeConf& conf) const {
  TRY(validate_attachment(list, conf));
  const Fd lock = TRY(cache_.lock_shared());
  VersionedResult result = TRY(add_all(list, conf));
  TRY(in_context(cache_.write({.network = list.name,
                               .config = list.bytes,
                               .conf = conf,
                               .result = TRY(encode_versioned(result))}),
                 fmt::format("failed to set network \"{}\" cached result", list.name)));
  return result;
}

Result<void> Runtime::del_unlocked(const spec::NetworkList& list, const RuntimeConf& conf) const {
  std::optional<VersionedResult> previous;
  const auto version = spec::parse_version(list.cni_version);
  if (version && spec::has_check(*version)) {
    auto cached = cached_result(cache_, list, conf, *version);
    if (cached) previous = std::move(*cached);
    if (!cached) TRY(cache_.remove(conf.attachment(list.name)));
  }
  const auto del_one = [&](const spec::PluginConf& plugin) -> Result<void> {
    const Json request = TRY(attachment_request(list, plugin, conf, previous));
    TRY(execute({plugin, spec::Verb::kDel, &conf, request}));
    return {};
  };
  for (const spec::PluginConf& plugin : list.plugins | std::views::reverse) {
    TRY(name_plugin(del_one(plugin), list, plugin, "delete"));
  }
  return cache_.remove(conf.attachment(list.name));
}

Result<void> Runtime::del(const spec::NetworkList& list, const RuntimeConf& conf) const {
  TRY(validate_attachment(list, conf));
  const Fd lock = TRY(cache_.lock_shared());
  return del_unlocked(list, conf);
}

Result<void> Runtime::check(const spec::NetworkList& list, const RuntimeConf& conf) const {
  TRY(validate_attachment(list, conf));
  const spec::Version version = TRY(spec::parse_version(list.cni_version));
  if (!spec::has_check(version)) {
    return fail(Code::kIncompatibleVersion,
                fmt::format("configuration version \"{}\" does not support CHECK command", list.cni_version));
  }
  if (list.disable_check) return {};
  const Fd lock = TRY(cache_.lock_shared());
  const auto previous = TRY(in_context(cached_result(cache_, list, conf, version),
                                       fmt::format("failed to get network \"{}\" cached result", list.name)));
  const auto check_one = [&](const spec::PluginConf& plugin) -> Result<void> {
    const Json request = TRY(attachment_request(list, plugin, conf, previous));
    TRY(execute({plugin, spec::Verb::kCheck, &conf, request}));
    return {};
  };
  for (const spec::PluginConf& plugin : list.plugins)
    TRY(name_plugin(check_one(plugin), list, plugin, "check"));
  return {};
}

Result<void> Runtime::gc(const spec::NetworkList& list, std::span<const spec::Attachment> valid) const {
  if (list.disable_gc) return {};
  TRY(spec::validate_network_name(list.name));
  const Fd lock = TRY(cache_.lock_exclusive());
  ErrorList errors;
  auto cached = cache_.list();
  if (!cached) errors.add(cached.error());
  for (const CachedAttachment& entry : cached.value_or(std::vector<CachedAttachment>{})) {
    const bool is_valid = std::ranges::any_of(valid, [&](const spec::Attachment& attachment) {
      return attachment.container_id == entry.conf.container_id && attachment.ifname == entry.conf.ifname;
    });
    if (entry.network == list.name && !is_valid) errors.add(del_unlocked(list, entry.conf));
  }
  const auto version = spec::parse_version(list.cni_version);
  if (!version || !spec::has_gc_and_status(*version)) return std::move(errors).result();
  const auto gc_one = [&](const spec::PluginConf& plugin) -> Result<void> {
    const Json request = TRY(gc_request(list, plugin, valid));
    TRY(execute({plugin, spec::Verb::kGc, nullptr, request}));
    return {};
  };
  for (const spec::PluginConf& plugin : list.plugins)
    errors.add(name_plugin(gc_one(plugin), list, plugin, "gc"));
  return std::move(errors).result();
}

Result<void> Runtime::status(const spec::NetworkList& list) const {
  const spec::Version version = TRY(spec::parse_version(list.cni_version));
  if (!spec::has_gc_and_status(version)) return {};
  const auto status_one = [&](const spec::PluginConf& plugin) -> Result<void> {
    const Json request = TRY(status_request(list, plugin));
    TRY(execute({plugin, spec::Verb::kStatus, nullptr, request}));
    return {};
  };
  for (const spec::PluginConf& plugin : list.plugins)
    TRY(name_plugin(status_one(plugin), list, plugin, "status"));
  return {};
}

Result<PluginVersions> Runtime::plugin_versions(const spec::PluginConf& plugin) const {
  PluginVersions versions;
  versions.type = plugin.type;
  versions.executable = TRY(plugin::find_in_path(plugin.type, path_));
  // Plugins that check their environment before the verb get something for every variable.
  const plugin::EnvironmentOverrides environment{{"CNI_COMMAND", "VERSION"}, {"CNI_CONTAINERID", ""},
                                                 {"CNI_NETNS", "dummy"},     {"CNI_IFNAME", "dummy"},
                                                 {"CNI_ARGS", ""},           {"CNI_PATH", "dummy"}};
  const std::string request = fmt::format("{{\"cniVersion\":\"{}\"}}", spec::text(spec::kCurrentVersion));
  const auto out = plugin::exec_plugin(versions.executable, environment, request, plugin::Stderr::kQuoted);
  if (!out && is_version_refusal(out.error())) {
    versions.supported = {"0.1.0"};
    return versions;
  }
  versions.supported = TRY(decode_version_info(TRY(out)));
  return versions;
}

Result<std::vector<PluginVersions>> Runtime::versions(const spec::NetworkList& list) const {
  std::vector<PluginVersions> all;
  for (const spec::PluginConf& plugin : list.plugins) {
    all.push_back(TRY(name_plugin(plugin_versions(plugin), list, plugin, "version")));
  }
  return all;
}

Result<std::set<std::string>> Runtime::validate(const spec::NetworkList& list) const {
  const std::string expected = list.cni_version.empty() ? "0.1.0" : list.cni_version;
  ErrorList errors;
  for (const spec::PluginConf& plugin : list.plugins) {
    auto versions = plugin_versions(plugin);
    if (!versions) {
      errors.add(
          name_plugin(Result<void>(std::unexpected(std::move(versions).error())), list, plugin, "version"));
    } else if (std::ranges::find(versions->supported, expected) == versions->supported.end()) {
      errors.add(
          Error{Code::kIncompatibleVersion,
                fmt::format("plugin {} does not support config version \"{}\"", plugin.type, expected)});
    }
  }
  TRY(std::move(errors).result());
  return declared_capabilities(list);
}

}  // namespace podwire::runtime
