#include "libcni/kernel/conntrack_flow.h"

#include <linux/netfilter/nfnetlink.h>
#include <linux/netfilter/nfnetlink_conntrack.h>
#include <sys/socket.h>

#include <algorithm>
#include <array>

#include "libcni/kernel/nft_attribute.h"

namespace podwire::kernel {
namespace {

/// The address of a tuple in either family; the kernel puts in the attribute of the entry's family.
std::optional<Ip> tuple_address(const Attributes& tuple, int v4_attribute, int v6_attribute) {
  const Attributes addresses = tuple.nested(CTA_TUPLE_IP);
  if (const auto v4 = addresses.find(v4_attribute); v4 && v4->size() == 4) return Ip::from_bytes(*v4);
  if (const auto v6 = addresses.find(v6_attribute); v6 && v6->size() == 16) return Ip::from_bytes(*v6);
  return std::nullopt;
}

}  // namespace

bool Flow::involves(std::span<const Ip> addresses) const {
  return std::ranges::any_of(addresses, [&](const Ip& address) {
    return address == original_source || address == original_destination || address == reply_source;
  });
}

Message conntrack_message(int type, std::uint8_t family) {
  Message message(static_cast<std::uint16_t>(NFNL_SUBSYS_CTNETLINK << 8 | type), 0);
  message.header(nfgenmsg{.nfgen_family = family, .version = NFNETLINK_V0, .res_id = 0});
  return message;
}

std::optional<Flow> decode_flow(const nlmsghdr& message) {
  if (message.nlmsg_len < NLMSG_LENGTH(sizeof(nfgenmsg))) return std::nullopt;
  const Attributes attributes = Attributes::of(message, sizeof(nfgenmsg));
  const Attributes original = attributes.nested(CTA_TUPLE_ORIG);
  const Attributes reply = attributes.nested(CTA_TUPLE_REPLY);
  const auto source = tuple_address(original, CTA_IP_V4_SRC, CTA_IP_V6_SRC);
  const auto destination = tuple_address(original, CTA_IP_V4_DST, CTA_IP_V6_DST);
  const auto reply_source = tuple_address(reply, CTA_IP_V4_SRC, CTA_IP_V6_SRC);
  if (!source || !destination || !reply_source) return std::nullopt;
  Flow flow{.family = source->is_v4() ? std::uint8_t{AF_INET} : std::uint8_t{AF_INET6},
            .original_source = *source,
            .original_destination = *destination,
            .reply_source = *reply_source,
            .identity = {}};
  for (const int attribute : std::array<int, 3>{CTA_TUPLE_ORIG, CTA_ZONE, CTA_ID}) {
    const auto value = attributes.find(attribute);
    if (value) flow.identity.push_back({.attribute = attribute, .value = {value->begin(), value->end()}});
  }
  return flow;
}

Message encode_deletion(const Flow& flow) {
  Message message = conntrack_message(IPCTNL_MSG_CT_DELETE, flow.family);
  for (const Flow::Identity& part : flow.identity) {
    const bool nested = part.attribute == CTA_TUPLE_ORIG;
    message.put_bytes(nested ? part.attribute | NLA_F_NESTED : part.attribute, part.value);
  }
  return message;
}

}  // namespace podwire::kernel
