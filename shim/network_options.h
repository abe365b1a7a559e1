// Options that several commands share: which network, which plugins, which directories.
#pragma once

#include <CLI/CLI.hpp>
#include <filesystem>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "libcni/runtime/runtime.h"
#include "libcni/spec/conflist.h"

namespace podwire::shim {

/// --conf-dir, --plugin-dir, --cache-dir.
struct NetworkOptions {
  std::string conf_directory = "/etc/cni/net.d";
  std::vector<std::string> plugin_directories;
  std::string cache_directory = runtime::kDefaultCacheDirectory;
};

void add_conf_directory(CLI::App& command, NetworkOptions& options);
void add_plugin_directories(CLI::App& command, NetworkOptions& options);
void add_cache_directory(CLI::App& command, NetworkOptions& options);

/// A network list by file, when the argument holds a '/' or ends in .conf, .conflist or .json; by name
/// otherwise.
[[nodiscard]] Result<spec::NetworkList> load_list(const NetworkOptions& options, const std::string& conflist);

/// Where plugins are searched: what the user gave; or else the directory of this executable, ../lib/cni from
/// there if it exists, CNI_PATH, /opt/cni/bin, /usr/lib/cni.
[[nodiscard]] std::vector<std::string> plugin_path(const NetworkOptions& options);

[[nodiscard]] runtime::Runtime make_runtime(const NetworkOptions& options);

/// "K=V" arguments of the user. Error: kInvalidEnvironment.
[[nodiscard]] Result<std::vector<std::pair<std::string, std::string>>> parse_args(
    const std::vector<std::string>& args);

}  // namespace podwire::shim
