// Comments of nf_tables objects, as nft keeps them: user data is a list of {type, length, value}; type 0, of
// rules and of set elements alike, is the comment, NUL included (NFTNL_UDATA_RULE_COMMENT,
// NFTNL_UDATA_SET_ELEM_COMMENT of libnftnl).
#pragma once

#include <cstdint>
#include <span>
#include <string>
#include <string_view>
#include <vector>

namespace podwire::kernel {

/// What does not fit into 254 bytes is cut off.
[[nodiscard]] std::vector<std::uint8_t> encode_comment(std::string_view comment);
/// "" when the user data has none or is malformed.
[[nodiscard]] std::string decode_comment(std::span<const std::uint8_t> userdata);

}  // namespace podwire::kernel
