#include "bench/limit/pod.h"

#include <fcntl.h>
#include <linux/if.h>
#include <linux/if_addr.h>
#include <linux/if_link.h>
#include <linux/ip.h>
#include <linux/rtnetlink.h>
#include <linux/veth.h>
#include <sched.h>
#include <sys/socket.h>
#include <time.h>
#include <unistd.h>

#include <cerrno>
#include <cstdio>
#include <cstring>

namespace podwire::limit {
namespace {

ifinfomsg link_header(unsigned flags = 0) {
  ifinfomsg header{};
  header.ifi_family = AF_UNSPEC;
  header.ifi_flags = flags;
  header.ifi_change = flags;
  return header;
}

void write_sysctl(const char* directory, const char* link, const char* name, char value) {
  char path[256];
  std::snprintf(path, sizeof path, "/proc/sys/net/%s/%s/%s", directory, link, name);
  const int fd = ::open(path, O_WRONLY | O_CLOEXEC);
  if (fd < 0 && errno == ENOENT) return;  // a kernel without IPv6
  if (fd < 0 || ::write(fd, &value, 1) != 1) die(path, errno);
  ::close(fd);
}

bool has_family(const Settings& settings, std::uint8_t family) {
  for (std::size_t i = 0; i < settings.address_count; ++i) {
    if (settings.addresses[i].family == family) return true;
  }
  return false;
}

void put_address(Batch& batch, int link, const Address& address) {
  ifaddrmsg header{};
  header.ifa_family = address.family;
  header.ifa_prefixlen = address.prefix_length;
  header.ifa_index = static_cast<unsigned>(link);
  batch.begin(RTM_NEWADDR, NLM_F_CREATE | NLM_F_EXCL, header)
      .put(IFA_LOCAL, address.bytes, address.size)
      .put(IFA_ADDRESS, address.bytes, address.size);
  if (address.family == AF_INET) {
    batch.put(IFA_BROADCAST, address.broadcast().bytes, address.size);
  } else {
    batch.put_u32(IFA_FLAGS, IFA_F_NODAD);
  }
}

void put_default_route(Batch& batch, int link, const Address& gateway) {
  rtmsg header{};
  header.rtm_family = gateway.family;
  header.rtm_table = RT_TABLE_MAIN;
  header.rtm_protocol = RTPROT_BOOT;
  header.rtm_type = RTN_UNICAST;
  header.rtm_scope = RT_SCOPE_UNIVERSE;
  batch.begin(RTM_NEWROUTE, NLM_F_CREATE | NLM_F_EXCL, header)
      .put(RTA_GATEWAY, gateway.bytes, gateway.size)
      .put_u32(RTA_OIF, static_cast<std::uint32_t>(link));
}

void put_end(Batch& batch, const char* name, const Mac& mac, std::uint32_t mtu) {
  batch.put_text(IFLA_IFNAME, name).put(IFLA_ADDRESS, mac.bytes, sizeof mac.bytes);
  if (mtu != 0) batch.put_u32(IFLA_MTU, mtu);
}

void put_port_attributes(Batch& batch, const Settings& settings) {
  char alias[256];
  std::snprintf(alias, sizeof alias, "limit:%s/%s=%s%s", settings.container_id, settings.ifname, settings.ips,
                settings.masquerade ? ";masq" : "");
  batch.begin(RTM_SETLINK, 0, link_header()).put_text(IFLA_IFNAME, settings.host_name);
  batch.put(IFLA_IFALIAS, alias, std::strlen(alias));
  const std::size_t families = batch.nest(IFLA_AF_SPEC);
  const std::size_t inet6 = batch.nest(AF_INET6);
  batch.put_u8(IFLA_INET6_ADDR_GEN_MODE, IN6_ADDR_GEN_MODE_NONE);
  batch.end(inet6);
  batch.end(families);
}

/// The host end is up from its creation on: the pod's end, which comes up second, then finds a carrier and
/// sends at once. (The end that comes up first sends nothing until the kernel's link watch has seen the
/// carrier.) Alias and mode of IPv6 link-local addresses cannot be part of a creating message; there is no
/// carrier yet, and so no such address.
void create_pair(Socket& host, const Settings& settings, int bridge, int netns) {
  Batch batch;
  batch.begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, link_header(IFF_UP));
  put_end(batch, settings.host_name, settings.host_mac, settings.mtu);
  batch.put_u32(IFLA_MASTER, static_cast<std::uint32_t>(bridge));
  const std::size_t info = batch.nest(IFLA_LINKINFO);
  batch.put_text(IFLA_INFO_KIND, "veth");
  const std::size_t data = batch.nest(IFLA_INFO_DATA);
  const std::size_t peer = batch.nest(VETH_INFO_PEER);
  const ifinfomsg header = link_header();
  batch.put_raw(&header, sizeof header);
  put_end(batch, settings.ifname, settings.pod_mac, settings.mtu);
  batch.put_u32(IFLA_NET_NS_FD, static_cast<std::uint32_t>(netns));
  batch.end(peer);
  batch.end(data);
  batch.end(info);
  put_port_attributes(batch, settings);
  if (const int error = host.request(batch); error != 0) die("veth pair", error);
}

/// Everything inside the pod in one datagram.
void configure_pod(Socket& pod, const Settings& settings, int link) {
  Batch batch;
  ifinfomsg up = link_header(IFF_UP);
  up.ifi_index = link;
  batch.begin(RTM_SETLINK, 0, up);
  // arp_notify by netlink; its IPv6 counterpart has only a sysctl.
  const std::size_t families = batch.nest(IFLA_AF_SPEC);
  const std::size_t inet = batch.nest(AF_INET);
  const std::size_t conf = batch.nest(IFLA_INET_CONF);
  batch.put_u32(IPV4_DEVCONF_ARP_NOTIFY, 1);
  batch.end(conf);
  batch.end(inet);
  batch.end(families);
  for (std::size_t i = 0; i < settings.address_count; ++i) put_address(batch, link, settings.addresses[i]);
  for (std::size_t i = 0; i < settings.address_count; ++i) {
    put_default_route(batch, link, settings.addresses[i].gateway());
  }
  if (const int error = pod.request(batch); error != 0) die("pod", error);
}

bool is_operational(const char* reply) {
  const std::size_t end = reinterpret_cast<const nlmsghdr*>(reply)->nlmsg_len;
  std::size_t offset = NLMSG_LENGTH(sizeof(ifinfomsg));
  while (offset + sizeof(nlattr) < end) {
    const auto* attribute = reinterpret_cast<const nlattr*>(reply + offset);
    if (attribute->nla_type == IFLA_OPERSTATE) return reply[offset + sizeof(nlattr)] == IF_OPER_UP;
    offset += NLA_ALIGN(attribute->nla_len);
  }
  return false;
}

/// Asking for the link runs the kernel's pending link watch work (Linux 6.8), and with it the port becomes
/// forwarding. Older kernels are asked until they have run it by themselves.
void await_port(Socket& host, const Settings& settings) {
  constexpr time_t kPatience = 10;  // seconds
  alignas(nlmsghdr) char reply[4096];
  for (const time_t end = ::time(nullptr) + kPatience;; ::sched_yield()) {
    Batch batch;
    batch.begin(RTM_GETLINK, 0, link_header())
        .put_text(IFLA_IFNAME, settings.host_name)
        .put_u32(IFLA_EXT_MASK, RTEXT_FILTER_SKIP_STATS);
    if (const int error = host.get(batch, reply, sizeof reply); error != 0) die("port", error);
    if (is_operational(reply)) return;
    if (::time(nullptr) > end) die("the port does not forward", ETIMEDOUT);
  }
}

/// Setting the address it has already makes the pod's kernel send gratuitous ARP and unsolicited NA.
void announce(Socket& pod, const Settings& settings, int link) {
  Batch batch;
  ifinfomsg header = link_header();
  header.ifi_index = link;
  batch.begin(RTM_SETLINK, 0, header)
      .put(IFLA_ADDRESS, settings.pod_mac.bytes, sizeof settings.pod_mac.bytes);
  if (const int error = pod.request(batch); error != 0) die("announcement", error);
}

}  // namespace

int ensure_bridge(Socket& host, const Settings& settings) {
  if (const int index = host.link_index(settings.bridge); index != 0) return index;
  Batch creation;
  creation.begin(RTM_NEWLINK, NLM_F_CREATE | NLM_F_EXCL, link_header());
  put_end(creation, settings.bridge, settings.bridge_mac, settings.mtu);
  const std::size_t info = creation.nest(IFLA_LINKINFO);
  creation.put_text(IFLA_INFO_KIND, "bridge");
  creation.end(info);
  if (const int error = host.request(creation); error != 0 && error != EEXIST) die("bridge", error);
  const int index = host.link_index(settings.bridge);
  write_sysctl("ipv6/conf", settings.bridge, "accept_dad", '0');
  write_sysctl("ipv6/conf", settings.bridge, "accept_ra", '0');

  Batch addresses;
  ifinfomsg up = link_header(IFF_UP);
  up.ifi_index = index;
  addresses.begin(RTM_SETLINK, 0, up);
  for (std::size_t i = 0; i < settings.address_count; ++i) {
    put_address(addresses, index, settings.addresses[i].gateway());
  }
  if (const int error = host.request(addresses); error != 0 && error != EEXIST) die("bridge address", error);
  if (has_family(settings, AF_INET)) write_sysctl("ipv4", ".", "ip_forward", '1');
  if (has_family(settings, AF_INET6)) write_sysctl("ipv6/conf", "all", "forwarding", '1');
  return index;
}

void add_pod(Socket& host, const Settings& settings, int bridge) {
  const int netns = ::open(settings.netns, O_RDONLY | O_CLOEXEC);
  if (netns < 0) die(settings.netns, errno);
  create_pair(host, settings, bridge, netns);
  if (::setns(netns, CLONE_NEWNET) != 0) die("setns", errno);
  Socket pod(NETLINK_ROUTE);
  const int link = pod.link_index(settings.ifname);
  write_sysctl("ipv6/conf", settings.ifname, "accept_dad", '0');  // for the link-local address
  if (has_family(settings, AF_INET6)) {
    write_sysctl("ipv6/conf", settings.ifname, "keep_addr_on_down", '1');
    write_sysctl("ipv6/conf", settings.ifname, "ndisc_notify", '1');
  }
  configure_pod(pod, settings, link);
  await_port(host, settings);
  announce(pod, settings, link);
}

void delete_link(Socket& host, const Settings& settings) {
  Batch batch;
  batch.begin(RTM_DELLINK, 0, link_header()).put_text(IFLA_IFNAME, settings.host_name);
  if (const int error = host.request(batch); error != 0 && error != ENODEV) die("delete link", error);
}

}  // namespace podwire::limit
