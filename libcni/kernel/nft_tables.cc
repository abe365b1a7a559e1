// podwire's two tables: the rulesets themselves.
#include <linux/netfilter.h>
#include <linux/netfilter_bridge.h>
#include <linux/netfilter_ipv4.h>

#include "libcni/kernel/nft_base.h"

namespace podwire::kernel {
namespace {

// Datatype numbers of nftables (enum datatypes in its include/datatype.h; part of the format nft reads back).
constexpr std::uint32_t kTypeIpv4Address = 7;
constexpr std::uint32_t kTypeIpv6Address = 8;
constexpr std::uint32_t kTypeEtherAddress = 9;
constexpr std::uint32_t kTypeIfname = 41;
constexpr std::uint32_t kConcatenationBits = 6;

constexpr KeyType kIpv4Key{.number = kTypeIpv4Address, .length = 4, .order = KeyType::Order::kNetwork};
constexpr KeyType kIpv6Key{.number = kTypeIpv6Address, .length = 16, .order = KeyType::Order::kNetwork};
constexpr KeyType kIfnameKey{.number = kTypeIfname, .length = 16, .order = KeyType::Order::kHost};
/// Each part of a concatenation is padded to registers of 4 bytes: 16 + 8.
constexpr KeyType kIfnameEtherKey{.number = kTypeIfname << kConcatenationBits | kTypeEtherAddress,
                                  .length = 24,
                                  .order = KeyType::Order::kNone};

/// Where an address stands in its header: iphdr, ipv6hdr.
struct AddressOffsets {
  std::uint32_t source;
  std::uint32_t destination;
  std::uint32_t length;
};
constexpr AddressOffsets kIpv4Offsets{.source = 12, .destination = 16, .length = 4};
constexpr AddressOffsets kIpv6Offsets{.source = 8, .destination = 24, .length = 16};
constexpr std::uint32_t kEtherSourceOffset = 6;
constexpr std::uint32_t kEtherLength = 6;

/// ip saddr @masq ip daddr != @nomasq masquerade fully-random
Rule masquerade_rule(std::uint8_t nfproto, const AddressOffsets& at, std::string_view masq,
                     std::string_view nomasq) {
  return {load_meta(NFT_META_NFPROTO, NFT_REG_1),
          require_equal(NFT_REG_1, {nfproto}),
          load_payload(NFT_PAYLOAD_NETWORK_HEADER, at.source, at.length, NFT_REG_1),
          require_in(NFT_REG_1, masq),
          load_payload(NFT_PAYLOAD_NETWORK_HEADER, at.destination, at.length, NFT_REG_1),
          require_not_in(NFT_REG_1, nomasq),
          masquerade_fully_random()};
}

/// iifname @macguard_ports iifname . ether saddr != @macguard drop
/// The name takes the 16 bytes of register 1, so the address follows it in register 2.
Rule mac_guard_rule() {
  return {load_meta(NFT_META_IIFNAME, NFT_REG_1),
          require_in(NFT_REG_1, kGuardedPorts),
          load_meta(NFT_META_IIFNAME, NFT_REG_1),
          load_payload(NFT_PAYLOAD_LL_HEADER, kEtherSourceOffset, kEtherLength, NFT_REG_2),
          require_not_in(NFT_REG_1, kGuardedMacs),
          drop()};
}

}  // namespace

const TableSpec& masquerade_table() {
  static const TableSpec table{
      .family = NFPROTO_INET,
      .name = kTable,
      .sets = {{.name = kMasq4, .key = kIpv4Key},
               {.name = kMasq6, .key = kIpv6Key},
               {.name = kNoMasq4, .key = kIpv4Key, .interval = true},
               {.name = kNoMasq6, .key = kIpv6Key, .interval = true}},
      .chain = "postrouting",
      .chain_type = "nat",
      .hook = NF_INET_POST_ROUTING,
      .priority = NF_IP_PRI_NAT_SRC,
      .rules = {masquerade_rule(NFPROTO_IPV4, kIpv4Offsets, kMasq4, kNoMasq4),
                masquerade_rule(NFPROTO_IPV6, kIpv6Offsets, kMasq6, kNoMasq6)},
  };
  return table;
}

const TableSpec& mac_guard_table() {
  static const TableSpec table{
      .family = NFPROTO_BRIDGE,
      .name = kTable,
      .sets = {{.name = kGuardedPorts, .key = kIfnameKey}, {.name = kGuardedMacs, .key = kIfnameEtherKey}},
      .chain = "prerouting",
      .chain_type = "filter",
      .hook = NF_BR_PRE_ROUTING,
      .priority = NF_BR_PRI_NAT_DST_BRIDGED,
      .rules = {mac_guard_rule()},
  };
  return table;
}

}  // namespace podwire::kernel
