// The network lists of a configuration directory, as a runtime would load them, and what podwire's plugins
// make of their parts.
#pragma once

#include <filesystem>
#include <optional>
#include <string>
#include <vector>

#include "libcni/base/error.h"
#include "libcni/spec/conflist.h"
#include "plugins/bridge/config.h"
#include "plugins/host-local-ipam/config.h"

namespace podwire::doctor {

/// A plugin that a list names, IPAM plugins included.
struct NamedPlugin {
  std::string type;
  std::string executable;  ///< "": not found
  bool runnable = false;   ///< it may be executed
  bool ours = false;       ///< the executable is podwire's
  std::string podwires;    ///< podwire's own plugin of that type, found further down the path; "": none
};

/// One plugin of a list with what it hands to its IPAM plugin.
struct Attacher {
  NamedPlugin plugin;
  std::optional<NamedPlugin> ipam;
  std::optional<bridge::Config> bridge;    ///< of type bridge
  std::optional<host_local::Config> pool;  ///< of ipam.type host-local
  /// What podwire's plugin or IPAM plugin would refuse an ADD for.
  std::vector<Error> refusals;
};

struct Network {
  spec::NetworkList list;
  std::vector<Attacher> attachers;

  /// Some plugin of it is podwire's.
  [[nodiscard]] bool is_ours() const;
};

struct ConfFile {
  std::filesystem::path path;
  Result<Network> network;
};

struct Configuration {
  std::filesystem::path directory;
  std::vector<std::string> plugin_path;
  /// In the order in which runtimes look at them: by name, whatever the extension. Error: the directory
  /// cannot be read.
  Result<std::vector<ConfFile>> files;

  /// Those that could be loaded.
  [[nodiscard]] std::vector<const ConfFile*> networks() const;
  [[nodiscard]] const ConfFile* find(std::string_view network) const;
};

[[nodiscard]] Configuration read_configuration(const std::filesystem::path& directory,
                                               const std::vector<std::string>& plugin_path);

/// podwire's executables say so in their text: "podwire bridge: ...".
[[nodiscard]] bool is_podwires(const std::string& executable, const std::string& type);

}  // namespace podwire::doctor
