// podwire's nf_tables objects (design: one table, sets, nothing per pod but elements), over nfnetlink.
//
// table inet podwire
//   sets masq4, masq6: pod addresses; the comment of an element is its owner key
//   sets nomasq4, nomasq6: intervals of destinations; the comment is an owner prefix. They always cover
//   multicast
//     (224.0.0.0/4 and ff00::/8, owner "podwire")
//   chain postrouting (type nat, priority srcnat)
// table bridge podwire
//   sets macguard_ports (interface names), macguard (interface name . MAC)
//   chain prerouting (type filter, priority -300): a frame from a guarded port whose source MAC is not in the
//   set is
//     dropped
//
// `nft list ruleset` prints all of it readably and loads its own dump again, which stays podwire's.
// Base objects are made when they are found missing or altered: an address is masqueraded, a port guarded
// only together with the rule that reads the set. Other objects that somebody put into these tables are left
// alone; other tables are never touched. Errors: Code::kKernel with the kernel's words; Code::kTryAgainLater
// when the ruleset keeps changing for 10 seconds.
#pragma once

#include <functional>
#include <string>
#include <string_view>
#include <vector>

#include "libcni/base/error.h"
#include "libcni/base/ip.h"
#include "libcni/kernel/netlink.h"
#include "libcni/plan/nft_table.h"

namespace podwire::kernel {

using plan::MacGuardElement;
using plan::MasqueradeElement;
using plan::NoMasqueradeElement;

/// The elements that must exist besides the ones being added, when base objects had to be made anew (somebody
/// ran `nft flush ruleset`): taken from the owner tags of the host's links. Called once per attempt.
using Rebuild = std::function<Result<std::vector<MasqueradeElement>>()>;

class Nft {
 public:
  /// In the calling thread's network namespace.
  [[nodiscard]] static Result<Nft> open();

  /// Adds the elements and, where missing or altered, table, sets, chain and rules, in one transaction,
  /// together with what `rebuild` gives. An element of another (dead) owner with the same address is taken
  /// over. When everything is in place already: three small reads and one batch that compares nothing, so
  /// that concurrent calls do not make each other repeat.
  [[nodiscard]] Result<void> add_masquerade(const std::vector<MasqueradeElement>& elements,
                                            const Rebuild& rebuild);
  /// Destinations: one that a wider one covers already is left alone; a wider one replaces those it covers.
  /// Makes the table and its nomasq sets where they are missing, but neither chain nor rules:
  /// add_masquerade() must still find these missing and rebuild the elements.
  [[nodiscard]] Result<void> ensure_no_masquerade(const std::vector<NoMasqueradeElement>& elements);
  /// `mac` becomes the one source address that the link may use; any former one is allowed no longer.
  [[nodiscard]] Result<void> add_mac_guard(std::string_view owner, std::string_view link, const Mac& mac);

  /// What is there; an absent table has nothing.
  [[nodiscard]] Result<std::vector<MasqueradeElement>> masquerade_elements();
  [[nodiscard]] Result<std::vector<NoMasqueradeElement>> no_masquerade_elements();
  [[nodiscard]] Result<std::vector<MacGuardElement>> mac_guard_elements();
  /// Owner keys that have mac guard elements.
  [[nodiscard]] Result<std::vector<std::string>> mac_guard_owners();
  /// What is there of the two tables.
  [[nodiscard]] Result<plan::NftTableState> masquerade_base();
  [[nodiscard]] Result<plan::NftTableState> mac_guard_base();
  /// True when table, chains and rules are as this version writes them.
  [[nodiscard]] Result<bool> masquerade_base_intact();
  [[nodiscard]] Result<bool> mac_guard_intact(std::string_view link, const Mac& mac);

  /// Removes the elements whose owner satisfies `matches`, and no others: compare-and-swap on the ruleset
  /// generation (NFNL_BATCH_GENID), repeated on ERESTART. Absent tables and elements are success.
  /// `matches` is asked again for an element right before its removal.
  using OwnerPredicate = std::function<bool(std::string_view owner)>;
  [[nodiscard]] Result<void> remove_masquerade(const OwnerPredicate& matches);
  /// Those of the addresses that `owner` has: without reading the sets. `ready` is called once, after
  /// everything has been read, and the transaction follows it at once.
  [[nodiscard]] Result<void> remove_masquerade(std::string_view owner, const std::vector<Ip>& addresses,
                                               std::function<Result<void>()> ready);
  [[nodiscard]] Result<void> remove_no_masquerade(const OwnerPredicate& matches);
  [[nodiscard]] Result<void> remove_mac_guard(const OwnerPredicate& matches);

 private:
  explicit Nft(Netlink netlink) : netlink_(std::move(netlink)) {}
  Netlink netlink_;
};

}  // namespace podwire::kernel
