// Layout of the index file, in host byte order: it never leaves the machine. A change of layout changes
// kMagic, and an index of another layout is rebuilt.
#pragma once

#include <algorithm>
#include <array>
#include <bit>
#include <cstdint>
#include <numeric>
#include <type_traits>

#include "libcni/base/ip.h"

namespace podwire::host_local::index {

inline constexpr std::uint64_t kMagic = 0x31786469'77646f70;  // "podwidx1"
inline constexpr unsigned kBlockBits = 12;
inline constexpr unsigned kBlockAddresses = 1U << kBlockBits;

/// Smallest tables, and a bound that keeps sizes far from overflow: 2^26 blocks are more than all of IPv4.
inline constexpr std::uint32_t kMinBlocks = 4;
inline constexpr std::uint32_t kMinLeases = 64;
inline constexpr std::uint32_t kMaxCapacity = 1U << 28;

struct Header {
  std::uint64_t magic = kMagic;
  std::array<char, 40> boot_id{};  ///< as the kernel prints it, zero-padded
  std::uint32_t clean = 0;         ///< 0: a change is under way, or was when its maker died
  std::uint32_t reserved = 0;
  std::int64_t directory_mtime = 0;  ///< nanoseconds; what the directory had after our last change
  std::uint32_t block_capacity = 0;  ///< powers of two
  std::uint32_t lease_capacity = 0;
  std::uint32_t block_slots = 0;  ///< slots in use
  std::uint32_t lease_slots = 0;  ///< slots in use, live or deleted
  std::uint32_t lease_count = 0;  ///< live ones
  std::uint32_t reserved2 = 0;
  std::uint64_t address_count = 0;  ///< ones in all bitmaps
  std::uint64_t check = 0;
};

/// 4096 consecutive addresses: those whose number shifted right by kBlockBits is `number`.
struct BlockKey {
  std::uint64_t high = 0;
  std::uint64_t low = 0;
  std::uint64_t family = 0;  ///< 0: empty slot
  bool operator==(const BlockKey&) const = default;
};

struct Block {
  BlockKey key;
  std::uint64_t used = 0;  ///< ones in `bits`
  std::array<std::uint64_t, kBlockAddresses / 64> bits{};

  [[nodiscard]] bool is_sound() const {
    const auto add_ones = [](std::uint64_t sum, std::uint64_t word) {
      return sum + static_cast<std::uint64_t>(std::popcount(word));
    };
    return std::accumulate(bits.begin(), bits.end(), std::uint64_t{0}, add_ones) == used;
  }
  [[nodiscard]] bool test(unsigned bit) const { return ((bits[bit / 64] >> (bit % 64)) & 1) != 0; }
};

enum class SlotState : std::uint8_t { kEmpty = 0, kLive = 1, kDeleted = 2 };

struct Lease {
  std::uint64_t record = 0;
  std::uint64_t inode = 0;
  std::int64_t mtime = 0;
  std::array<std::uint8_t, 16> address{};
  std::uint32_t number = 0;  ///< among the leases of the same record
  std::uint32_t check = 0;
  std::uint8_t family = 0;
  SlotState state = SlotState::kEmpty;
  std::array<std::uint8_t, 6> reserved{};
};

// Written and check-summed as bytes: no padding.
static_assert(std::has_unique_object_representations_v<Header> && sizeof(Header) == 104);
static_assert(std::has_unique_object_representations_v<Block> && sizeof(Block) == 544);
static_assert(std::has_unique_object_representations_v<Lease> && sizeof(Lease) == 56);

/// Finaliser of splitmix64: every bit of the input moves every bit of the output.
[[nodiscard]] constexpr std::uint64_t mix(std::uint64_t value) {
  value = (value ^ (value >> 30)) * 0xbf58476d1ce4e5b9ULL;
  value = (value ^ (value >> 27)) * 0x94d049bb133111ebULL;
  return value ^ (value >> 31);
}

/// Over the object's 64-bit words. Check fields are zero while it is computed.
template <typename T>
[[nodiscard]] constexpr std::uint64_t checksum(const T& object) {
  static_assert(sizeof(T) % sizeof(std::uint64_t) == 0);
  std::uint64_t sum = kMagic;
  for (const std::uint64_t word :
       std::bit_cast<std::array<std::uint64_t, sizeof(T) / sizeof(std::uint64_t)>>(object)) {
    sum = mix(sum ^ word);
  }
  return sum;
}

[[nodiscard]] constexpr Header sealed(Header header) {
  header.check = 0;
  header.check = checksum(header);
  return header;
}

/// Never equal to an empty slot: an all-zero slot is the one that is empty, and needs no check.
[[nodiscard]] constexpr Lease sealed(Lease lease) {
  lease.check = 0;
  lease.check = static_cast<std::uint32_t>(checksum(lease)) | 1U;
  return lease;
}

[[nodiscard]] inline BlockKey block_key(const Ip& ip) {
  const Uint128 number = ip.number() >> kBlockBits;
  return {.high = static_cast<std::uint64_t>(number >> 64),
          .low = static_cast<std::uint64_t>(number),
          .family = static_cast<std::uint64_t>(ip.family())};
}

[[nodiscard]] inline unsigned bit_in_block(const Ip& ip) {
  return static_cast<unsigned>(ip.number() & (kBlockAddresses - 1));
}

}  // namespace podwire::host_local::index
