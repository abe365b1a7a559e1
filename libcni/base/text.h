// Small text helpers and the one digest that names are derived from.
#pragma once

#include <cstdint>
#include <initializer_list>
#include <string>
#include <string_view>
#include <vector>

namespace podwire {

/// Pieces between separators; "" gives one empty piece.
[[nodiscard]] std::vector<std::string> split(std::string_view text, char separator);
/// Pieces between runs of blanks and tabs; none of them is empty.
[[nodiscard]] std::vector<std::string> split_words(std::string_view text);
[[nodiscard]] std::string_view trim(std::string_view text);  ///< ASCII white space off both ends
[[nodiscard]] std::string join(const std::vector<std::string>& pieces, std::string_view separator);
[[nodiscard]] bool equals_ignore_case(std::string_view a, std::string_view b);  ///< ASCII only

/// SHA-512 of the bytes as 128 lower-case hex digits.
[[nodiscard]] std::string sha512_hex(std::string_view bytes);

/// First 8 bytes of the SHA-512 of the parts, each part preceded by its length, so that ("a","bc") and
/// ("ab","c") differ. Stable across versions: names in the kernel depend on it.
[[nodiscard]] std::uint64_t stable_hash(std::initializer_list<std::string_view> parts);

}  // namespace podwire
