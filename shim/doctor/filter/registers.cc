#include "shim/doctor/filter/registers.h"

#include <linux/netfilter/nf_tables.h>

#include <algorithm>

namespace podwire::filter {
namespace {

/// nft_parse_register() of the kernel: both numberings name the same bytes.
std::size_t offset_of(std::uint32_t number) {
  if (number <= NFT_REG_4) return std::size_t{number} * NFT_REG_SIZE;
  return (std::size_t{number} - NFT_REG32_00) * NFT_REG32_SIZE + NFT_REG_SIZE;
}

}  // namespace

Value Value::of(std::span<const std::uint8_t> bytes) {
  return {.bytes = {bytes.begin(), bytes.end()}, .known = std::vector<bool>(bytes.size(), true)};
}

Value Value::unknown(std::size_t size) {
  return {.bytes = std::vector<std::uint8_t>(size), .known = std::vector<bool>(size, false)};
}

bool Value::is_known() const {
  return std::ranges::all_of(known, [](bool each) { return each; });
}

void Registers::store(std::uint32_t number, const Value& value) {
  const std::size_t offset = offset_of(number);
  for (std::size_t i = 0; i < value.bytes.size() && offset + i < kSize; ++i) {
    bytes_[offset + i] = value.bytes[i];
    known_[offset + i] = value.known[i];
  }
}

Value Registers::load(std::uint32_t number, std::size_t size) const {
  const std::size_t offset = offset_of(number);
  Value value;
  for (std::size_t i = offset; i < offset + size && i < kSize; ++i) {
    value.bytes.push_back(bytes_[i]);
    value.known.push_back(known_[i]);
  }
  return value;
}

void Registers::forget_all() {
  known_.fill(false);
}

}  // namespace podwire::filter
