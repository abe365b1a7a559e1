// One address from each range set, all or nothing; and giving them back.
#pragma once

#include <vector>

#include "libcni/base/error.h"
#include "libcni/spec/result.h"
#include "plugins/host-local-ipam/lease_store.h"

namespace podwire::host_local {

class LeasePreview;

/// For each set: the first requested address that lies in it, else the next free one (plan_candidates()).
/// Writes last_reserved_ip.N for both. On failure releases what this call has reserved and nothing else.
/// Errors, after `failed to allocate for range N: `:
///   kAddressNotAvailable  `requested ip A is subnet's gateway`, `requested IP address A is not available in
///   range set S` kDuplicateAllocation  `A has been allocated to ID, duplicate allocation is not allowed`; as
///   in the reference,
///                         only where no address is requested
///   kPoolExhausted        `no IP addresses available in range set: S`
/// and `failed to allocate all requested IPs: A B` (kAddressNotAvailable), kIo.
[[nodiscard]] Result<std::vector<spec::IpConfig>> allocate(LeaseStore& store,
                                                           const std::vector<RangeSet>& sets,
                                                           const std::vector<Ip>& requested,
                                                           const Owner& owner);
/// The same, and nothing is written: what it would have been is in the preview.
[[nodiscard]] Result<std::vector<spec::IpConfig>> allocate(LeasePreview& preview,
                                                           const std::vector<RangeSet>& sets,
                                                           const std::vector<Ip>& requested,
                                                           const Owner& owner);

/// Releases the owner's leases, or, when there are none, those that an old reference recorded without an
/// interface name. None of either: success. Goes on after an error; all are reported.
[[nodiscard]] Result<void> release(LeaseStore& store, const Owner& owner);

/// Whether the owner holds a lease of either kind.
[[nodiscard]] Result<bool> holds_lease(LeaseStore& store, const Owner& owner);

/// Several errors as one: the first one's code, the messages joined by "; ".
[[nodiscard]] Result<void> report(const std::vector<Error>& errors);

}  // namespace podwire::host_local
