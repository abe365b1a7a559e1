// podwire's two tables, from plan/nft_table.h to what the kernel takes.
#include <linux/netfilter.h>

#include "libcni/kernel/nft_base.h"

namespace podwire::kernel {
namespace {

using plan::NftKey;
using plan::NftMatch;
using plan::NftSelector;

// Datatype numbers of nftables (enum datatypes in its include/datatype.h; part of the format nft reads back).
constexpr std::uint32_t kTypeIpv4Address = 7;
constexpr std::uint32_t kTypeIpv6Address = 8;
constexpr std::uint32_t kTypeEtherAddress = 9;
constexpr std::uint32_t kTypeIfname = 41;
constexpr std::uint32_t kConcatenationBits = 6;

KeyType compile(NftKey key) {
  switch (key) {
    case NftKey::kIp4:
      return {.number = kTypeIpv4Address, .length = 4, .order = KeyType::Order::kNetwork};
    case NftKey::kIp6:
      return {.number = kTypeIpv6Address, .length = 16, .order = KeyType::Order::kNetwork};
    case NftKey::kInterface:
      return {.number = kTypeIfname, .length = 16, .order = KeyType::Order::kHost};
    case NftKey::kInterfaceAndMac:
      break;
  }
  // Each part of a concatenation is padded to registers of 4 bytes: 16 + 8.
  return {.number = kTypeIfname << kConcatenationBits | kTypeEtherAddress,
          .length = 24,
          .order = KeyType::Order::kNone};
}

// Where an address stands in its header: iphdr, ipv6hdr, ethhdr.
constexpr std::uint32_t kIpv4SourceOffset = 12;
constexpr std::uint32_t kIpv4DestinationOffset = 16;
constexpr std::uint32_t kIpv4Length = 4;
constexpr std::uint32_t kIpv6SourceOffset = 8;
constexpr std::uint32_t kIpv6DestinationOffset = 24;
constexpr std::uint32_t kIpv6Length = 16;
constexpr std::uint32_t kEtherSourceOffset = 6;
constexpr std::uint32_t kEtherLength = 6;

Expression load_network_header(std::uint32_t offset, std::uint32_t length) {
  return load_payload(NFT_PAYLOAD_NETWORK_HEADER, offset, length, NFT_REG_1);
}

/// Register 1, and the ones behind it, <- what the selector names.
Rule load(NftSelector selector) {
  switch (selector) {
    case NftSelector::kIp4Source:
      return {load_network_header(kIpv4SourceOffset, kIpv4Length)};
    case NftSelector::kIp4Destination:
      return {load_network_header(kIpv4DestinationOffset, kIpv4Length)};
    case NftSelector::kIp6Source:
      return {load_network_header(kIpv6SourceOffset, kIpv6Length)};
    case NftSelector::kIp6Destination:
      return {load_network_header(kIpv6DestinationOffset, kIpv6Length)};
    case NftSelector::kInputInterface:
      return {load_meta(NFT_META_IIFNAME, NFT_REG_1)};
    case NftSelector::kInputInterfaceAndMac:
      break;
  }
  // The name takes the 16 bytes of register 1, so the address follows it in register 2.
  return {load_meta(NFT_META_IIFNAME, NFT_REG_1),
          load_payload(NFT_PAYLOAD_LL_HEADER, kEtherSourceOffset, kEtherLength, NFT_REG_2)};
}

/// The protocol that a packet must be of before its header can be read as the selector does; 0: any.
std::uint8_t protocol_of(NftSelector selector) {
  switch (selector) {
    case NftSelector::kIp4Source:
    case NftSelector::kIp4Destination:
      return NFPROTO_IPV4;
    case NftSelector::kIp6Source:
    case NftSelector::kIp6Destination:
      return NFPROTO_IPV6;
    case NftSelector::kInputInterface:
    case NftSelector::kInputInterfaceAndMac:
      break;
  }
  return NFPROTO_UNSPEC;
}

/// As nft does: the protocol is asked for once, before the first header that depends on it.
Rule compile(const plan::NftRule& rule) {
  Rule out;
  std::uint8_t protocol = NFPROTO_UNSPEC;
  for (const NftMatch& match : rule.matches) {
    const std::uint8_t needed = protocol_of(match.selector);
    if (needed != NFPROTO_UNSPEC && needed != protocol) {
      out.push_back(load_meta(NFT_META_NFPROTO, NFT_REG_1));
      out.push_back(require_equal(NFT_REG_1, {needed}));
      protocol = needed;
    }
    for (Expression& expression : load(match.selector)) out.push_back(std::move(expression));
    out.push_back(match.negated ? require_not_in(NFT_REG_1, match.set) : require_in(NFT_REG_1, match.set));
  }
  out.push_back(rule.verdict == plan::NftVerdict::kDrop ? drop() : masquerade_fully_random());
  return out;
}

TableSpec compile(const plan::NftTable& table) {
  TableSpec spec{.family = static_cast<std::uint8_t>(table.family.number),
                 .name = table.name,
                 .chain = table.chain,
                 .chain_type = table.chain_type,
                 .hook = static_cast<std::uint32_t>(table.hook.number),
                 .priority = table.priority.number};
  for (const plan::NftSet& set : table.sets) {
    spec.sets.push_back({.name = set.name, .key = compile(set.key), .interval = set.interval});
  }
  for (const plan::NftRule& rule : table.rules) spec.rules.push_back(compile(rule));
  return spec;
}

}  // namespace

const TableSpec& masquerade_table() {
  static const TableSpec table = compile(plan::masquerade_table());
  return table;
}

const TableSpec& mac_guard_table() {
  static const TableSpec table = compile(plan::mac_guard_table());
  return table;
}

}  // namespace podwire::kernel
