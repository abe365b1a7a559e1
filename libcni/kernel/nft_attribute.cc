#include "libcni/kernel/nft_attribute.h"

#include <arpa/inet.h>

#include <algorithm>
#include <cstring>

namespace podwire::kernel {

void Attributes::Iterator::read() {
  current_.reset();
  nlattr header{};
  if (rest_.size() < sizeof header) return;
  std::memcpy(&header, rest_.data(), sizeof header);
  if (header.nla_len < sizeof header || header.nla_len > rest_.size()) return;
  current_ = Attribute{.type = static_cast<std::uint16_t>(header.nla_type & NLA_TYPE_MASK),
                       .value = rest_.subspan(sizeof header, header.nla_len - sizeof header)};
  rest_ = rest_.subspan(std::min<std::size_t>(NLA_ALIGN(header.nla_len), rest_.size()));
}

Attributes Attributes::of(const nlmsghdr& message, std::size_t header_size) {
  const std::size_t start = NLMSG_HDRLEN + NLMSG_ALIGN(header_size);
  if (message.nlmsg_len < start) return {};
  return Attributes({reinterpret_cast<const std::uint8_t*>(&message) + start, message.nlmsg_len - start});
}

std::optional<std::span<const std::uint8_t>> Attributes::find(int type) const {
  for (const Attribute& attribute : *this) {
    if (attribute.type == type) return attribute.value;
  }
  return std::nullopt;
}

Attributes Attributes::nested(int type) const {
  const auto value = find(type);
  return value ? Attributes(*value) : Attributes();
}

std::optional<std::uint32_t> Attributes::be32(int type) const {
  const auto value = find(type);
  std::uint32_t number = 0;
  if (!value || value->size() != sizeof number) return std::nullopt;
  std::memcpy(&number, value->data(), sizeof number);
  return ntohl(number);
}

std::string_view Attributes::text(int type) const {
  const auto value = find(type);
  if (!value) return {};
  const auto end = std::find(value->begin(), value->end(), 0);
  return {reinterpret_cast<const char*>(value->data()), static_cast<std::size_t>(end - value->begin())};
}

}  // namespace podwire::kernel
