// podwire's nf_tables objects as data, and the only place that says what they are: kernel/nft_tables.cc makes
// netlink messages of them, nft_text.h the statements of nft(8).
#pragma once

#include <array>
#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libcni/base/ip.h"

namespace podwire::plan {

/// A pod address in masq4 or masq6.
struct MasqueradeElement {
  std::string owner;
  Ip address;
};

/// A prefix in nomasq4 or nomasq6.
struct NoMasqueradeElement {
  std::string owner;
  Cidr destination;
};

/// A port in macguard_ports, or, with an address, in macguard.
struct MacGuardElement {
  std::string owner;
  std::string link;
  std::optional<Mac> mac;
};

/// A number of the kernel and the word that nft(8) has for it.
struct NftConstant {
  std::string_view word;
  std::int32_t number = 0;
};

/// What the keys of a set are.
enum class NftKey : std::uint8_t { kIp4, kIp6, kInterface, kInterfaceAndMac };

struct NftSet {
  std::string_view name;
  NftKey key = NftKey::kIp4;
  bool interval = false;
};

/// What a rule looks up. The IP ones match packets of their family only.
enum class NftSelector : std::uint8_t {
  kIp4Source,
  kIp4Destination,
  kIp6Source,
  kIp6Destination,
  kInputInterface,
  kInputInterfaceAndMac,  ///< the name, and the source MAC address
};

/// The rule goes on when the selected value is in the set, or, with `negated`, when it is not.
struct NftMatch {
  NftSelector selector = NftSelector::kIp4Source;
  std::string_view set;
  bool negated = false;
};

enum class NftVerdict : std::uint8_t {
  /// Parallel connections then do not lose the insertion race for one source port.
  kMasqueradeFullyRandom,
  kDrop,
};

struct NftRule {
  std::vector<NftMatch> matches;
  NftVerdict verdict = NftVerdict::kDrop;
};

struct NftTable {
  NftConstant family;
  std::string_view name;
  std::vector<NftSet> sets;
  std::string_view chain;  ///< a base chain, policy accept
  std::string_view chain_type;
  NftConstant hook;
  NftConstant priority;
  std::vector<NftRule> rules;
};

inline constexpr std::string_view kTable = "podwire";
inline constexpr std::string_view kMasq4 = "masq4";
inline constexpr std::string_view kMasq6 = "masq6";
inline constexpr std::string_view kNoMasq4 = "nomasq4";
inline constexpr std::string_view kNoMasq6 = "nomasq6";
inline constexpr std::string_view kGuardedPorts = "macguard_ports";
inline constexpr std::string_view kGuardedMacs = "macguard";

/// table inet podwire.
[[nodiscard]] const NftTable& masquerade_table();
/// table bridge podwire.
[[nodiscard]] const NftTable& mac_guard_table();

/// 224.0.0.0/4 and ff00::/8: as in the reference, multicast is never masqueraded. Owner "podwire".
[[nodiscard]] std::span<const NoMasqueradeElement> multicast_destinations();

/// What the kernel has of an NftTable.
struct NftTableState {
  bool table = false;
  bool dormant = false;  ///< the table is switched off (NFT_TABLE_F_DORMANT)
  bool chain = false;
  bool intact = false;  ///< everything is there and as specified; sets too, since rules hold on to them
};

}  // namespace podwire::plan
