// Source MAC guard: the sets macguard_ports and macguard of table bridge podwire, and the base that reads
// them.
#include <linux/netfilter/nf_tables.h>
#include <net/if.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <cstring>

#include "libcni/kernel/nft.h"
#include "libcni/kernel/nft_base.h"
#include "libcni/kernel/nft_elements.h"

namespace podwire::kernel {
namespace {

constexpr std::string_view kWhatAdd = "cannot add mac guard elements";

SetName ports_set() {
  return {mac_guard_table().family, mac_guard_table().name, kGuardedPorts};
}
SetName macs_set() {
  return {mac_guard_table().family, mac_guard_table().name, kGuardedMacs};
}

/// The name as the kernel compares it: IFNAMSIZ bytes, padded with zeros.
std::vector<std::uint8_t> port_key(std::string_view link) {
  std::vector<std::uint8_t> key(link.begin(), link.end());
  key.resize(IFNAMSIZ);
  return key;
}

/// The name, then the address padded to whole registers.
std::vector<std::uint8_t> mac_key(std::string_view link, const Mac& mac) {
  std::vector<std::uint8_t> key = port_key(link);
  key.insert(key.end(), mac.bytes().begin(), mac.bytes().end());
  key.resize(mac_guard_table().sets[1].key.length);
  return key;
}

/// The reverse of port_key() and mac_key(); nothing for a key of another length.
std::optional<MacGuardElement> guard_of(SetElement& element) {
  constexpr std::size_t kMacLength = 6;
  const bool is_port = element.key.size() == IFNAMSIZ;
  if (!is_port && element.key.size() != mac_guard_table().sets[1].key.length) return std::nullopt;
  const auto* name = reinterpret_cast<const char*>(element.key.data());
  MacGuardElement guard{.owner = std::move(element.owner),
                        .link = std::string(name, ::strnlen(name, IFNAMSIZ)),
                        .mac = std::nullopt};
  if (is_port) return guard;
  std::array<std::uint8_t, kMacLength> mac{};
  std::copy_n(element.key.begin() + IFNAMSIZ, kMacLength, mac.begin());
  guard.mac = Mac(mac);
  return guard;
}

struct Guard {
  SetElement port;
  SetElement mac;
};

KernelResult<void> add_unclaimed(Netlink& netlink, const Guard& guard) {
  NftBatch batch;
  batch.add(
      encode_elements(NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL, ports_set(), std::span(&guard.port, 1)));
  batch.add(
      encode_elements(NFT_MSG_NEWSETELEM, NLM_F_CREATE | NLM_F_EXCL, macs_set(), std::span(&guard.mac, 1)));
  return std::move(batch).commit(netlink);
}

/// Addresses that the port was allowed earlier are allowed no longer.
Result<void> plan_other_macs_removal(Netlink& netlink, NftBatch& batch, const Guard& guard) {
  auto others = TRY(read_set(netlink, macs_set())).value_or(std::vector<SetElement>());
  std::erase_if(others, [&](const SetElement& element) {
    return element.key == guard.mac.key || element.key.size() != guard.mac.key.size() ||
           !std::equal(guard.port.key.begin(), guard.port.key.end(), element.key.begin());
  });
  batch.add(encode_elements(NFT_MSG_DELSETELEM, 0, macs_set(), others));
  return {};
}

Result<void> plan_guard(Netlink& netlink, NftBatch& batch, const Guard& guard) {
  const BaseState base = TRY(observe_base(netlink, mac_guard_table()));
  if (!base.intact) add_base(batch, mac_guard_table(), base);
  TRY(plan_other_macs_removal(netlink, batch, guard));
  TRY(plan_elements(netlink, batch, ports_set(), std::span(&guard.port, 1)));
  return plan_elements(netlink, batch, macs_set(), std::span(&guard.mac, 1));
}

}  // namespace

Result<void> Nft::add_mac_guard(std::string_view owner, std::string_view link, const Mac& mac) {
  if (link.empty() || link.size() >= IFNAMSIZ)
    return fail(Code::kKernel, "not the name of a link: " + std::string(link));
  const Guard guard{.port = {.key = port_key(link), .owner = std::string(owner)},
                    .mac = {.key = mac_key(link, mac), .owner = std::string(owner)}};
  const BaseState base = TRY(observe_base(netlink_, mac_guard_table()));
  if (base.intact) {
    const auto status = add_unclaimed(netlink_, guard);
    if (status) return {};
    if (status.error().number != EEXIST && status.error().number != ENOENT) {
      return std::unexpected(status.error().as_error(kWhatAdd));
    }
  }
  if (base.dormant) TRY(wake_table(netlink_, mac_guard_table()));
  return compare_and_swap(netlink_, kWhatAdd,
                          [&](NftBatch& batch) { return plan_guard(netlink_, batch, guard); });
}

Result<plan::NftTableState> Nft::mac_guard_base() {
  return observe_base(netlink_, mac_guard_table());
}

Result<std::vector<MacGuardElement>> Nft::mac_guard_elements() {
  std::vector<MacGuardElement> result;
  for (const SetName& set : {ports_set(), macs_set()}) {
    for (SetElement& element : TRY(read_set(netlink_, set)).value_or(std::vector<SetElement>())) {
      if (auto guard = guard_of(element)) result.push_back(std::move(*guard));
    }
  }
  return result;
}

Result<std::vector<std::string>> Nft::mac_guard_owners() {
  std::vector<std::string> owners;
  for (MacGuardElement& element : TRY(mac_guard_elements())) owners.push_back(std::move(element.owner));
  std::ranges::sort(owners);
  owners.erase(std::ranges::unique(owners).begin(), owners.end());
  return owners;
}

Result<bool> Nft::mac_guard_intact(std::string_view link, const Mac& mac) {
  if (!TRY(observe_base(netlink_, mac_guard_table())).intact) return false;
  const bool port = TRY(find_element(netlink_, ports_set(), port_key(link))).has_value();
  return port && TRY(find_element(netlink_, macs_set(), mac_key(link, mac))).has_value();
}

Result<void> Nft::remove_mac_guard(const OwnerPredicate& matches) {
  // The port first: a guarded port without its address would be cut off.
  const std::array sets{ports_set(), macs_set()};
  return remove_owned(netlink_, sets, matches);
}

}  // namespace podwire::kernel
