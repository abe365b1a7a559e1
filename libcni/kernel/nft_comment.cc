#include "libcni/kernel/nft_comment.h"

#include <algorithm>

namespace podwire::kernel {
namespace {

constexpr std::uint8_t kCommentType = 0;
constexpr std::size_t kMaxComment = 255 - 1;  // the length is one byte and counts the NUL

}  // namespace

std::vector<std::uint8_t> encode_comment(std::string_view comment) {
  comment = comment.substr(0, kMaxComment);
  std::vector<std::uint8_t> bytes{kCommentType, static_cast<std::uint8_t>(comment.size() + 1)};
  bytes.insert(bytes.end(), comment.begin(), comment.end());
  bytes.push_back(0);
  return bytes;
}

std::string decode_comment(std::span<const std::uint8_t> userdata) {
  while (userdata.size() >= 2) {
    const std::size_t length = userdata[1];
    const std::uint8_t type = userdata[0];
    userdata = userdata.subspan(2);
    if (length > userdata.size()) return {};
    if (type == kCommentType) {
      const auto value = userdata.first(length);
      return {value.begin(), std::ranges::find(value, 0)};
    }
    userdata = userdata.subspan(length);
  }
  return {};
}

}  // namespace podwire::kernel
