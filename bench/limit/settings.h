// What one call is asked for, from the environment: the variables of the CNI specification, and LIMIT_* for
// what a plugin finds in its configuration and gets from IPAM.
#pragma once

#include <cstddef>
#include <cstdint>

namespace podwire::limit {

/// An address with its prefix length, in network byte order.
struct Address {
  std::uint8_t family = 0;  ///< AF_INET or AF_INET6
  std::uint8_t prefix_length = 0;
  std::uint8_t size = 0;  ///< bytes: 4 or 16
  std::uint8_t bytes[16] = {};

  [[nodiscard]] Address network() const;  ///< host bits cleared
  [[nodiscard]] Address gateway() const;  ///< network + 1, as podwire and the reference choose it
  [[nodiscard]] Address behind_last()
      const;  ///< one after the last of the prefix; it must not be the very last
  [[nodiscard]] Address broadcast() const;  ///< IPv4
};

struct Mac {
  std::uint8_t bytes[6];
};

/// IFNAMSIZ: bytes of a link's name, NUL included. (linux/if.h would have to come after netinet/in.h
/// everywhere.)
constexpr std::size_t kLinkNameSize = 16;

/// One IPv4 and one IPv6 address at most.
constexpr std::size_t kMaxAddresses = 2;

struct Settings {
  const char* command = "";       ///< CNI_COMMAND
  const char* container_id = "";  ///< CNI_CONTAINERID
  const char* netns = "";         ///< CNI_NETNS
  const char* ifname = "";        ///< CNI_IFNAME
  const char* bridge = "";        ///< LIMIT_BRIDGE
  const char* ips = "";           ///< LIMIT_IPS as given
  Address addresses[kMaxAddresses];
  std::size_t address_count = 0;
  bool masquerade = false;  ///< LIMIT_MASQUERADE=1
  std::uint32_t mtu = 0;    ///< LIMIT_MTU, bytes; 0: the kernel's default

  char host_name[kLinkNameSize];  ///< of the host end: "veth" and 11 hex digits
  Mac host_mac;
  Mac pod_mac;
  Mac bridge_mac;
};

/// Dies on a missing variable or a malformed value.
[[nodiscard]] Settings read_settings();

}  // namespace podwire::limit
