// Kernel modules: what is in the kernel, what it can load, told from files alone. Nothing is loaded.
#pragma once

#include <cstdint>
#include <filesystem>
#include <set>
#include <string>
#include <string_view>

namespace podwire::doctor {

enum class ModuleState : std::uint8_t {
  kPresent,   ///< loaded or built in
  kLoadable,  ///< there is a file of it
  kAbsent,    ///< this kernel has none
  kUnknown,   ///< the kernel takes modules, but its module files cannot be seen from here
};

struct Modules {
  bool supported = false;         ///< CONFIG_MODULES; without it everything is built in or absent
  bool files_visible = false;     ///< /lib/modules/<release> is there
  bool loads_on_demand = true;    ///< kernel.modprobe is set and kernel.modules_disabled is 0
  bool loading_disabled = false;  ///< kernel.modules_disabled is 1: not even root loads one before a reboot
  std::set<std::string, std::less<>> present;
  std::set<std::string, std::less<>> loadable;

  /// Spelling with '-' or '_' does not matter. On a kernel without modules: kUnknown unless it is known to be
  /// built in; ask the kernel then, it has nothing to load.
  [[nodiscard]] ModuleState state(std::string_view module) const;
};

/// Where the files are; tests put others there.
struct ModulePaths {
  std::filesystem::path proc = "/proc";
  std::filesystem::path sys = "/sys";
  std::filesystem::path lib = "/lib/modules";
};
[[nodiscard]] Modules read_modules(const std::string& release, const ModulePaths& paths = {});

}  // namespace podwire::doctor
