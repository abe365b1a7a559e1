#include "libcni/kernel/address.h"

#include <linux/if_addr.h>
#include <linux/rtnetlink.h>
#include <netlink/attr.h>
#include <netlink/msg.h>
#include <sys/socket.h>

#include <array>
#include <cerrno>
#include <optional>

namespace podwire::kernel {
namespace {

std::uint8_t kernel_family(Family family) {
  return family == Family::kV4 ? std::uint8_t{AF_INET} : std::uint8_t{AF_INET6};
}

std::optional<Ip> ip_of(nlattr* attribute) {
  if (attribute == nullptr || (nla_len(attribute) != 4 && nla_len(attribute) != 16)) return std::nullopt;
  return Ip::from_bytes(std::span(static_cast<const std::uint8_t*>(nla_data(attribute)),
                                  static_cast<std::size_t>(nla_len(attribute))));
}

std::optional<LinkAddress> decode_address(const nlmsghdr& header, int link) {
  std::array<nlattr*, IFA_MAX + 1> attributes{};
  if (nlmsg_parse(const_cast<nlmsghdr*>(&header), sizeof(ifaddrmsg), attributes.data(), IFA_MAX, nullptr) <
      0) {
    return std::nullopt;
  }
  const auto& info = *static_cast<const ifaddrmsg*>(nlmsg_data(&header));
  if (info.ifa_index != static_cast<unsigned>(link)) return std::nullopt;
  // IPv4's own address is IFA_LOCAL (IFA_ADDRESS is the peer's on point-to-point links); IPv6 has IFA_ADDRESS
  // only.
  auto ip = ip_of(attributes[IFA_LOCAL]);
  if (!ip) ip = ip_of(attributes[IFA_ADDRESS]);
  if (!ip) return std::nullopt;
  const std::uint32_t flags =
      attributes[IFA_FLAGS] != nullptr ? nla_get_u32(attributes[IFA_FLAGS]) : info.ifa_flags;
  return LinkAddress{
      .address = {.ip = *ip, .prefix_length = info.ifa_prefixlen}, .flags = flags, .scope = info.ifa_scope};
}

std::optional<spec::Route> decode_route(const nlmsghdr& header, int link) {
  std::array<nlattr*, RTA_MAX + 1> attributes{};
  if (nlmsg_parse(const_cast<nlmsghdr*>(&header), sizeof(rtmsg), attributes.data(), RTA_MAX, nullptr) < 0) {
    return std::nullopt;
  }
  const auto& info = *static_cast<const rtmsg*>(nlmsg_data(&header));
  if (info.rtm_type != RTN_UNICAST || attributes[RTA_OIF] == nullptr ||
      nla_get_u32(attributes[RTA_OIF]) != static_cast<unsigned>(link)) {
    return std::nullopt;
  }
  const Family family = info.rtm_family == AF_INET ? Family::kV4 : Family::kV6;
  spec::Route route;
  route.dst = {.ip = ip_of(attributes[RTA_DST]).value_or(Ip::from_number(family, 0)),
               .prefix_length = info.rtm_dst_len};
  route.gw = ip_of(attributes[RTA_GATEWAY]);
  route.priority = attributes[RTA_PRIORITY] != nullptr ? nla_get_u32(attributes[RTA_PRIORITY]) : 0;
  route.table = attributes[RTA_TABLE] != nullptr ? nla_get_u32(attributes[RTA_TABLE]) : info.rtm_table;
  route.scope = info.rtm_scope;
  if (attributes[RTA_METRICS] != nullptr) {
    std::array<nlattr*, RTAX_MAX + 1> metrics{};
    if (nla_parse_nested(metrics.data(), RTAX_MAX, attributes[RTA_METRICS], nullptr) == 0) {
      if (metrics[RTAX_MTU] != nullptr) route.mtu = nla_get_u32(metrics[RTAX_MTU]);
      if (metrics[RTAX_ADVMSS] != nullptr) route.advmss = nla_get_u32(metrics[RTAX_ADVMSS]);
    }
  }
  return route;
}

}  // namespace

Message encode_address(std::uint16_t type, int link, const Cidr& address, std::uint32_t flags) {
  Message message(type, type == RTM_NEWADDR ? NLM_F_CREATE | NLM_F_EXCL : 0);
  ifaddrmsg header{};
  header.ifa_family = kernel_family(address.ip.family());
  header.ifa_prefixlen = static_cast<std::uint8_t>(address.prefix_length);
  header.ifa_index = static_cast<unsigned>(link);
  message.header(header);
  message.put_bytes(IFA_LOCAL, address.ip.bytes()).put_bytes(IFA_ADDRESS, address.ip.bytes());
  if (type == RTM_NEWADDR && address.ip.is_v4() && address.prefix_length < 31) {
    message.put_bytes(IFA_BROADCAST, address.last().bytes());
  }
  if (flags != 0) message.put_u32(IFA_FLAGS, flags);
  return message;
}

KernelResult<void> add_address(Netlink& netlink, int link, const Cidr& address, std::uint32_t flags) {
  Message message = encode_address(RTM_NEWADDR, link, address, flags);
  return netlink.request(message);
}

KernelResult<void> delete_address(Netlink& netlink, int link, const Cidr& address) {
  Message message = encode_address(RTM_DELADDR, link, address, 0);
  return netlink.request(message);
}

KernelResult<std::vector<LinkAddress>> list_addresses(Netlink& netlink, int link) {
  Message message(RTM_GETADDR, 0);
  ifaddrmsg header{};
  header.ifa_index = static_cast<unsigned>(link);  // filters in the kernel under strict checking
  message.header(header);
  std::vector<LinkAddress> addresses;
  const auto outcome = netlink.dump(message, [&](const nlmsghdr& entry) {
    if (const auto address = decode_address(entry, link)) addresses.push_back(*address);
  });
  if (!outcome) return std::unexpected(outcome.error());
  return addresses;
}

Message encode_route(int link, const spec::Route& route) {
  Message message(RTM_NEWROUTE, NLM_F_CREATE);
  rtmsg header{};
  header.rtm_family = kernel_family(route.dst.ip.family());
  header.rtm_dst_len = static_cast<std::uint8_t>(route.dst.prefix_length);
  header.rtm_table = RT_TABLE_UNSPEC;  // RTA_TABLE says it, in 32 bits
  header.rtm_protocol = RTPROT_BOOT;
  header.rtm_type = RTN_UNICAST;
  header.rtm_scope =
      route.scope.value_or(route.gw ? std::uint8_t{RT_SCOPE_UNIVERSE} : std::uint8_t{RT_SCOPE_LINK});
  if (!route.dst.ip.is_v4() && !route.scope) header.rtm_scope = RT_SCOPE_UNIVERSE;
  message.header(header);
  message.put_bytes(RTA_DST, route.dst.network().ip.bytes());
  if (route.gw) message.put_bytes(RTA_GATEWAY, route.gw->bytes());
  message.put_u32(RTA_OIF, static_cast<std::uint32_t>(link));
  message.put_u32(RTA_TABLE, route.table.value_or(RT_TABLE_MAIN));
  if (route.priority != 0) message.put_u32(RTA_PRIORITY, route.priority);
  if (route.mtu != 0 || route.advmss != 0) {
    message.nest(RTA_METRICS, [&](Message& metrics) {
      if (route.mtu != 0) metrics.put_u32(RTAX_MTU, route.mtu);
      if (route.advmss != 0) metrics.put_u32(RTAX_ADVMSS, route.advmss);
    });
  }
  return message;
}

KernelResult<std::vector<spec::Route>> list_routes(Netlink& netlink, int link) {
  std::vector<spec::Route> routes;
  for (const std::uint8_t family : {std::uint8_t{AF_INET}, std::uint8_t{AF_INET6}}) {
    Message message(RTM_GETROUTE, 0);
    rtmsg header{};
    header.rtm_family = family;
    message.header(header);
    const auto outcome = netlink.dump(message, [&](const nlmsghdr& entry) {
      if (auto route = decode_route(entry, link)) routes.push_back(std::move(*route));
    });
    if (!outcome) return std::unexpected(outcome.error());
  }
  return routes;
}

}  // namespace podwire::kernel
