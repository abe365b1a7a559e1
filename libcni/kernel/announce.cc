#include "libcni/kernel/announce.h"

#include <arpa/inet.h>
#include <fmt/format.h>
#include <linux/if_ether.h>
#include <linux/if_packet.h>
#include <net/if.h>
#include <sys/socket.h>

#include <algorithm>
#include <cerrno>

#include "libcni/base/fd.h"

namespace podwire::kernel {
namespace {

using Bytes = std::vector<std::uint8_t>;

void append(Bytes& out, std::initializer_list<std::uint8_t> bytes) { out.insert(out.end(), bytes); }

template <typename Range>
void append_range(Bytes& out, const Range& bytes) {
  out.insert(out.end(), bytes.begin(), bytes.end());
}

/// RFC 1071 over the IPv6 pseudo-header (RFC 8200, 8.1) and the message.
std::uint16_t icmpv6_checksum(std::span<const std::uint8_t> source, std::span<const std::uint8_t> destination,
                              std::span<const std::uint8_t> message) {
  std::uint32_t sum = static_cast<std::uint32_t>(message.size()) + IPPROTO_ICMPV6;
  for (const auto part : {source, destination, message}) {
    for (std::size_t i = 0; i + 1 < part.size(); i += 2) sum += static_cast<std::uint32_t>(part[i] << 8) | part[i + 1];
  }
  while (sum > 0xffff) sum = (sum & 0xffff) + (sum >> 16);
  return static_cast<std::uint16_t>(~sum);
}

}  // namespace

std::vector<std::uint8_t> gratuitous_arp(const Mac& mac, const Ip& address) {
  Bytes frame(6, 0xff);
  append_range(frame, mac.bytes());
  append(frame, {0x08, 0x06});                          // EtherType: ARP
  append(frame, {0x00, 0x01, 0x08, 0x00, 6, 4, 0, 1});  // Ethernet, IPv4, lengths, request
  append_range(frame, mac.bytes());
  append_range(frame, address.bytes());
  frame.insert(frame.end(), 6, 0);  // RFC 5227: the target hardware address is ignored, zero
  append_range(frame, address.bytes());
  return frame;
}

std::vector<std::uint8_t> unsolicited_na(const Mac& mac, const Ip& address) {
  static constexpr std::array<std::uint8_t, 16> kAllNodes{0xff, 0x02, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 1};
  Bytes message{136, 0, 0, 0, 0x20, 0, 0, 0};  // type NA, flags: override
  append_range(message, address.bytes());
  append(message, {2, 1});  // option: target link-layer address, 8 bytes
  append_range(message, mac.bytes());
  const std::uint16_t checksum = icmpv6_checksum(address.bytes(), kAllNodes, message);
  message[2] = static_cast<std::uint8_t>(checksum >> 8);
  message[3] = static_cast<std::uint8_t>(checksum & 0xff);

  Bytes frame{0x33, 0x33, 0, 0, 0, 1};  // RFC 2464, section 7
  append_range(frame, mac.bytes());
  append(frame, {0x86, 0xdd, 0x60, 0, 0, 0, 0, static_cast<std::uint8_t>(message.size()), IPPROTO_ICMPV6, 255});
  append_range(frame, address.bytes());
  append_range(frame, kAllNodes);
  append_range(frame, message);
  return frame;
}

Result<void> announce(const std::string& link, const Mac& mac, std::span<const Ip> addresses) {
  if (addresses.empty()) return {};
  // Protocol 0: the socket only sends.
  const Fd fd(::socket(AF_PACKET, SOCK_RAW | SOCK_CLOEXEC, 0));
  if (!fd) return fail_errno(Code::kKernel, "cannot open a packet socket", errno);
  sockaddr_ll to{};
  to.sll_family = AF_PACKET;
  to.sll_ifindex = static_cast<int>(::if_nametoindex(link.c_str()));
  to.sll_halen = ETH_ALEN;
  for (const Ip& address : addresses) {
    const Bytes frame = address.is_v4() ? gratuitous_arp(mac, address) : unsolicited_na(mac, address);
    std::copy_n(frame.begin(), ETH_ALEN, to.sll_addr);
    const ssize_t sent =
        ::sendto(fd.get(), frame.data(), frame.size(), 0, reinterpret_cast<const sockaddr*>(&to), sizeof to);
    if (sent < 0) return fail_errno(Code::kKernel, fmt::format("cannot announce {} on {}", address.text(), link), errno);
  }
  return {};
}

}  // namespace podwire::kernel
