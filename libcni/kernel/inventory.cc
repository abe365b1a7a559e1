#include "libcni/kernel/inventory.h"

#include <linux/if_addr.h>
#include <linux/neighbour.h>
#include <linux/net_namespace.h>
#include <linux/rtnetlink.h>
#include <sys/socket.h>

#include <cstring>

#include "libcni/kernel/nft_attribute.h"

namespace podwire::kernel {
namespace {

template <typename Header>
const Header* header_of(const nlmsghdr& message) {
  if (message.nlmsg_len < NLMSG_LENGTH(sizeof(Header))) return nullptr;
  return reinterpret_cast<const Header*>(reinterpret_cast<const char*>(&message) + NLMSG_HDRLEN);
}

/// rtnetlink's numbers are in host order.
std::optional<std::uint32_t> number_of(const Attributes& attributes, int type) {
  const auto value = attributes.find(type);
  std::uint32_t number = 0;
  if (!value || value->size() != sizeof number) return std::nullopt;
  std::memcpy(&number, value->data(), sizeof number);
  return number;
}

std::optional<Ip> ip_of(const Attributes& attributes, int type) {
  const auto value = attributes.find(type);
  if (!value || (value->size() != 4 && value->size() != 16)) return std::nullopt;
  return Ip::from_bytes(*value);
}

std::optional<HostAddress> decode_address(const nlmsghdr& message) {
  const auto* info = header_of<ifaddrmsg>(message);
  if (info == nullptr) return std::nullopt;
  const Attributes attributes = Attributes::of(message, sizeof(ifaddrmsg));
  auto ip = ip_of(attributes, IFA_LOCAL);
  if (!ip) ip = ip_of(attributes, IFA_ADDRESS);
  if (!ip) return std::nullopt;
  return HostAddress{.link = static_cast<int>(info->ifa_index),
                     .address = {.ip = *ip, .prefix_length = info->ifa_prefixlen}};
}

/// struct rtnexthop, each followed by attributes of its own.
void append_next_hops(const HostRoute& route, std::span<const std::uint8_t> hops,
                      std::vector<HostRoute>& routes) {
  rtnexthop hop{};
  while (hops.size() >= sizeof hop) {
    std::memcpy(&hop, hops.data(), sizeof hop);
    if (hop.rtnh_len < sizeof hop || hop.rtnh_len > hops.size()) return;
    HostRoute& added = routes.emplace_back(route);
    added.link = hop.rtnh_ifindex;
    added.gateway = ip_of(Attributes(hops.subspan(sizeof hop, hop.rtnh_len - sizeof hop)), RTA_GATEWAY);
    hops = hops.subspan(std::min<std::size_t>(RTNH_ALIGN(hop.rtnh_len), hops.size()));
  }
}

void append_route(const nlmsghdr& message, std::vector<HostRoute>& routes) {
  const auto* info = header_of<rtmsg>(message);
  if (info == nullptr || info->rtm_type != RTN_UNICAST) return;
  const Attributes attributes = Attributes::of(message, sizeof(rtmsg));
  const Family family = info->rtm_family == AF_INET ? Family::kV4 : Family::kV6;
  const HostRoute route{.destination = {.ip = ip_of(attributes, RTA_DST).value_or(Ip::from_number(family, 0)),
                                        .prefix_length = info->rtm_dst_len},
                        .gateway = ip_of(attributes, RTA_GATEWAY),
                        .link = static_cast<int>(number_of(attributes, RTA_OIF).value_or(0)),
                        .table = number_of(attributes, RTA_TABLE).value_or(info->rtm_table),
                        .metric = number_of(attributes, RTA_PRIORITY).value_or(0),
                        .protocol = info->rtm_protocol};
  if (const auto hops = attributes.find(RTA_MULTIPATH))
    append_next_hops(route, *hops, routes);
  else
    routes.push_back(route);
}

}  // namespace

KernelResult<std::vector<HostAddress>> list_all_addresses(Netlink& netlink) {
  Message message(RTM_GETADDR, 0);
  message.header(ifaddrmsg{});
  std::vector<HostAddress> addresses;
  const auto outcome = netlink.dump(message, [&](const nlmsghdr& entry) {
    if (const auto address = decode_address(entry)) addresses.push_back(*address);
  });
  if (!outcome) return std::unexpected(outcome.error());
  return addresses;
}

KernelResult<std::vector<HostRoute>> list_all_routes(Netlink& netlink) {
  std::vector<HostRoute> routes;
  for (const std::uint8_t family : {std::uint8_t{AF_INET}, std::uint8_t{AF_INET6}}) {
    Message message(RTM_GETROUTE, 0);
    rtmsg header{};
    header.rtm_family = family;
    message.header(header);
    const auto outcome = netlink.dump(message, [&](const nlmsghdr& entry) { append_route(entry, routes); });
    if (!outcome) return std::unexpected(outcome.error());
  }
  return routes;
}

KernelResult<std::size_t> count_neighbours(Netlink& netlink, Family family) {
  Message message(RTM_GETNEIGH, 0);
  ndmsg header{};
  header.ndm_family = family == Family::kV4 ? AF_INET : AF_INET6;
  message.header(header);
  std::size_t count = 0;
  const auto outcome = netlink.dump(message, [&](const nlmsghdr&) { ++count; });
  if (!outcome) return std::unexpected(outcome.error());
  return count;
}

KernelResult<std::optional<int>> netns_number(Netlink& netlink, int netns_fd) {
  Message message(RTM_GETNSID, 0);
  message.header(rtgenmsg{.rtgen_family = AF_UNSPEC});
  message.put_u32(NETNSA_FD, static_cast<std::uint32_t>(netns_fd));
  std::optional<int> number;
  const auto outcome = netlink.get(message, [&](const nlmsghdr& reply) {
    const auto id = number_of(Attributes::of(reply, sizeof(rtgenmsg)), NETNSA_NSID);
    const int value = static_cast<int>(id.value_or(static_cast<std::uint32_t>(NETNSA_NSID_NOT_ASSIGNED)));
    if (value != NETNSA_NSID_NOT_ASSIGNED) number = value;
  });
  if (!outcome) return std::unexpected(outcome.error());
  return number;
}

}  // namespace podwire::kernel
