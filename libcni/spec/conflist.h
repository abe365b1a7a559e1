// Network configuration lists: loading, version selection, derivation of each plugin's request
// (SPEC sections 1 and 3; checklist CFG, LD, REQ).
#pragma once

#include <filesystem>
#include <string>
#include <string_view>
#include <vector>

#include "libcni/base/json.h"
#include "libcni/spec/invocation.h"

namespace podwire::spec {

struct PluginConf {
  std::string type;
  Json document;  ///< unknown keys kept
};

struct NetworkList {
  std::string name;
  std::string cni_version;  ///< selected (CFG-12); may be unsupported text when nothing in the list is (LD-5)
  bool disable_check = false;
  bool disable_gc = false;
  bool load_only_inlined_plugins = false;
  std::vector<PluginConf> plugins;
  std::string bytes;  ///< as loaded; what the libcni cache stores (CA-3)
};

/// A .conflist document. Sibling-folder plugins are not loaded here (LD-4). Errors name the key.
[[nodiscard]] Result<NetworkList> parse_network_list(std::string bytes);
/// A single-plugin .conf or .json document, lifted to a list of one (LD-2).
[[nodiscard]] Result<NetworkList> parse_single_plugin(std::string_view bytes);
/// A file of either kind: a single plugin has "type" and no "plugins" and is not named *.conflist. A list
/// gets
/// `<dir>/<name>/*.conf` appended unless loadOnlyInlinedPlugins (LD-4, D9). Errors name the file.
[[nodiscard]] Result<NetworkList> load_network_file(const std::filesystem::path& file);
/// Files in a directory with one of the extensions (".conflist"), byte-sorted; a missing directory has none
/// (LD-1).
[[nodiscard]] Result<std::vector<std::filesystem::path>> conf_files(
    const std::filesystem::path& directory, const std::vector<std::string>& extensions);
/// By network name, in libcni's order: .conflist files first, then .conf and .json together (LD-2).
[[nodiscard]] Result<NetworkList> load_network(const std::filesystem::path& directory, std::string_view name);

}  // namespace podwire::spec
