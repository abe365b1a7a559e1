#include "libcni/base/text.h"

#include <fmt/format.h>
#include <sha2.h>

#include <algorithm>
#include <array>

namespace podwire {
namespace {

using Digest = std::array<std::uint8_t, SHA512_DIGEST_LENGTH>;

Digest sha512(std::string_view bytes) {
  SHA2_CTX context;
  Digest digest;
  SHA512Init(&context);
  SHA512Update(&context, reinterpret_cast<const std::uint8_t*>(bytes.data()), bytes.size());
  SHA512Final(digest.data(), &context);
  return digest;
}

char ascii_lower(char c) {
  return c >= 'A' && c <= 'Z' ? static_cast<char>(c - 'A' + 'a') : c;
}

}  // namespace

std::vector<std::string> split(std::string_view text, char separator) {
  std::vector<std::string> pieces;
  for (std::size_t start = 0;;) {
    const auto end = text.find(separator, start);
    pieces.emplace_back(text.substr(start, end - start));
    if (end == std::string_view::npos) return pieces;
    start = end + 1;
  }
}

std::vector<std::string> split_words(std::string_view text) {
  constexpr std::string_view kBlank = " \t";
  std::vector<std::string> words;
  for (std::size_t start = text.find_first_not_of(kBlank); start != std::string_view::npos;) {
    const std::size_t end = std::min(text.find_first_of(kBlank, start), text.size());
    words.emplace_back(text.substr(start, end - start));
    start = text.find_first_not_of(kBlank, end);
  }
  return words;
}

std::string_view trim(std::string_view text) {
  constexpr std::string_view kSpace = " \t\r\n\v\f";
  const auto first = text.find_first_not_of(kSpace);
  if (first == std::string_view::npos) return {};
  return text.substr(first, text.find_last_not_of(kSpace) - first + 1);
}

std::string join(const std::vector<std::string>& pieces, std::string_view separator) {
  return fmt::format("{}", fmt::join(pieces, separator));
}

bool equals_ignore_case(std::string_view a, std::string_view b) {
  return std::ranges::equal(a, b, [](char x, char y) { return ascii_lower(x) == ascii_lower(y); });
}

std::string sha512_hex(std::string_view bytes) {
  return fmt::format("{:02x}", fmt::join(sha512(bytes), ""));
}

std::uint64_t stable_hash(std::initializer_list<std::string_view> parts) {
  std::string input;
  for (const std::string_view part : parts) input += fmt::format("{}:{}", part.size(), part);
  const Digest digest = sha512(input);
  std::uint64_t value = 0;
  for (std::size_t i = 0; i < sizeof value; ++i) value = (value << 8) | digest[i];
  return value;
}

}  // namespace podwire
