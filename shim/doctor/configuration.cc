#include "shim/doctor/configuration.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <sys/mman.h>
#include <sys/stat.h>
#include <unistd.h>

#include <algorithm>
#include <cstring>

#include "libcni/base/fd.h"
#include "libcni/plugin/exec.h"
#include "libcni/runtime/request.h"

namespace podwire::doctor {
namespace {

NamedPlugin find_plugin(const std::string& type, const std::vector<std::string>& path) {
  NamedPlugin plugin{.type = type};
  if (auto executable = plugin::find_in_path(type, path)) plugin.executable = std::move(*executable);
  plugin.runnable = !plugin.executable.empty() && ::access(plugin.executable.c_str(), X_OK) == 0;
  plugin.ours = !plugin.executable.empty() && is_podwires(plugin.executable, type);
  for (const std::string& directory : path) {
    const std::string candidate = directory + "/" + type;
    if (plugin.podwires.empty() && is_podwires(candidate, type)) plugin.podwires = candidate;
  }
  return plugin;
}

/// The plugin's own parser, whose errors an ADD would meet. They matter where the plugin is podwire's.
template <typename Config>
void parse_with(Result<Config> (*parse)(const spec::Invocation&), const spec::Invocation& invocation,
                bool ours, std::optional<Config>& config, std::vector<Error>& refusals) {
  Result<Config> parsed = parse(invocation);
  if (parsed)
    config = std::move(*parsed);
  else if (ours)
    refusals.push_back(std::move(parsed).error());
}

Attacher describe_attacher(const spec::NetworkList& list, const spec::PluginConf& conf,
                           const std::vector<std::string>& path) {
  Attacher attacher{.plugin = find_plugin(conf.type, path)};
  const Result<Json> request = runtime::status_request(list, conf);
  auto parsed = request ? spec::parse_net_conf(request->dump()) : std::unexpected(request.error());
  if (!parsed) {
    if (attacher.plugin.ours) attacher.refusals.push_back(std::move(parsed).error());
    return attacher;
  }
  const spec::Invocation invocation{.env = {}, .conf = std::move(*parsed)};
  if (conf.type == "bridge")
    parse_with(bridge::parse_config, invocation, attacher.plugin.ours, attacher.bridge, attacher.refusals);
  if (invocation.conf.ipam_type.empty()) return attacher;
  attacher.ipam = find_plugin(invocation.conf.ipam_type, path);
  if (invocation.conf.ipam_type == "host-local")
    parse_with(host_local::parse_config, invocation, attacher.ipam->ours, attacher.pool, attacher.refusals);
  return attacher;
}

Result<Network> load(const std::filesystem::path& file, const std::vector<std::string>& path) {
  Network network;
  network.list = TRY(spec::load_network_file(file));
  for (const spec::PluginConf& plugin : network.list.plugins) {
    network.attachers.push_back(describe_attacher(network.list, plugin, path));
  }
  return network;
}

Result<std::vector<ConfFile>> load_all(const std::filesystem::path& directory,
                                       const std::vector<std::string>& plugin_path) {
  std::vector<ConfFile> files;
  for (const std::filesystem::path& path :
       TRY(spec::conf_files(directory, {".conf", ".conflist", ".json"}))) {
    files.push_back({.path = path, .network = load(path, plugin_path)});
  }
  return files;
}

}  // namespace

bool Network::is_ours() const {
  return std::ranges::any_of(attachers, [](const Attacher& attacher) {
    return attacher.plugin.ours || (attacher.ipam && attacher.ipam->ours);
  });
}

std::vector<const ConfFile*> Configuration::networks() const {
  std::vector<const ConfFile*> loaded;
  if (!files) return loaded;
  for (const ConfFile& file : *files) {
    if (file.network) loaded.push_back(&file);
  }
  return loaded;
}

const ConfFile* Configuration::find(std::string_view network) const {
  const auto all = networks();
  const auto found =
      std::ranges::find_if(all, [&](const ConfFile* file) { return file->network->list.name == network; });
  return found == all.end() ? nullptr : *found;
}

Configuration read_configuration(const std::filesystem::path& directory,
                                 const std::vector<std::string>& plugin_path) {
  return {.directory = directory, .plugin_path = plugin_path, .files = load_all(directory, plugin_path)};
}

bool is_podwires(const std::string& executable, const std::string& type) {
  const Fd file(::open(executable.c_str(), O_RDONLY | O_CLOEXEC));
  struct stat status {};
  if (!file || ::fstat(file.get(), &status) != 0 || status.st_size <= 0) return false;
  const auto size = static_cast<std::size_t>(status.st_size);
  void* bytes = ::mmap(nullptr, size, PROT_READ, MAP_PRIVATE, file.get(), 0);
  if (bytes == MAP_FAILED) return false;
  const std::string mark = fmt::format("podwire {}: ", type);
  const bool found = ::memmem(bytes, size, mark.data(), mark.size()) != nullptr;
  ::munmap(bytes, size);
  return found;
}

}  // namespace podwire::doctor
