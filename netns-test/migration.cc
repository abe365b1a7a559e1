#include "netns-test/migration.h"

#include <fmt/format.h>

#include <fstream>
#include <sstream>
#include <stdexcept>

#include "libcni/plan/reference.h"

namespace podwire::netns {
namespace {

constexpr const char* kGuide = PODWIRE_SOURCE_DIR "/docs/migrating-from-reference.md";

/// What the reference's nftables backend makes once for a node; the same transaction runs for every pod.
constexpr std::string_view kRuleBase = R"(
add table inet cni_plugins_masquerade { comment "Masquerading for plugins from github.com/containernetworking/plugins" ; }
add chain inet cni_plugins_masquerade masq_checks { comment "Masquerade traffic from certain IPs to any (non-multicast) IP outside their subnet" ; }
add chain inet cni_plugins_masquerade postrouting { type nat hook postrouting priority 100 ; }
flush chain inet cni_plugins_masquerade postrouting
add rule inet cni_plugins_masquerade postrouting ip daddr == 224.0.0.0/4  return
add rule inet cni_plugins_masquerade postrouting ip6 daddr == ff00::/8  return
add rule inet cni_plugins_masquerade postrouting goto masq_checks
)";

}  // namespace

std::string migration_commands(std::string_view heading) {
  std::ifstream file(kGuide);
  std::stringstream text;
  text << file.rdbuf();
  const std::string guide = text.str();
  constexpr std::string_view kBegin = "```sh\n";
  const auto section = guide.find(fmt::format("\n## {}\n", heading));
  const auto begin = section == std::string::npos ? section : guide.find(kBegin, section);
  const auto end = begin == std::string::npos ? begin : guide.find("```", begin + kBegin.size());
  const auto next = section == std::string::npos ? section : guide.find("\n## ", section + 1);
  if (end == std::string::npos || begin > next) {
    throw std::runtime_error(fmt::format("{} has no commands below \"{}\"", kGuide, heading));
  }
  return guide.substr(begin + kBegin.size(), end - begin - kBegin.size());
}

Migration::Migration() {
  node_.sh(fmt::format("mkdir -p {0}; cp {1}/bridge {1}/host-local {0}", kPlugins, kReferencePlugins));
}

void Migration::follow(std::string_view heading) const {
  node_.sh(fmt::format("PLUGINS={}; PODWIRE={}\n{}", kPlugins, our_plugins(), migration_commands(heading)));
}

Reply Migration::call(const char* verb, const std::string& conf, const Pod& pod,
                      const std::string& ifname) const {
  return exec(node_, {.verb = verb,
                      .conf = conf,
                      .id = pod.name(),
                      .netns = pod.netns(),
                      .ifname = ifname,
                      .path = kPlugins});
}

Reply Migration::gc(const std::string& conf, std::string_view valid) const {
  return exec(node_, {.verb = "GC",
                      .conf = with(conf, "cni.dev/valid-attachments", valid),
                      .id = "",
                      .netns = std::nullopt,
                      .ifname = "",
                      .path = kPlugins});
}

void Migration::masquerade_by_rules(const spec::Attachment& attachment,
                                    const std::vector<std::string>& addresses) const {
  std::string script(kRuleBase);
  for (const std::string& text : addresses) {
    const Cidr address = Cidr::parse(text).value();
    script += fmt::format(
        "add rule inet cni_plugins_masquerade masq_checks {0} saddr == {1} {0} daddr != {2} masquerade "
        "comment \"{3}, net: {4}, if: {5}, id: {6}\"\n",
        address.ip.is_v4() ? "ip" : "ip6", address.ip.text(), address.network().text(),
        plan::reference::rule_key(attachment), attachment.network, attachment.ifname,
        attachment.container_id);
  }
  node_.write("/run/rules.nft", script);
  node_.sh("nft -f /run/rules.nft; rm /run/rules.nft");
}

std::string Migration::leases(std::string_view network) const {
  return node_.sh(fmt::format(
      "cd /var/lib/cni/networks/{} 2>/dev/null && ls | grep -E '^(10\\.|fd)' | tr '\\n' ' ' || true",
      network));
}

}  // namespace podwire::netns
