#include "shim/network_options.h"

#include <array>
#include <cstdlib>

#include "libcni/base/text.h"

namespace podwire::shim {
namespace {

namespace fs = std::filesystem;

constexpr std::array<std::string_view, 3> kConfExtensions{".conflist", ".conf", ".json"};

constexpr const char* kDistributionPlugins = "/usr/lib/cni";

bool is_file_name(std::string_view conflist) {
  return conflist.contains('/') || std::ranges::any_of(kConfExtensions, [&](std::string_view extension) {
           return conflist.ends_with(extension);
         });
}

}  // namespace

void add_conf_directory(CLI::App& command, NetworkOptions& options) {
  command
      .add_option("--conf-dir", options.conf_directory, "Directory in which networks are looked up by name")
      ->capture_default_str()
      ->type_name("DIR");
}

void add_plugin_directories(CLI::App& command, NetworkOptions& options) {
  command
      .add_option(
          "--plugin-dir", options.plugin_directories,
          "Directory of plugins, may be repeated; default: where podwire itself is, ../lib/cni from there, "
          "$CNI_PATH, /opt/cni/bin, /usr/lib/cni")
      ->type_name("DIR")
      ->allow_extra_args(false);
}

void add_cache_directory(CLI::App& command, NetworkOptions& options) {
  command
      .add_option("--cache-dir", options.cache_directory, "Results of attachments are kept in its results/")
      ->capture_default_str()
      ->type_name("DIR");
}

Result<spec::NetworkList> load_list(const NetworkOptions& options, const std::string& conflist) {
  if (is_file_name(conflist)) return spec::load_network_file(conflist);
  return spec::load_network(options.conf_directory, conflist);
}

std::vector<std::string> plugin_path(const NetworkOptions& options) {
  if (!options.plugin_directories.empty()) return options.plugin_directories;
  std::vector<std::string> path;
  std::error_code unreadable;
  const fs::path executable = fs::read_symlink("/proc/self/exe", unreadable);
  if (!unreadable) path.push_back(executable.parent_path().string());
  // Where `cmake --install` puts the plugins beside <prefix>/bin/podwire.
  const fs::path installed = (executable.parent_path().parent_path() / "lib/cni").lexically_normal();
  if (installed != kDistributionPlugins && fs::is_directory(installed, unreadable)) path.push_back(installed);
  if (const char* environment = std::getenv("CNI_PATH")) {  // NOLINT(concurrency-mt-unsafe): one thread
    for (std::string& directory : split(environment, ':')) {
      if (!directory.empty()) path.push_back(std::move(directory));
    }
  }
  path.insert(path.end(), {"/opt/cni/bin", kDistributionPlugins});
  return path;
}

runtime::Runtime make_runtime(const NetworkOptions& options) {
  return runtime::Runtime({.plugin_path = plugin_path(options), .cache_directory = options.cache_directory});
}

Result<std::vector<std::pair<std::string, std::string>>> parse_args(const std::vector<std::string>& args) {
  std::vector<std::pair<std::string, std::string>> pairs;
  for (const std::string& arg : args) pairs.push_back(TRY(runtime::parse_arg(arg)));
  return pairs;
}

}  // namespace podwire::shim
