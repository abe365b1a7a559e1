#include <fmt/format.h>

#include <algorithm>
#include <map>

#include "libcni/base/text.h"
#include "shim/doctor/attachment_index.h"
#include "shim/doctor/checks.h"
#include "shim/doctor/fixes.h"
#include "shim/doctor/routed.h"

namespace podwire::doctor {
namespace {

/// Without links or elements nothing can be said.
bool skip_unless_seen(const Observation& seen, Findings& findings) {
  if (!seen.host) {
    findings.skipped(seen.host.error().msg);
  } else if (!seen.attachments.elements) {
    findings.skipped(seen.attachments.elements.error().msg);
  }
  return !seen.host || !seen.attachments.elements;
}

std::vector<std::string> texts_of(const std::vector<Ip>& ips) {
  std::vector<std::string> texts;
  for (const Ip& ip : ips) texts.push_back(ip.text());
  return texts;
}

bool has_element(const NftElements& elements, const Ip& address, const std::string& owner) {
  return std::ranges::any_of(elements.masquerade, [&](const kernel::MasqueradeElement& element) {
    return element.address == address && element.owner == owner;
  });
}

/// A network with macspoofchk that the owner belongs to.
bool wants_guard(const Observation& seen, std::string_view owner) {
  const auto networks = seen.configuration.networks();
  return std::ranges::any_of(networks, [&](const ConfFile* file) {
    return owner.starts_with(plan::owner_prefix(file->network->list.name)) &&
           std::ranges::any_of(file->network->attachers, [](const Attacher& attacher) {
             return attacher.plugin.ours && attacher.bridge && attacher.bridge->mac_spoof_check;
           });
  });
}

}  // namespace

void check_masquerade(const Observation& seen, Findings& findings) {
  if (skip_unless_seen(seen, findings)) return;
  const auto& elements = seen.attachments.elements;
  std::vector<std::string> adding;
  std::vector<std::string> missing;
  std::size_t masqueraded = 0;
  for (const TaggedLink& tagged : tagged_links(*seen.host)) {
    if (!tagged.tag.masquerade) continue;
    ++masqueraded;
    for (const Cidr& ip : tagged.tag.ips) {
      if (has_element(*elements, ip.ip, tagged.tag.key)) continue;
      missing.push_back(ip.ip.text());
      adding.push_back("nft add element " + masquerade_element(ip.ip, tagged.tag.key));
    }
  }
  if (masqueraded == 0) {
    findings.ok("no pod is masqueraded");
  } else if (!elements->masquerade_intact) {
    Finding& finding = findings.problem(fmt::format(
        "nftables table inet podwire is missing or altered, and {} pods depend on it to reach the outside; "
        "the next ADD to a network with ipMasq writes it anew",
        masqueraded));
    finding.commands = rebuild_commands(seen);
    if (finding.commands.empty()) finding.advise("make a pod on a network with ipMasq");
  } else if (!missing.empty()) {
    findings.problem(fmt::format("not masqueraded any more: {}", join(missing, ", "))).commands = adding;
  }
}

void check_mac_guard(const Observation& seen, Findings& findings) {
  if (skip_unless_seen(seen, findings)) return;
  const std::vector<std::string>& guarded = seen.attachments.elements->mac_guards;
  for (const TaggedLink& tagged : tagged_links(*seen.host)) {
    const std::string& owner = tagged.tag.key;
    if (!wants_guard(seen, owner) || std::ranges::find(guarded, owner) != guarded.end()) continue;
    findings
        .warning(
            fmt::format("{} ({}) may send frames from any MAC address, though its network has macspoofchk",
                        tagged.link->name, owner))
        .advise(
            "make the pod anew: it was made before the key was set, or its nftables elements were removed");
  }
}

void check_nft_elements(const Observation& seen, Findings& findings) {
  if (skip_unless_seen(seen, findings)) return;
  const auto& elements = seen.attachments.elements;
  const AttachmentIndex index(seen);
  std::map<std::string, std::vector<Ip>> stale;
  for (const kernel::MasqueradeElement& element : elements->masquerade) {
    if (!index.has_link(element.owner)) stale[element.owner].push_back(element.address);
  }
  for (const std::string& owner : elements->mac_guards) {
    if (!index.has_link(owner)) stale.try_emplace(owner);
  }
  for (const auto& [owner, addresses] : stale) {
    Finding& finding = findings.warning(
        addresses.empty() ? fmt::format("the MAC guard of {} is left over: its link is gone", owner)
                          : fmt::format("{} is still masqueraded for {}, whose link is gone",
                                        join(texts_of(addresses), ", "), owner));
    const auto attachment = attachment_of(owner);
    const auto del = attachment ? del_command(seen, *attachment) : std::nullopt;
    if (del) {
      finding.run(*del);
      continue;
    }
    for (const Ip& address : addresses) finding.run("nft delete element " + masquerade_element(address, ""));
    if (addresses.empty())
      finding.advise("remove the elements with this comment: nft list table bridge podwire");
  }
}

}  // namespace podwire::doctor
