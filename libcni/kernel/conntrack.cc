#include "libcni/kernel/conntrack.h"

#include <linux/netfilter/nfnetlink_conntrack.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
#include <iterator>
#include <vector>

#include "libcni/kernel/conntrack_flow.h"
#include "libcni/kernel/netlink.h"
#include "libcni/kernel/nft_attribute.h"

namespace podwire::kernel {
namespace {

/// How kernels without nfnetlink, without ctnetlink, or without connection tracking refuse.
bool is_unsupported(int error_number) {
  constexpr std::array kRefusals{EPROTONOSUPPORT, EOPNOTSUPP, EINVAL, EAFNOSUPPORT};
  return std::ranges::find(kRefusals, error_number) != kRefusals.end();
}

/// Entries of this namespace. A number, where a dump would walk the hash table that all namespaces share.
KernelResult<std::uint32_t> count_flows(Netlink& netlink) {
  Message request = conntrack_message(IPCTNL_MSG_CT_GET_STATS, AF_UNSPEC);
  std::uint32_t count = 0;
  const auto status = netlink.get(request, [&](const nlmsghdr& message) {
    count = Attributes::of(message, sizeof(nfgenmsg)).be32(CTA_STATS_GLOBAL_ENTRIES).value_or(0);
  });
  if (!status && is_unsupported(status.error().number)) return 0;
  if (!status) return std::unexpected(status.error());
  return count;
}

/// Beyond this many entries the kernel filters what it sends. Measured: a walk of its table for sending costs 8 to 11 ms
/// whatever is in it (262,144 buckets), a filter needs three walks per address, an entry that is copied out costs
/// 3 to 7 µs.
constexpr std::uint32_t kFilterAbove = 8192;
/// Of more addresses no filter is made: three walks for each, if only of 0.13 ms, are more than one for sending. Their
/// acknowledgements fit in the socket's buffer.
constexpr std::size_t kMaxFiltered = 24;

/// Which address of an entry a filter compares: flags of CTA_FILTER_{ORIG,REPLY}_FLAGS (nf_internals.h of the
/// kernel). IPv4 only: of IPv6 addresses the kernel's filter matches those that differ
/// (ctnetlink_filter_match_tuple(), as late as 6.18).
struct Place {
  int tuple;
  int address;
  std::uint32_t original_flags;
  std::uint32_t reply_flags;
};
constexpr std::uint32_t kFilterSource = 1U << 0;
constexpr std::uint32_t kFilterDestination = 1U << 1;
constexpr std::array kPlaces{Place{CTA_TUPLE_ORIG, CTA_IP_V4_SRC, kFilterSource, 0},
                             Place{CTA_TUPLE_ORIG, CTA_IP_V4_DST, kFilterDestination, 0},
                             Place{CTA_TUPLE_REPLY, CTA_IP_V4_SRC, 0, kFilterSource}};

Message filtered_request(int type, const Ip& address, const Place& place) {
  Message request = conntrack_message(type, AF_INET);
  request.nest(place.tuple, [&](Message& tuple) {
    tuple.nest(CTA_TUPLE_IP, [&](Message& ip) { ip.put_bytes(place.address, address.bytes()); });
  });
  request.nest(CTA_FILTER, [&](Message& filter) {
    filter.put_u32(CTA_FILTER_ORIG_FLAGS, place.original_flags);
    filter.put_u32(CTA_FILTER_REPLY_FLAGS, place.reply_flags);
  });
  return request;
}

/// `type` for every place of the IPv4 ones.
std::vector<Message> filtered_requests(int type, std::span<const Ip> addresses) {
  std::vector<Message> requests;
  for (const Ip& address : addresses) {
    if (!address.is_v4()) continue;
    for (const Place& place : kPlaces) requests.push_back(filtered_request(type, address, place));
  }
  return requests;
}

bool is_v6(const Ip& address) {
  return !address.is_v4();
}

std::vector<Message> dump_requests(std::span<const Ip> addresses, std::uint32_t flows) {
  const bool any_v6 = std::ranges::any_of(addresses, is_v6);
  std::vector<Message> requests;
  if (flows > kFilterAbove && addresses.size() <= kMaxFiltered) {
    // Kernels before 5.8 ignore the filter and send everything.
    requests = filtered_requests(IPCTNL_MSG_CT_GET, addresses);
    if (any_v6) requests.push_back(conntrack_message(IPCTNL_MSG_CT_GET, AF_INET6));
    return requests;
  }
  const std::uint8_t family = !any_v6                                   ? AF_INET
                              : std::ranges::all_of(addresses, is_v6) ? AF_INET6
                                                                        : AF_UNSPEC;
  requests.push_back(conntrack_message(IPCTNL_MSG_CT_GET, family));
  return requests;
}

KernelResult<std::vector<Message>> plan_deletions(Netlink& netlink, std::span<const Ip> addresses,
                                                  std::uint32_t flows) {
  std::vector<Message> deletions;
  std::vector<Message> requests = dump_requests(addresses, flows);
  for (Message& request : requests) {
    const auto dumped = netlink.dump(request, [&](const nlmsghdr& message) {
      const auto flow = decode_flow(message);
      if (flow && flow->involves(addresses)) deletions.push_back(encode_deletion(*flow));
    });
    if (!dumped) return std::unexpected(dumped.error());
  }
  return deletions;
}

/// True when the kernel has deleted what involves the IPv4 ones; false when it is too old to filter deletions, or it
/// is not worth it.
KernelResult<bool> delete_filtered(Netlink& netlink, std::span<const Ip> addresses) {
  if (addresses.size() > kMaxFiltered) return false;
  std::vector<Message> requests = filtered_requests(IPCTNL_MSG_CT_DELETE, addresses);
  if (requests.empty()) return true;
  for (Message& request : requests) request.nl_header()->nlmsg_flags |= NLM_F_ACK;
  const auto status = netlink.batch(requests);
  if (status) return true;
  // It takes the tuple for that of one entry, which it would have to be complete for.
  if (status.error().number == EINVAL) return false;
  return std::unexpected(status.error());
}

std::unexpected<Error> cannot_delete(const KernelError& error) {
  return std::unexpected(error.as_error("cannot delete tracked connections"));
}

}  // namespace

Result<void> flush_conntrack(Netlink& netfilter, std::span<const Ip> addresses) {
  if (addresses.empty()) return {};
  const auto flows = count_flows(netfilter);
  if (!flows) return std::unexpected(flows.error().as_error("cannot count tracked connections"));
  if (*flows == 0) return {};
  const auto deleted = delete_filtered(netfilter, addresses);
  if (!deleted) return cannot_delete(deleted.error());
  if (!*deleted) return flush_conntrack_by_dump(netfilter, addresses, *flows);
  std::vector<Ip> rest;
  std::ranges::copy_if(addresses, std::back_inserter(rest), is_v6);
  return rest.empty() ? Result<void>{} : flush_conntrack_by_dump(netfilter, rest, *flows);
}

Result<void> flush_conntrack_by_dump(Netlink& netfilter, std::span<const Ip> addresses, std::uint32_t flows) {
  auto deletions = plan_deletions(netfilter, addresses, flows);
  if (!deletions) return std::unexpected(deletions.error().as_error("cannot read tracked connections"));
  for (Message& deletion : *deletions) {
    const auto status = netfilter.request(deletion);
    // ENOENT: it ended by itself.
    if (!status && status.error().number != ENOENT) return cannot_delete(status.error());
  }
  return {};
}

}  // namespace podwire::kernel
