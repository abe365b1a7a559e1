// The registers of nf_tables, where every byte is known or not.
#pragma once

#include <array>
#include <cstddef>
#include <cstdint>
#include <optional>
#include <span>
#include <vector>

namespace podwire::filter {

/// A value of which some bytes may be unknown.
struct Value {
  std::vector<std::uint8_t> bytes;
  std::vector<bool> known;

  [[nodiscard]] static Value of(std::span<const std::uint8_t> bytes);
  [[nodiscard]] static Value unknown(std::size_t size);
  [[nodiscard]] bool is_known() const;
};

class Registers {
 public:
  /// Registers by their numbers in netlink messages: NFT_REG_1 ... NFT_REG_4, NFT_REG32_00 and up. Numbers
  /// and lengths beyond the last register are cut off.
  void store(std::uint32_t number, const Value& value);
  [[nodiscard]] Value load(std::uint32_t number, std::size_t size) const;
  void forget_all();

 private:
  static constexpr std::size_t kSize = 80;  ///< the verdict register and four of 16 bytes
  std::array<std::uint8_t, kSize> bytes_{};
  std::array<bool, kSize> known_{};
};

}  // namespace podwire::filter
