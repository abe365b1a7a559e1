#include "shim/pod/pod.h"

#include <fmt/format.h>
#include <sys/random.h>

#include <array>
#include <cerrno>
#include <limits>

#include "libcni/spec/validate.h"

namespace podwire::pod {
namespace {

// A label of a host name (RFC 1123); the kernel takes one byte more.
constexpr std::size_t kMaxName = 63;

/// The list in full, with the plugins of its sibling folder: the bytes of its file do not have those.
Json encode_list(const spec::NetworkList& list) {
  Json plugins = Json::array();
  for (const spec::PluginConf& plugin : list.plugins) plugins.push_back(plugin.document);
  Json object = Json::object();
  object.set("cniVersion", list.cni_version);
  object.set("name", list.name);
  if (list.disable_check) object.set("disableCheck", true);
  if (list.disable_gc) object.set("disableGC", true);
  object.set("plugins", std::move(plugins));
  return object;
}

Result<Json> encode_network(const PodNetwork& network) {
  Json object = Json::object();
  object.set("ifname", network.ifname);
  object.set("network", network.list.name);
  object.set("config", encode_list(network.list));
  object.set("capabilityArgs", network.capability_args);
  if (network.result) object.set("result", TRY(runtime::encode_versioned(*network.result)));
  return object;
}

Result<PodNetwork> decode_network(const JsonView& object) {
  PodNetwork network;
  TRY(read(object, "ifname", network.ifname));
  const auto config = object.find("config");
  if (!config) return object.type_error("an object with a config");
  network.list = TRY(spec::parse_network_list(config->dump()));
  if (const auto args = object.find("capabilityArgs")) network.capability_args = args->copy();
  if (const auto result = object.find("result")) {
    network.result = TRY(runtime::decode_versioned(*result, spec::kCurrentVersion));
  }
  return network;
}

Result<ProcessId> decode_process(const JsonView& object) {
  const auto pid = object.find("pid");
  const auto start_time = object.find("startTime");
  if (!pid || !start_time) return object.type_error("an object with pid and startTime");
  ProcessId process;
  process.pid = static_cast<pid_t>(TRY(pid->integer(1, std::numeric_limits<pid_t>::max())));
  process.start_time =
      static_cast<std::uint64_t>(TRY(start_time->integer(0, std::numeric_limits<std::int64_t>::max())));
  return process;
}

}  // namespace

Result<void> validate_pod_name(std::string_view name) {
  if (name.size() <= kMaxName && spec::validate_container_id(name)) return {};
  return fail(
      Code::kInvalidEnvironment,
      fmt::format("\"{}\" cannot be a pod's name: it begins with a letter or digit, goes on with those, "
                  "'-', '_' or '.', and has at most {} characters",
                  name, kMaxName));
}

Result<std::string> make_container_id(std::string_view name) {
  std::array<std::uint8_t, 6> bytes{};
  if (::getrandom(bytes.data(), bytes.size(), 0) != static_cast<ssize_t>(bytes.size())) {
    return fail_errno(Code::kIo, "getrandom", errno);
  }
  return fmt::format("{}-{:02x}", name, fmt::join(bytes, ""));
}

Result<Json> encode_pod(const Pod& pod) {
  Json object = Json::object();
  object.set("name", pod.name);
  object.set("containerID", pod.container_id);
  object.set("created", pod.created);
  if (pod.holder) {
    Json holder = Json::object();
    holder.set("pid", static_cast<int>(pod.holder->pid));
    holder.set("startTime", pod.holder->start_time);
    object.set("holder", std::move(holder));
  }
  object.set("pluginPath", pod.plugin_path);
  object.set("cacheDirectory", pod.cache_directory.string());
  Json args = Json::object();
  for (const auto& [key, value] : pod.args) args.set(key, value);
  object.set("args", std::move(args));
  Json networks = Json::array();
  for (const PodNetwork& network : pod.networks) networks.push_back(TRY(encode_network(network)));
  object.set("networks", std::move(networks));
  return object;
}

Result<Pod> decode_pod(const JsonView& object) {
  if (!object.is_object()) return object.type_error("an object");
  Pod pod;
  std::string cache_directory;
  TRY(read(object, "name", pod.name));
  TRY(read(object, "containerID", pod.container_id));
  TRY(read(object, "created", pod.created));
  if (const auto holder = object.find("holder")) pod.holder = TRY(decode_process(*holder));
  TRY(read(object, "pluginPath", pod.plugin_path));
  TRY(read(object, "cacheDirectory", cache_directory));
  pod.cache_directory = cache_directory;
  if (const auto args = object.find("args")) {
    for (const auto& [key, value] : TRY(args->members())) pod.args.emplace_back(key, TRY(value.string()));
  }
  if (const auto networks = object.find("networks")) {
    for (const JsonView& network : TRY(networks->elements())) {
      pod.networks.push_back(TRY(decode_network(network)));
    }
  }
  return pod;
}

}  // namespace podwire::pod
