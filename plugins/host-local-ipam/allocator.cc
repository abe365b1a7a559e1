#include "plugins/host-local-ipam/allocator.h"

#include <fmt/format.h>

#include <algorithm>
#include <ranges>

#include "libcni/base/text.h"
#include "plugins/host-local-ipam/lease_preview.h"

namespace podwire::host_local {
namespace {

using Reserved = LeaseStore::Reserved;

/// `Leases`: a LeaseStore, or a LeasePreview, so that what is shown and what is done are decided alike.
template <typename Leases>
class Allocation {
 public:
  Allocation(Leases& store, const Owner& owner, std::vector<Ip> requested)
      : store_(store), owner_(owner), record_(owner.record()), requested_(std::move(requested)) {}

  [[nodiscard]] Result<std::vector<spec::IpConfig>> run(const std::vector<RangeSet>& sets);
  void undo(Error& error);

 private:
  [[nodiscard]] Result<spec::IpConfig> allocate_from(const RangeSet& set, std::size_t number);
  [[nodiscard]] Result<Reserved> reserve_requested(const RangeSet& set, const Ip& ip);
  [[nodiscard]] Result<Reserved> reserve_next(const RangeSet& set, std::size_t number);
  [[nodiscard]] Result<void> refuse_duplicate(const RangeSet& set);
  [[nodiscard]] std::optional<Ip> take_request(const RangeSet& set);

  Leases& store_;
  const Owner& owner_;
  std::string record_;
  std::vector<Ip> requested_;
  std::vector<Ip> reserved_;  ///< by this call: what undo() releases
};

template <typename Leases>
Result<std::vector<spec::IpConfig>> Allocation<Leases>::run(const std::vector<RangeSet>& sets) {
  std::vector<spec::IpConfig> ips;
  ips.reserve(sets.size());
  for (std::size_t i = 0; i < sets.size(); ++i) {
    ips.push_back(
        TRY(in_context(allocate_from(sets[i], i), fmt::format("failed to allocate for range {}", i))));
  }
  if (requested_.empty()) return ips;
  std::vector<std::string> left;
  left.reserve(requested_.size());
  for (const Ip& ip : requested_) left.push_back(ip.text());
  return fail(Code::kAddressNotAvailable, "failed to allocate all requested IPs: " + join(left, " "));
}

/// What cannot be released goes into the details; DEL, which follows a failed ADD, tries again.
template <typename Leases>
void Allocation<Leases>::undo(Error& error) {
  for (const Ip& ip : reserved_) {
    const auto released = store_.release(ip, record_);
    if (!released) error.details += (error.details.empty() ? "" : "; ") + released.error().msg;
  }
}

template <typename Leases>
std::optional<Ip> Allocation<Leases>::take_request(const RangeSet& set) {
  const auto found =
      std::ranges::find_if(requested_, [&](const Ip& ip) { return find_range(set, ip) != nullptr; });
  if (found == requested_.end()) return std::nullopt;
  const Ip ip = *found;
  requested_.erase(found);
  return ip;
}

template <typename Leases>
Result<spec::IpConfig> Allocation<Leases>::allocate_from(const RangeSet& set, std::size_t number) {
  const auto request = take_request(set);
  const Reserved reserved = TRY(request ? reserve_requested(set, *request) : reserve_next(set, number));
  reserved_.push_back(reserved.ip);
  TRY(store_.write_last_reserved(number, reserved.ip));
  return spec::IpConfig{.address = {.ip = reserved.ip, .prefix_length = reserved.range->subnet.prefix_length},
                        .gateway = reserved.range->gateway};
}

template <typename Leases>
Result<Reserved> Allocation<Leases>::reserve_requested(const RangeSet& set, const Ip& ip) {
  const Range* range = find_range(set, ip);
  if (ip == range->gateway) {
    return fail(Code::kAddressNotAvailable, fmt::format("requested ip {} is subnet's gateway", ip.text()));
  }
  if (TRY(store_.reserve(ip, record_))) return Reserved{.ip = ip, .range = range};
  return fail(Code::kAddressNotAvailable,
              fmt::format("requested IP address {} is not available in range set {}", ip.text(), text(set)));
}

template <typename Leases>
Result<void> Allocation<Leases>::refuse_duplicate(const RangeSet& set) {
  for (const std::string& record : {record_, owner_.legacy_record()}) {
    for (const Ip& ip : TRY(store_.find(record))) {
      if (find_range(set, ip) == nullptr) continue;
      return fail(Code::kDuplicateAllocation,
                  fmt::format("{} has been allocated to {}, duplicate allocation is not allowed", ip.text(),
                              owner_.container_id));
    }
  }
  return {};
}

template <typename Leases>
Result<Reserved> Allocation<Leases>::reserve_next(const RangeSet& set, std::size_t number) {
  TRY(refuse_duplicate(set));
  const auto candidates = plan_candidates(set, store_.read_last_reserved(number));
  if (const auto reserved = TRY(store_.reserve_first(candidates, record_))) return *reserved;
  return fail(Code::kPoolExhausted, fmt::format("no IP addresses available in range set: {}", text(set)));
}

/// Records under which the owner's leases may stand, the present one first.
Result<std::pair<std::string, std::vector<Ip>>> find_leases(LeaseStore& store, const Owner& owner) {
  for (const std::string& record : {owner.record(), owner.legacy_record()}) {
    auto ips = TRY(store.find(record));
    if (!ips.empty()) return std::pair(record, std::move(ips));
  }
  return {};
}

template <typename Leases>
Result<std::vector<spec::IpConfig>> allocate_all(Leases& leases, const std::vector<RangeSet>& sets,
                                                 const std::vector<Ip>& requested, const Owner& owner) {
  Allocation allocation(leases, owner, requested);
  auto ips = allocation.run(sets);
  if (!ips) allocation.undo(ips.error());
  return ips;
}

}  // namespace

Result<std::vector<spec::IpConfig>> allocate(LeaseStore& store, const std::vector<RangeSet>& sets,
                                             const std::vector<Ip>& requested, const Owner& owner) {
  return allocate_all(store, sets, requested, owner);
}

Result<std::vector<spec::IpConfig>> allocate(LeasePreview& preview, const std::vector<RangeSet>& sets,
                                             const std::vector<Ip>& requested, const Owner& owner) {
  return allocate_all(preview, sets, requested, owner);
}

Result<void> release(LeaseStore& store, const Owner& owner) {
  const auto [record, ips] = TRY(find_leases(store, owner));
  std::vector<Error> errors;
  for (const Ip& ip : ips | std::views::reverse) {
    if (auto released = store.release(ip, record); !released) errors.push_back(std::move(released).error());
  }
  return report(errors);
}

Result<bool> holds_lease(LeaseStore& store, const Owner& owner) {
  return !TRY(find_leases(store, owner)).second.empty();
}

Result<void> report(const std::vector<Error>& errors) {
  if (errors.empty()) return {};
  std::vector<std::string> messages;
  messages.reserve(errors.size());
  for (const Error& error : errors) messages.push_back(error.msg);
  return fail(errors.front().code, join(messages, "; "));
}

}  // namespace podwire::host_local
