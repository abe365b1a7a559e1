#include "libcni/kernel/conntrack.h"

#include <linux/netfilter/nfnetlink_conntrack.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>
#include <cerrno>
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

/// Beyond this many entries the kernel filters. Measured: a walk of its table costs 8 ms whatever is in it
/// (262,144 buckets), a filter needs three walks per address, an entry that is copied out costs 3 to 7 µs.
constexpr std::uint32_t kFilterAbove = 8192;

/// Which address of an entry a filter compares: flags of CTA_FILTER_{ORIG,REPLY}_FLAGS (nf_internals.h of the
/// kernel).
struct Place {
  int tuple;
  int v4;
  int v6;
  std::uint32_t original_flags;
  std::uint32_t reply_flags;
};
constexpr std::uint32_t kFilterSource = 1U << 0;
constexpr std::uint32_t kFilterDestination = 1U << 1;
constexpr std::array kPlaces{Place{CTA_TUPLE_ORIG, CTA_IP_V4_SRC, CTA_IP_V6_SRC, kFilterSource, 0},
                             Place{CTA_TUPLE_ORIG, CTA_IP_V4_DST, CTA_IP_V6_DST, kFilterDestination, 0},
                             Place{CTA_TUPLE_REPLY, CTA_IP_V4_SRC, CTA_IP_V6_SRC, 0, kFilterSource}};

/// Entries with the address in that place. Kernels before 5.8 ignore the filter and send everything.
Message filtered_request(const Ip& address, const Place& place) {
  Message request = conntrack_message(IPCTNL_MSG_CT_GET, address.is_v4() ? AF_INET : AF_INET6);
  request.nest(place.tuple, [&](Message& tuple) {
    tuple.nest(CTA_TUPLE_IP,
               [&](Message& ip) { ip.put_bytes(address.is_v4() ? place.v4 : place.v6, address.bytes()); });
  });
  request.nest(CTA_FILTER, [&](Message& filter) {
    filter.put_u32(CTA_FILTER_ORIG_FLAGS, place.original_flags);
    filter.put_u32(CTA_FILTER_REPLY_FLAGS, place.reply_flags);
  });
  return request;
}

std::vector<Message> dump_requests(std::span<const Ip> addresses, std::uint32_t flows) {
  std::vector<Message> requests;
  if (flows <= kFilterAbove) {
    requests.push_back(conntrack_message(IPCTNL_MSG_CT_GET, AF_UNSPEC));
    return requests;
  }
  for (const Ip& address : addresses) {
    for (const Place& place : kPlaces) requests.push_back(filtered_request(address, place));
  }
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

}  // namespace

Result<std::size_t> flush_conntrack(Netlink& netfilter, std::span<const Ip> addresses) {
  if (addresses.empty()) return 0;
  const auto flows = count_flows(netfilter);
  if (!flows) return std::unexpected(flows.error().as_error("cannot count tracked connections"));
  if (*flows == 0) return 0;
  auto deletions = plan_deletions(netfilter, addresses, *flows);
  if (!deletions) return std::unexpected(deletions.error().as_error("cannot read tracked connections"));

  std::size_t deleted = 0;
  for (Message& deletion : *deletions) {
    const auto status = netfilter.request(deletion);
    if (status) {
      ++deleted;
    } else if (status.error().number != ENOENT) {  // else it ended by itself
      return std::unexpected(status.error().as_error("cannot delete a tracked connection"));
    }
  }
  return deleted;
}

}  // namespace podwire::kernel
