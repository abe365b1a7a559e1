#include "libcni/base/ip.h"

#include <arpa/inet.h>
#include <fmt/format.h>

#include <algorithm>
#include <charconv>
#include <cstring>

namespace podwire {
namespace {

constexpr std::array<std::uint8_t, 12> kMappedPrefix{0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0xff, 0xff};

/// Ones in the host part of an address of this family and prefix length.
Uint128 host_mask(Family family, int prefix_length) {
  const int host_bits = address_bits(family) - prefix_length;
  return host_bits >= 128 ? ~Uint128{0} : (Uint128{1} << host_bits) - 1;
}

}  // namespace

Result<Ip> Ip::parse(std::string_view text) {
  const std::string copy(text);
  std::array<std::uint8_t, 16> bytes{};
  if (copy.find('\0') == std::string::npos) {
    if (::inet_pton(AF_INET, copy.c_str(), bytes.data()) == 1) return from_bytes(std::span(bytes).first(4));
    if (::inet_pton(AF_INET6, copy.c_str(), bytes.data()) == 1) {
      if (std::equal(kMappedPrefix.begin(), kMappedPrefix.end(), bytes.begin())) {
        return from_bytes(std::span(bytes).subspan(12));
      }
      return from_bytes(bytes);
    }
  }
  return fail(Code::kInvalidNetworkConfig, fmt::format("invalid IP address: {}", text));
}

Ip Ip::from_bytes(std::span<const std::uint8_t> bytes) {
  Ip ip;
  ip.family_ = bytes.size() == 4 ? Family::kV4 : Family::kV6;
  std::copy_n(bytes.begin(), std::min(bytes.size(), ip.bytes_.size()), ip.bytes_.begin());
  return ip;
}

Ip Ip::from_number(Family family, Uint128 value) {
  Ip ip;
  ip.family_ = family;
  const int count = address_bits(family) / 8;
  for (int i = count - 1; i >= 0; --i, value >>= 8) {
    ip.bytes_[static_cast<std::size_t>(i)] = static_cast<std::uint8_t>(value & 0xff);
  }
  return ip;
}

Uint128 Ip::number() const {
  Uint128 value = 0;
  for (const std::uint8_t byte : bytes()) value = (value << 8) | byte;
  return value;
}

std::string Ip::text() const {
  std::array<char, INET6_ADDRSTRLEN> buffer{};
  // inet_ntop writes ::/96 addresses in dotted form, RFC 5952 and Go do not.
  const Uint128 value = number();
  if (!is_v4() && value > 0xffff && value <= 0xffffffff) {
    return fmt::format("::{:x}:{:x}", static_cast<std::uint32_t>(value >> 16),
                       static_cast<std::uint32_t>(value & 0xffff));
  }
  ::inet_ntop(is_v4() ? AF_INET : AF_INET6, bytes_.data(), buffer.data(), buffer.size());
  return buffer.data();
}

Result<Cidr> Cidr::parse(std::string_view text) {
  const auto invalid = [&] {
    return fail(Code::kInvalidNetworkConfig, fmt::format("invalid CIDR address: {}", text));
  };
  const auto slash = text.find('/');
  if (slash == std::string_view::npos) return invalid();
  const auto ip = Ip::parse(text.substr(0, slash));
  if (!ip) return invalid();
  const std::string_view digits = text.substr(slash + 1);
  int length = -1;
  const auto [end, error] = std::from_chars(digits.data(), digits.data() + digits.size(), length);
  if (error != std::errc{} || end != digits.data() + digits.size() || digits.front() == '-' ||
      length > address_bits(ip->family())) {
    return invalid();
  }
  return Cidr{.ip = *ip, .prefix_length = length};
}

std::string Cidr::text() const {
  return fmt::format("{}/{}", ip.text(), prefix_length);
}

Cidr Cidr::network() const {
  const Uint128 mask = host_mask(ip.family(), prefix_length);
  return {.ip = Ip::from_number(ip.family(), ip.number() & ~mask), .prefix_length = prefix_length};
}

Ip Cidr::last() const {
  return Ip::from_number(ip.family(), ip.number() | host_mask(ip.family(), prefix_length));
}

bool Cidr::contains(const Ip& address) const {
  const Uint128 mask = ~host_mask(ip.family(), prefix_length);
  return address.family() == ip.family() && (address.number() & mask) == (ip.number() & mask);
}

bool Cidr::overlaps(const Cidr& other) const {
  return contains(other.network().ip) || other.contains(network().ip);
}

Result<Mac> Mac::parse(std::string_view text) {
  std::array<std::uint8_t, 6> bytes{};
  bool valid = text.size() == 17;
  for (std::size_t i = 0; valid && i < 6; ++i) {
    const char* pair = text.data() + 3 * i;
    const auto [end, error] = std::from_chars(pair, pair + 2, bytes[i], 16);
    valid = error == std::errc{} && end == pair + 2 && (i == 5 || pair[2] == ':' || pair[2] == '-');
  }
  if (!valid) {
    return fail(
        Code::kInvalidNetworkConfig,
        fmt::format("invalid MAC address: {:?}, expected six hex pairs such as 02:00:5e:10:00:01", text));
  }
  return Mac(bytes);
}

Mac Mac::from_seed(std::uint64_t seed) {
  std::array<std::uint8_t, 6> bytes{};
  for (std::size_t i = 0; i < 6; ++i) bytes[5 - i] = static_cast<std::uint8_t>(seed >> (8 * i));
  bytes[0] = static_cast<std::uint8_t>((bytes[0] & 0xfc) | 0x02);
  return Mac(bytes);
}

std::string Mac::text() const {
  return fmt::format("{:02x}", fmt::join(bytes_, ":"));
}

}  // namespace podwire
