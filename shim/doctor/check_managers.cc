#include <fmt/format.h>

#include <algorithm>

#include "shim/doctor/checks.h"
#include "shim/doctor/routed.h"
#include "shim/doctor/software.h"

namespace podwire::doctor {
namespace {

/// podwire's links: the ports of its pods, and the bridges these are in.
std::vector<const kernel::Link*> links_of_podwire(const HostView& host) {
  std::vector<const kernel::Link*> links;
  for (const TaggedLink& tagged : tagged_links(host)) {
    links.push_back(tagged.link);
    const kernel::Link* bridge = host.find_link(tagged.link->master);
    if (bridge != nullptr && std::ranges::find(links, bridge) == links.end()) links.push_back(bridge);
  }
  return links;
}

const ManagedLink* find(const std::vector<ManagedLink>& links, int index) {
  const auto found = std::ranges::find(links, index, &ManagedLink::index);
  return found == links.end() ? nullptr : &*found;
}

void check_networkd(const Observation& seen, const std::vector<const kernel::Link*>& links,
                    Findings& findings) {
  for (const kernel::Link* link : links) {
    const ManagedLink* managed = find(seen.software.networkd_links, link->index);
    if (managed == nullptr || managed->state.empty() || managed->state == "unmanaged") continue;
    findings
        .warning(fmt::format("systemd-networkd manages {} ({}{}): it may take its addresses and routes away",
                             link->name, managed->state,
                             managed->file.empty() ? "" : ", by " + managed->file))
        .run(fmt::format("printf '[Match]\\nName={}\\n\\n[Link]\\nUnmanaged=yes\\n' > "
                         "/etc/systemd/network/00-podwire-{}.network",
                         link->name, link->name))
        .run("networkctl reload");
  }
}

bool is_left_alone(const SoftwareView& software, const kernel::Link& link) {
  const ManagedLink* noted = find(software.network_manager_links, link.index);
  if (noted != nullptr && noted->state == "unmanaged") return true;
  return std::ranges::any_of(software.unmanaged_devices,
                             [&](const std::string& pattern) { return covers_link(pattern, link); });
}

void check_network_manager(const Observation& seen, const std::vector<const kernel::Link*>& links,
                           Findings& findings) {
  if (!seen.software.network_manager_runs) return;
  std::string patterns;
  std::string names;
  for (const kernel::Link* link : links) {
    if (is_left_alone(seen.software, *link)) continue;
    // Pods' ports come and go: one pattern for all.
    const std::string pattern = "interface-name:" + (link->kind == "veth" ? "veth*" : link->name);
    if ((";" + patterns + ";").contains(";" + pattern + ";")) continue;
    patterns += (patterns.empty() ? "" : ";") + pattern;
    names += (names.empty() ? "" : ", ") + link->name;
  }
  if (patterns.empty()) return;
  findings
      .warning(fmt::format(
          "NetworkManager runs and is not told to leave podwire's links alone ({}): it may take their "
          "addresses away, or bring them down",
          names))
      .run(fmt::format(
          "printf '[keyfile]\\nunmanaged-devices+={}\\n' > /etc/NetworkManager/conf.d/podwire.conf",
          patterns))
      .run("nmcli general reload");
}

}  // namespace

void check_managers(const Observation& seen, Findings& findings) {
  if (!seen.host) {
    findings.skipped(seen.host.error().msg);
    return;
  }
  const auto links = links_of_podwire(*seen.host);
  check_networkd(seen, links, findings);
  check_network_manager(seen, links, findings);
}

}  // namespace podwire::doctor
