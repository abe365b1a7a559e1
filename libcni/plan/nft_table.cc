#include "libcni/plan/nft_table.h"

#include <linux/netfilter.h>
#include <linux/netfilter_bridge.h>
#include <linux/netfilter_ipv4.h>

namespace podwire::plan {

const NftTable& masquerade_table() {
  static const NftTable table{
      .family = {"inet", NFPROTO_INET},
      .name = kTable,
      .sets = {{.name = kMasq4, .key = NftKey::kIp4},
               {.name = kMasq6, .key = NftKey::kIp6},
               {.name = kNoMasq4, .key = NftKey::kIp4, .interval = true},
               {.name = kNoMasq6, .key = NftKey::kIp6, .interval = true}},
      .chain = "postrouting",
      .chain_type = "nat",
      .hook = {"postrouting", NF_INET_POST_ROUTING},
      .priority = {"srcnat", NF_IP_PRI_NAT_SRC},
      .rules = {{.matches = {{.selector = NftSelector::kIp4Source, .set = kMasq4},
                             {.selector = NftSelector::kIp4Destination, .set = kNoMasq4, .negated = true}},
                 .verdict = NftVerdict::kMasqueradeFullyRandom},
                {.matches = {{.selector = NftSelector::kIp6Source, .set = kMasq6},
                             {.selector = NftSelector::kIp6Destination, .set = kNoMasq6, .negated = true}},
                 .verdict = NftVerdict::kMasqueradeFullyRandom}},
  };
  return table;
}

const NftTable& mac_guard_table() {
  static const NftTable table{
      .family = {"bridge", NFPROTO_BRIDGE},
      .name = kTable,
      .sets = {{.name = kGuardedPorts, .key = NftKey::kInterface},
               {.name = kGuardedMacs, .key = NftKey::kInterfaceAndMac}},
      .chain = "prerouting",
      .chain_type = "filter",
      .hook = {"prerouting", NF_BR_PRE_ROUTING},
      .priority = {"dstnat", NF_BR_PRI_NAT_DST_BRIDGED},
      .rules = {{.matches =
                     {{.selector = NftSelector::kInputInterface, .set = kGuardedPorts},
                      {.selector = NftSelector::kInputInterfaceAndMac, .set = kGuardedMacs, .negated = true}},
                 .verdict = NftVerdict::kDrop}},
  };
  return table;
}

std::span<const NoMasqueradeElement> multicast_destinations() {
  constexpr std::array<std::uint8_t, 4> kMulticast4{224};
  constexpr std::array<std::uint8_t, 16> kMulticast6{0xff};
  static const std::array<NoMasqueradeElement, 2> destinations{
      NoMasqueradeElement{"podwire", {.ip = Ip::from_bytes(kMulticast4), .prefix_length = 4}},
      NoMasqueradeElement{"podwire", {.ip = Ip::from_bytes(kMulticast6), .prefix_length = 8}}};
  return destinations;
}

}  // namespace podwire::plan
