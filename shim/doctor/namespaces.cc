#include "shim/doctor/namespaces.h"

#include <fmt/format.h>
#include <sys/stat.h>

#include <algorithm>
#include <cerrno>
#include <filesystem>
#include <fstream>
#include <functional>
#include <map>
#include <utility>

#include "libcni/base/text.h"
#include "libcni/kernel/inventory.h"
#include "libcni/kernel/netns.h"

namespace podwire::doctor {
namespace {

namespace fs = std::filesystem;

/// How nsfs names network namespaces: "net:[4026532008]".
constexpr std::string_view kNetnsName = "net:[";

/// Device and inode name a namespace.
using Identity = std::pair<dev_t, ino_t>;

std::optional<Identity> identity_of(const std::string& path) {
  struct stat status {};
  if (::stat(path.c_str(), &status) != 0) return std::nullopt;
  return Identity{status.st_dev, status.st_ino};
}

/// Field 4 of a line of mountinfo is the root of the mount: "net:[4026532008]" for a bound namespace. Field 5
/// is where it is mounted, white space written as octal numbers.
std::string mounted_netns(const std::string& line) {
  const std::vector<std::string> fields = split(line, ' ');
  if (fields.size() < 5 || !fields[3].starts_with(kNetnsName)) return {};
  std::string path;
  for (std::size_t i = 0; i < fields[4].size(); ++i) {
    if (fields[4][i] == '\\' && i + 3 < fields[4].size()) {
      path += static_cast<char>(std::stoi(fields[4].substr(i + 1, 3), nullptr, 8));
      i += 3;
    } else {
      path += fields[4][i];
    }
  }
  return path;
}

bool is_number(const std::string& name) {
  return !name.empty() && std::ranges::all_of(name, [](char c) { return c >= '0' && c <= '9'; });
}

/// Calls `look` with the folder of each process: "/proc/1".
void for_each_process(const std::function<void(const std::string& process)>& look) {
  std::error_code ignored;  // processes come and go
  for (fs::directory_iterator entry("/proc", ignored), end; !ignored && entry != end;
       entry.increment(ignored)) {
    if (is_number(entry->path().filename().string())) look(entry->path().string());
  }
}

/// A path by which each namespace can be opened.
class Finder {
 public:
  using Paths = std::map<Identity, std::string>;

  /// Those of processes and those bound to files.
  [[nodiscard]] Paths find() {
    for_each_process([this](const std::string& process) { look_at(process); });
    return std::move(found_);
  }

  /// Those that processes hold by a descriptor.
  [[nodiscard]] Paths find_held() {
    for_each_process([this](const std::string& process) {
      std::error_code ignored;
      for (fs::directory_iterator entry(process + "/fd", ignored), end; !ignored && entry != end;
           entry.increment(ignored)) {
        std::error_code closed;
        if (fs::read_symlink(entry->path(), closed).string().starts_with(kNetnsName))
          add(entry->path().string());
      }
    });
    return std::move(found_);
  }

 private:
  void add(const std::string& path) {
    if (const auto identity = identity_of(path)) found_.try_emplace(*identity, path);
  }

  void look_at(const std::string& process) {
    add(process + "/ns/net");
    const auto mounts = identity_of(process + "/ns/mnt");
    if (!mounts || !mount_namespaces_.insert(*mounts).second) return;
    std::ifstream mountinfo(process + "/mountinfo");
    for (std::string line; std::getline(mountinfo, line);) {
      if (const std::string path = mounted_netns(line); !path.empty()) add(process + "/root" + path);
    }
  }

  Paths found_;
  std::set<Identity> mount_namespaces_;
};

Result<void> collect_addresses(std::set<Ip>& addresses) {
  kernel::Netlink netlink = TRY(kernel::Netlink::open(NETLINK_ROUTE));
  const auto all = kernel::list_all_addresses(netlink);
  if (!all) return std::unexpected(all.error().as_error("cannot list addresses"));
  for (const kernel::HostAddress& each : *all) addresses.insert(each.address.ip);
  return {};
}

class Looker {
 public:
  Looker(kernel::Netlink& host, const kernel::Netns& home) : host_(host), home_(home) {}

  void look_into(const Finder::Paths& paths) {
    for (const auto& [identity, path] : paths) {
      if (seen_.insert(identity).second) look_into_one(identity, path);
    }
  }
  [[nodiscard]] const Namespaces& result() const { return result_; }

 private:
  void look_into_one(const Identity& identity, const std::string& path) {
    ++result_.count;
    const auto netns = kernel::Netns::open(path);
    const bool looked = netns && netns->run(home_, [&] { return collect_addresses(result_.addresses); });
    if (!looked) {
      // Where the path leads elsewhere by now, it went with its process or its pod.
      if (identity_of(path) == identity) ++result_.unreadable;
      return;
    }
    const auto number = kernel::netns_number(host_, netns->fd());
    if (number && *number) result_.numbers.insert(**number);
  }

  kernel::Netlink& host_;
  const kernel::Netns& home_;
  std::set<Identity> seen_;
  Namespaces result_;
};

}  // namespace

Result<Namespaces> look_into_namespaces(kernel::Netlink& host, const std::set<int>& wanted) {
  const kernel::Netns home = TRY(kernel::Netns::own());
  Looker looker(host, home);
  looker.look_into(Finder().find());
  if (!std::ranges::includes(looker.result().numbers, wanted)) looker.look_into(Finder().find_held());
  return looker.result();
}

}  // namespace podwire::doctor
