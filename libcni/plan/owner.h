// Who a kernel object belongs to. Links carry the tag in IFLA_IFALIAS, nftables elements in their user data;
// DEL and GC find objects by it and by derived names, never through private files.
#pragma once

#include <cstdint>
#include <optional>
#include <string>
#include <string_view>
#include <vector>

#include "libcni/base/ip.h"
#include "libcni/spec/invocation.h"

namespace podwire::plan {

/// "podwire:<network>/<containerID>/<ifname>", at most kMaxOwnerKey bytes: when it would be longer, container
/// ID and then network are replaced by '#' and 16 hex digits of their hash. Equal attachments give equal
/// keys.
[[nodiscard]] std::string owner_key(const spec::Attachment& attachment);
/// "podwire:<network>/" with the same shortening: the prefix that all keys of a network share.
/// (Whether the network is hashed depends on the network's own length alone.)
[[nodiscard]] std::string owner_prefix(std::string_view network);

/// nft loads comments of at most 128 characters (NFTNL_UDATA_COMMENT_MAXLEN), and the key is one: with a
/// longer one it would refuse to load what it has listed itself.
inline constexpr std::size_t kMaxOwnerKey = 128;
inline constexpr std::size_t kMaxAlias = 255;  ///< IFALIASZ - 1

/// The alias of a host link: `<owner key>=<ip/length>,<ip/length>[;masq]`. Addresses that do not fit in
/// kMaxAlias are left out, and the list then ends in '+': parse() says that it is not complete.
struct OwnerTag {
  std::string key;
  std::vector<Cidr> ips;
  bool masquerade = false;
  bool complete = true;

  [[nodiscard]] std::string text() const;
  /// Nothing when the text is not podwire's.
  [[nodiscard]] static std::optional<OwnerTag> parse(std::string_view text);
};

/// "veth" and 11 hex digits of the hash of the attachment: 15 bytes, IFNAMSIZ's limit.
[[nodiscard]] std::string host_veth_name(const spec::Attachment& attachment);

/// A locally administered MAC address for a bridge port: it begins with fe. A bridge that nobody gave an address, as
/// the reference makes them, takes the lowest of its ports' (kernel br_stp_recalculate_bridge_id()), and would change
/// it when a port of ours joins or leaves.
[[nodiscard]] Mac bridge_port_mac(std::uint64_t seed);

/// MAC addresses derived from the attachment (and a salt, such as the boot id); the host end's is a bridge port's.
[[nodiscard]] Mac pod_mac(const spec::Attachment& attachment, std::string_view salt);
[[nodiscard]] Mac host_mac(const spec::Attachment& attachment, std::string_view salt);

}  // namespace podwire::plan
