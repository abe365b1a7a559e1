#include "shim/doctor/sysctl_files.h"

#include <algorithm>
#include <array>
#include <fstream>

#include "libcni/base/text.h"

namespace podwire::doctor {
namespace {

namespace fs = std::filesystem;

constexpr std::array kDirectories{"run/sysctl.d", "etc/sysctl.d", "usr/local/lib/sysctl.d",
                                  "usr/lib/sysctl.d", "lib/sysctl.d"};

/// "net.ipv4.conf.eth0/1.rp_filter" and "net/ipv4/conf/eth0.1/rp_filter" are one key: the separator is what
/// comes first, and the other character belongs to a name.
std::string with_slashes(std::string_view key) {
  std::string result(key);
  if (result.find_first_of("./") == std::string::npos || result[result.find_first_of("./")] == '/')
    return result;
  std::ranges::for_each(result, [](char& c) {
    if (c == '.')
      c = '/';
    else if (c == '/')
      c = '.';
  });
  return result;
}

void append_settings(const fs::path& file, const fs::path& root, std::vector<SysctlSetting>& settings) {
  std::ifstream stream(file);
  for (std::string line; std::getline(stream, line);) {
    std::string_view text = trim(line);
    if (text.starts_with('-')) text.remove_prefix(1);  // errors are to be ignored
    const auto equals = text.find('=');
    if (text.empty() || text.starts_with('#') || text.starts_with(';') || equals == std::string_view::npos)
      continue;
    settings.push_back({.file = "/" + file.lexically_relative(root).string(),
                        .key = with_slashes(trim(text.substr(0, equals))),
                        .value = std::string(trim(text.substr(equals + 1)))});
  }
}

}  // namespace

std::vector<SysctlSetting> read_sysctl_files(const fs::path& root) {
  std::map<std::string, fs::path> files;
  for (const char* directory : kDirectories) {
    std::error_code unreadable;
    for (fs::directory_iterator entry(root / directory, unreadable), end; !unreadable && entry != end;
         entry.increment(unreadable)) {
      if (entry->path().extension() == ".conf") files.try_emplace(entry->path().filename(), entry->path());
    }
  }
  std::vector<SysctlSetting> settings;
  for (const auto& [name, path] : files) append_settings(path, root, settings);
  append_settings(root / "etc/sysctl.conf", root, settings);
  return settings;
}

}  // namespace podwire::doctor
