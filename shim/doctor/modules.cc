#include "shim/doctor/modules.h"

#include <algorithm>
#include <fstream>

#include "libcni/base/text.h"

namespace podwire::doctor {
namespace {

namespace fs = std::filesystem;

std::string normal_name(std::string_view name) {
  std::string normal(name);
  std::ranges::replace(normal, '-', '_');
  return normal;
}

/// "kernel/net/bridge/bridge.ko.zst" -> "bridge"
std::string module_of_path(std::string_view path) {
  const std::string_view file = path.substr(path.rfind('/') + 1);
  return normal_name(file.substr(0, file.find(".ko")));
}

/// The first word of each line.
std::vector<std::string> first_words(const fs::path& file, char end) {
  std::vector<std::string> words;
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) words.push_back(line.substr(0, line.find(end)));
  return words;
}

std::string first_line(const fs::path& file) {
  std::ifstream stream(file);
  std::string line;
  std::getline(stream, line);
  return std::string(trim(line));
}

}  // namespace

ModuleState Modules::state(std::string_view module) const {
  const std::string name = normal_name(module);
  if (present.contains(name)) return ModuleState::kPresent;
  if (!supported || !files_visible) return ModuleState::kUnknown;
  return loadable.contains(name) ? ModuleState::kLoadable : ModuleState::kAbsent;
}

Modules read_modules(const std::string& release, const ModulePaths& paths) {
  Modules modules;
  modules.supported = fs::exists(paths.proc / "modules");
  for (const std::string& name : first_words(paths.proc / "modules", ' '))
    modules.present.insert(normal_name(name));
  std::error_code unreadable;
  // Loaded modules, and built-in ones that have parameters.
  for (fs::directory_iterator entry(paths.sys / "module", unreadable), end; !unreadable && entry != end;
       entry.increment(unreadable)) {
    modules.present.insert(normal_name(entry->path().filename().string()));
  }
  const fs::path folder = paths.lib / release;
  modules.files_visible = fs::exists(folder / "modules.dep");
  for (const std::string& path : first_words(folder / "modules.builtin", ' ')) {
    modules.present.insert(module_of_path(path));
  }
  for (const std::string& path : first_words(folder / "modules.dep", ':')) {
    modules.loadable.insert(module_of_path(path));
  }
  const fs::path kernel = paths.proc / "sys/kernel";
  modules.loading_disabled = first_line(kernel / "modules_disabled") == "1";
  modules.loads_on_demand = !modules.loading_disabled && !first_line(kernel / "modprobe").empty();
  return modules;
}

}  // namespace podwire::doctor
