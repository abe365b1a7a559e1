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
#include "shim/pod/mounts.h"

namespace podwire::doctor {
namespace {

namespace fs = std::filesystem;

/// The mounts of a mount namespace are reached through a process in it, which may end as well.
constexpr int kProcessesPerMountNamespace = 4;

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
  return pod::unescape_mountinfo(fields[4]);
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

Result<void> collect_addresses(std::set<Ip>& addresses) {
  kernel::Netlink netlink = TRY(kernel::Netlink::open(NETLINK_ROUTE));
  const auto all = kernel::list_all_addresses(netlink);
  if (!all) return std::unexpected(all.error().as_error("cannot list addresses"));
  for (const kernel::HostAddress& each : *all) addresses.insert(each.address.ip);
  return {};
}

/// Goes by every path that may lead to a namespace, and looks into each namespace once: at once, because a
/// path may lead nowhere, or elsewhere, a moment later. By a path that fails nothing is lost while there is
/// another.
class Explorer {
 public:
  Explorer(kernel::Netlink& host, const kernel::Netns& home) : host_(host), home_(home) {}

  /// Those of processes and those bound to files.
  void visit_processes_and_mounts() {
    for_each_process([this](const std::string& process) {
      visit(process + "/ns/net");
      visit_mounts(process);
    });
  }

  /// Those that processes hold by a descriptor.
  void visit_descriptors() {
    for_each_process([this](const std::string& process) {
      std::error_code ignored;
      for (fs::directory_iterator entry(process + "/fd", ignored), end; !ignored && entry != end;
           entry.increment(ignored)) {
        std::error_code closed;
        if (fs::read_symlink(entry->path(), closed).string().starts_with(kNetnsName))
          visit(entry->path().string());
      }
    });
  }

  [[nodiscard]] const Namespaces& result() const { return result_; }

 private:
  void visit_mounts(const std::string& process) {
    const auto mounts = identity_of(process + "/ns/mnt");
    if (!mounts || ++processes_in_[*mounts] > kProcessesPerMountNamespace) return;
    std::ifstream mountinfo(process + "/mountinfo");
    for (std::string line; std::getline(mountinfo, line);) {
      if (const std::string path = mounted_netns(line); !path.empty()) visit(process + "/root" + path);
    }
  }

  void visit(const std::string& path) {
    const auto expected = identity_of(path);
    if (!expected || seen_.contains(*expected)) return;
    const auto netns = kernel::Netns::open(path);
    const auto identity = netns ? identity_of(fmt::format("/proc/self/fd/{}", netns->fd())) : std::nullopt;
    if (!identity || !seen_.insert(*identity).second) return;
    ++result_.count;
    if (const auto looked = look_into(*netns); !looked) {
      result_.unreadable.push_back(fmt::format("{}: {}", path, looked.error().msg));
    }
  }

  Result<void> look_into(const kernel::Netns& netns) {
    TRY(netns.run(home_, [this] { return collect_addresses(result_.addresses); }));
    const auto number = kernel::netns_number(host_, netns.fd());
    if (!number) return std::unexpected(number.error().as_error("cannot ask for its number"));
    if (*number) result_.numbers.insert(**number);
    return {};
  }

  kernel::Netlink& host_;
  const kernel::Netns& home_;
  std::set<Identity> seen_;
  std::map<Identity, int> processes_in_;  ///< by mount namespace
  Namespaces result_;
};

}  // namespace

Result<Namespaces> look_into_namespaces(kernel::Netlink& host, const std::set<int>& wanted) {
  const kernel::Netns home = TRY(kernel::Netns::own());
  Explorer explorer(host, home);
  explorer.visit_processes_and_mounts();
  if (!std::ranges::includes(explorer.result().numbers, wanted)) explorer.visit_descriptors();
  return explorer.result();
}

}  // namespace podwire::doctor
