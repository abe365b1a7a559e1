#include "shim/doctor/software.h"

#include <fnmatch.h>

#include <algorithm>
#include <fstream>

#include "libcni/base/text.h"

namespace podwire::doctor {
namespace {

namespace fs = std::filesystem;

/// Calls `line` for each "key=value" of a file with sections.
void read_keyfile(const fs::path& file,
                  const std::function<void(const std::string& section, std::string_view key,
                                           std::string_view value)>& line) {
  std::ifstream stream(file);
  std::string section;
  for (std::string text; std::getline(stream, text);) {
    const std::string_view trimmed = trim(text);
    if (trimmed.starts_with('[') && trimmed.ends_with(']')) {
      section = trimmed.substr(1, trimmed.size() - 2);
      continue;
    }
    const auto equals = trimmed.find('=');
    if (trimmed.starts_with('#') || equals == std::string_view::npos) continue;
    line(section, trim(trimmed.substr(0, equals)), trim(trimmed.substr(equals + 1)));
  }
}

std::vector<fs::path> files_of(const fs::path& directory) {
  std::vector<fs::path> files;
  std::error_code unreadable;
  for (fs::directory_iterator entry(directory, unreadable), end; !unreadable && entry != end;
       entry.increment(unreadable)) {
    files.push_back(entry->path());
  }
  std::ranges::sort(files);
  return files;
}

bool says_no(std::string_view value) {
  return value == "0" || value == "false" || value == "no" || value == "off";
}

void append_patterns(std::string_view list, std::vector<std::string>& patterns) {
  for (const std::string& some : split(list, ';')) {
    for (const std::string& pattern : split(some, ',')) {
      if (!trim(pattern).empty()) patterns.emplace_back(trim(pattern));
    }
  }
}

/// unmanaged-devices of [keyfile], and match-device of the [device...] sections that say managed=0.
void append_unmanaged(const fs::path& file, std::vector<std::string>& patterns) {
  std::map<std::string, std::string> matched;
  std::vector<std::string> unmanaged;
  read_keyfile(file, [&](const std::string& section, std::string_view key, std::string_view value) {
    if (key == "unmanaged-devices" || key == "unmanaged-devices+") append_patterns(value, patterns);
    if (section.starts_with("device") && key == "match-device") matched[section] = value;
    if (section.starts_with("device") && key == "managed" && says_no(value)) unmanaged.push_back(section);
  });
  for (const std::string& section : unmanaged) append_patterns(matched[section], patterns);
}

void read_network_manager(const fs::path& root, SoftwareView& software) {
  const fs::path run = root / "run/NetworkManager";
  software.network_manager_runs = fs::exists(run);
  if (!software.network_manager_runs) return;
  append_unmanaged(root / "etc/NetworkManager/NetworkManager.conf", software.unmanaged_devices);
  for (const char* directory :
       {"usr/lib/NetworkManager/conf.d", "run/NetworkManager/conf.d", "etc/NetworkManager/conf.d"}) {
    for (const fs::path& file : files_of(root / directory))
      append_unmanaged(file, software.unmanaged_devices);
  }
  for (const fs::path& file : files_of(run / "devices")) {
    ManagedLink link{.index = std::atoi(file.filename().c_str())};
    read_keyfile(file, [&](const std::string& section, std::string_view key, std::string_view value) {
      if (section == "device" && key == "managed") link.state = says_no(value) ? "unmanaged" : "managed";
    });
    software.network_manager_links.push_back(std::move(link));
  }
}

void read_networkd(const fs::path& root, SoftwareView& software) {
  for (const fs::path& file : files_of(root / "run/systemd/netif/links")) {
    ManagedLink link{.index = std::atoi(file.filename().c_str())};
    read_keyfile(file, [&](const std::string&, std::string_view key, std::string_view value) {
      if (key == "ADMIN_STATE") link.state = value;
      if (key == "NETWORK_FILE") link.file = value;
    });
    software.networkd_links.push_back(std::move(link));
  }
}

}  // namespace

SoftwareView read_software(const fs::path& root) {
  SoftwareView software;
  read_network_manager(root, software);
  read_networkd(root, software);
  software.kubelet =
      fs::exists(root / "var/lib/kubelet/config.yaml") || fs::exists(root / "etc/kubernetes/kubelet.conf");
  if (fs::exists(root / "run/containerd/containerd.sock")) software.runtimes.emplace_back("containerd");
  if (fs::exists(root / "run/crio/crio.sock")) software.runtimes.emplace_back("CRI-O");
  return software;
}

std::optional<UfwView> read_ufw(const fs::path& root) {
  if (!fs::exists(root / "etc/ufw/ufw.conf")) return std::nullopt;
  UfwView ufw;
  read_keyfile(root / "etc/ufw/ufw.conf",
               [&](const std::string&, std::string_view key, std::string_view value) {
                 if (key == "ENABLED") ufw.enabled = equals_ignore_case(value, "yes");
               });
  read_keyfile(root / "etc/default/ufw",
               [&](const std::string&, std::string_view key, std::string_view value) {
                 if (key != "DEFAULT_FORWARD_POLICY") return;
                 if (value.size() >= 2 && value.starts_with('"')) value = value.substr(1, value.size() - 2);
                 ufw.forward_policy = value;
               });
  return ufw;
}

bool covers_link(std::string_view pattern, const kernel::Link& link) {
  std::string kind = "interface-name";
  std::string value(pattern);
  if (const auto colon = pattern.find(':'); colon != std::string_view::npos) {
    kind = pattern.substr(0, colon);
    value = pattern.substr(colon + 1);
  }
  if (value.starts_with('=') || value.starts_with('~')) value.erase(0, 1);
  if (kind == "driver" || kind == "type") return value == link.kind;
  return kind == "interface-name" && ::fnmatch(value.c_str(), link.name.c_str(), 0) == 0;
}

}  // namespace podwire::doctor
