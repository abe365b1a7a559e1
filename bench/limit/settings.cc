#include "bench/limit/settings.h"

#include <arpa/inet.h>

#include <cerrno>
#include <cstdio>
#include <cstdlib>
#include <cstring>

#include "bench/limit/netlink.h"

namespace podwire::limit {
namespace {

const char* required(const char* name) {
  const char* value = std::getenv(name);
  if (value == nullptr || *value == '\0') die(name, EINVAL);
  return value;
}

const char* optional(const char* name, const char* fallback) {
  const char* value = std::getenv(name);
  return value == nullptr ? fallback : value;
}

Address parse_address(const char* text, std::size_t length) {
  char copy[INET6_ADDRSTRLEN + sizeof "/128"] = {};
  if (length >= sizeof copy) die("LIMIT_IPS", EINVAL);
  std::memcpy(copy, text, length);
  char* slash = std::strchr(copy, '/');
  if (slash == nullptr) die("LIMIT_IPS: an address needs /length", EINVAL);
  *slash = '\0';
  Address address;
  const bool v6 = std::strchr(copy, ':') != nullptr;
  address.family = v6 ? AF_INET6 : AF_INET;
  address.size = v6 ? sizeof(in6_addr) : sizeof(in_addr);
  const unsigned long prefix_length = std::strtoul(slash + 1, nullptr, 10);
  if (::inet_pton(address.family, copy, address.bytes) != 1 || prefix_length > address.size * 8UL) {
    die("LIMIT_IPS", EINVAL);
  }
  address.prefix_length = static_cast<std::uint8_t>(prefix_length);
  return address;
}

void parse_addresses(Settings& settings) {
  for (const char* rest = settings.ips; *rest != '\0';) {
    const std::size_t length = std::strcspn(rest, ",");
    if (settings.address_count == kMaxAddresses) die("LIMIT_IPS: two addresses at most", EINVAL);
    settings.addresses[settings.address_count++] = parse_address(rest, length);
    rest += length;
    if (*rest == ',') ++rest;
  }
}

/// FNV-1a, 64 bits.
std::uint64_t hash(const char* text, std::uint64_t seed) {
  constexpr std::uint64_t kPrime = 0x100000001b3ULL;
  std::uint64_t value = 0xcbf29ce484222325ULL ^ seed;
  for (; *text != '\0'; ++text) value = (value ^ static_cast<std::uint8_t>(*text)) * kPrime;
  return value;
}

/// Locally administered, unicast.
Mac mac_from(std::uint64_t seed) {
  Mac mac{};
  mac.bytes[0] = 0x02;
  for (std::size_t i = 1; i < sizeof mac.bytes; ++i) {
    mac.bytes[i] = static_cast<std::uint8_t>(seed >> (8 * i));
  }
  return mac;
}

void derive_names(Settings& settings) {
  constexpr std::uint64_t kElevenHexDigits = 0xfffffffffffULL;
  const std::uint64_t id = hash(settings.ifname, hash(settings.container_id, 0));
  std::snprintf(settings.host_name, sizeof settings.host_name, "veth%011llx",
                static_cast<unsigned long long>(id & kElevenHexDigits));
  settings.host_mac = mac_from(hash("host", id));
  settings.pod_mac = mac_from(hash("pod", id));
  settings.bridge_mac = mac_from(hash(settings.bridge, 0));
}

}  // namespace

Address Address::network() const {
  Address result = *this;
  for (unsigned bit = prefix_length; bit < size * 8U; ++bit) {
    result.bytes[bit / 8] &= static_cast<std::uint8_t>(~(0x80U >> (bit % 8)));
  }
  return result;
}

Address Address::gateway() const {
  Address result = network();
  result.bytes[size - 1] |= 1;
  return result;
}

Address Address::broadcast() const {
  Address result = *this;
  for (unsigned bit = prefix_length; bit < size * 8U; ++bit) {
    result.bytes[bit / 8] |= static_cast<std::uint8_t>(0x80U >> (bit % 8));
  }
  return result;
}

Address Address::behind_last() const {
  Address result = broadcast();
  for (std::size_t i = size; i-- > 0 && ++result.bytes[i] == 0;) {
  }
  return result;
}

Settings read_settings() {
  Settings settings;
  settings.command = required("CNI_COMMAND");
  if (std::strcmp(settings.command, "VERSION") == 0) return settings;
  settings.container_id = required("CNI_CONTAINERID");
  settings.ifname = required("CNI_IFNAME");
  settings.netns = optional("CNI_NETNS", "");
  settings.bridge = required("LIMIT_BRIDGE");
  settings.ips = required("LIMIT_IPS");
  settings.masquerade = std::strcmp(optional("LIMIT_MASQUERADE", "0"), "1") == 0;
  settings.mtu = static_cast<std::uint32_t>(std::strtoul(optional("LIMIT_MTU", "0"), nullptr, 10));
  parse_addresses(settings);
  derive_names(settings);
  return settings;
}

}  // namespace podwire::limit
