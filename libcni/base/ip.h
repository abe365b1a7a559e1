// IP addresses, prefixes and MAC addresses as values.
#pragma once

#include <array>
#include <compare>
#include <cstdint>
#include <span>
#include <string>
#include <string_view>

#include "libcni/base/error.h"

namespace podwire {

__extension__ typedef unsigned __int128 Uint128;

enum class Family : std::uint8_t { kV4 = 4, kV6 = 6 };

/// Length in bits of an address of the family: 32 or 128.
[[nodiscard]] constexpr int address_bits(Family family) {
  return family == Family::kV4 ? 32 : 128;
}

/// An IPv4 or IPv6 address. IPv4-mapped IPv6 text ("::ffff:192.0.2.1") is the IPv4 address, as in Go's
/// net.IP.
class Ip {
 public:
  Ip() = default;  ///< 0.0.0.0

  /// Accepts dotted IPv4 and RFC 4291 text, no zone, no prefix.
  [[nodiscard]] static Result<Ip> parse(std::string_view text);
  /// From 4 or 16 bytes in network order.
  [[nodiscard]] static Ip from_bytes(std::span<const std::uint8_t> bytes);
  /// The address whose bits, read as a number, are `value` (the low 32 for IPv4).
  [[nodiscard]] static Ip from_number(Family family, Uint128 value);

  [[nodiscard]] Family family() const { return family_; }
  [[nodiscard]] bool is_v4() const { return family_ == Family::kV4; }
  /// 4 or 16 bytes in network order.
  [[nodiscard]] std::span<const std::uint8_t> bytes() const {
    return std::span(bytes_).first(is_v4() ? 4U : 16U);
  }
  [[nodiscard]] Uint128 number() const;
  /// Dotted IPv4, or RFC 5952 IPv6: the spelling of Go's net.IP.String(), which names lease files.
  [[nodiscard]] std::string text() const;
  [[nodiscard]] bool is_unspecified() const { return number() == 0; }

  auto operator<=>(const Ip&) const = default;

 private:
  Family family_ = Family::kV4;
  std::array<std::uint8_t, 16> bytes_{};
};

/// An address with a prefix length. Host bits are kept: "10.1.2.3/24" stays what it is (RES-4).
struct Cidr {
  Ip ip;
  int prefix_length = 0;

  /// Accepts "address/length".
  [[nodiscard]] static Result<Cidr> parse(std::string_view text);

  [[nodiscard]] std::string text() const;
  [[nodiscard]] Cidr network() const;  ///< host bits cleared
  [[nodiscard]] Ip last() const;       ///< host bits set: the IPv4 broadcast address
  [[nodiscard]] bool contains(const Ip& address) const;
  [[nodiscard]] bool overlaps(const Cidr& other) const;

  auto operator<=>(const Cidr&) const = default;
};

/// A 48-bit MAC address (EUI-48).
class Mac {
 public:
  Mac() = default;
  explicit Mac(std::array<std::uint8_t, 6> bytes) : bytes_(bytes) {}

  /// Accepts six hex pairs separated by ':' or '-', any case.
  [[nodiscard]] static Result<Mac> parse(std::string_view text);
  /// A locally administered unicast address made of the low 46 bits of `seed`.
  [[nodiscard]] static Mac from_seed(std::uint64_t seed);

  [[nodiscard]] const std::array<std::uint8_t, 6>& bytes() const { return bytes_; }
  [[nodiscard]] std::string text() const;  ///< "02:00:5e:10:00:01"
  [[nodiscard]] bool is_multicast() const { return (bytes_[0] & 1) != 0; }
  [[nodiscard]] bool is_zero() const { return bytes_ == std::array<std::uint8_t, 6>{}; }

  auto operator<=>(const Mac&) const = default;

 private:
  std::array<std::uint8_t, 6> bytes_{};
};

}  // namespace podwire
