// The names under which the reference plugins file what they make for an attachment in netfilter. podwire
// makes no such objects; it finds them by these names when it takes over a pod of theirs. Source: the
// releases 0.3 to 1.9 of containernetworking/plugins, pkg/utils/utils.go, pkg/ip/ipmasq_*_linux.go,
// pkg/link/spoofcheck.go.
#pragma once

#include <compare>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libcni/base/ip.h"
#include "libcni/spec/invocation.h"

namespace podwire::plan::reference {

/// Whose chain it is. The interface is no part of it: attachments of one container to one network share a
/// chain.
struct ChainOwner {
  std::string network;
  std::string container_id;
  auto operator<=>(const ChainOwner&) const = default;
};

/// iptables: the chain in table `nat`, "CNI-" and 24 hex digits; 28 characters are iptables' limit. The hash
/// is of the names without anything between them, so two owners can share a chain.
[[nodiscard]] std::string chain_name(const ChainOwner& owner);
/// iptables: the comment of the chain's rules and of the jumps to it: `name: "net1" id: "c1"`.
[[nodiscard]] std::string chain_comment(const ChainOwner& owner);
/// The owner that a comment names; nothing when it is not of exactly that form.
[[nodiscard]] std::optional<ChainOwner> parse_chain_comment(std::string_view comment);

/// nftables (from release 1.6 on): the comment of a rule begins with 16 hex digits for the network, '-', and
/// 16 for interface and container.
[[nodiscard]] std::string rule_key(const spec::Attachment& attachment);
/// The key that a comment begins with; "" when it begins with none. Views into `comment`.
[[nodiscard]] std::string_view rule_key_in(std::string_view comment);
/// What the keys of all attachments of a network begin with, '-' included.
[[nodiscard]] std::string rule_key_prefix(std::string_view network);

/// macspoofchk: the chain of the port, the chain of its MAC address, and the comment of all their rules. The
/// network is no part of them.
[[nodiscard]] std::string guard_chain(const spec::Attachment& attachment);
[[nodiscard]] std::string guard_mac_chain(const spec::Attachment& attachment);
[[nodiscard]] std::string guard_comment(const spec::Attachment& attachment);

/// The rules that CHECK expects of an attachment which the reference made.
struct Rules {
  spec::Attachment attachment;
  std::string host_link;        ///< the host end of its veth, from prevResult
  Mac mac;                      ///< of the pod's end
  std::vector<Ip> masqueraded;  ///< empty: none
  bool mac_guard = false;       ///< macspoofchk
};

}  // namespace podwire::plan::reference
