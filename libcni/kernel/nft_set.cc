#include "libcni/kernel/nft_set.h"

#include <fmt/format.h>
#include <linux/netfilter/nf_tables.h>

#include <algorithm>
#include <cerrno>
#include <tuple>

#include "libcni/kernel/nft_attribute.h"
#include "libcni/kernel/nft_batch.h"
#include "libcni/kernel/nft_comment.h"

namespace podwire::kernel {
namespace {

/// A Message is one page of 4096 bytes; the rest is for headers and names.
constexpr std::size_t kElementBytesPerMessage = 3584;

/// Each of them is 20 dumps, interrupted by others' commits every time: a set of thousands under a storm of
/// writers.
constexpr int kReadAttempts = 50;

/// Upper bound of the bytes that an element takes: five attribute headers, flags, key and owner, each
/// aligned.
std::size_t encoded_size(const SetElement& element) {
  constexpr std::size_t kMaxPadding = NLA_ALIGNTO - 1;
  constexpr std::size_t kCommentFrame = 3;  // type, length, NUL
  return 5 * sizeof(nlattr) + sizeof(std::uint32_t) + element.key.size() + kMaxPadding +
         element.owner.size() + kCommentFrame + kMaxPadding;
}

void encode_element(Message& list, const SetElement& element, bool with_owner) {
  list.nest(NFTA_LIST_ELEM, [&](Message& body) {
    if (element.interval_end) body.put_be32(NFTA_SET_ELEM_FLAGS, NFT_SET_ELEM_INTERVAL_END);
    body.nest(NFTA_SET_ELEM_KEY, [&](Message& key) { key.put_bytes(NFTA_DATA_VALUE, element.key); });
    if (with_owner && !element.owner.empty())
      body.put_bytes(NFTA_SET_ELEM_USERDATA, encode_comment(element.owner));
  });
}

Message set_request(int type, std::uint16_t flags, const SetName& set) {
  Message message = nft_message(type, flags, set.family);
  message.put(NFTA_SET_ELEM_LIST_TABLE, set.table).put(NFTA_SET_ELEM_LIST_SET, set.set);
  return message;
}

Error read_error(const KernelError& error, const SetName& set) {
  return error.as_error(fmt::format("cannot read nftables set {} {}", set.table, set.set));
}

/// Sorts by key. False when an element came twice: a hash set that is being resized while it is dumped is
/// walked in two orders (nft_rhash_walk()), with the same generation all along. Some elements then come twice
/// and, since every piece of the dump skips as many as came before, as many others not at all.
bool sort_unless_torn(std::vector<SetElement>& elements) {
  const auto identity = [](const SetElement& element) { return std::tie(element.key, element.interval_end); };
  std::ranges::sort(elements, {}, identity);
  return std::ranges::adjacent_find(elements, {}, identity) == elements.end();
}

}  // namespace

std::vector<Message> encode_elements(int type, std::uint16_t flags, const SetName& set,
                                     std::span<const SetElement> elements) {
  std::vector<Message> messages;
  while (!elements.empty()) {
    std::size_t count = 0;
    for (std::size_t bytes = 0; count < elements.size(); ++count) {
      bytes += encoded_size(elements[count]);
      if (bytes > kElementBytesPerMessage && count > 0) break;
    }
    Message message = set_request(type, flags, set);
    message.nest(NFTA_SET_ELEM_LIST_ELEMENTS, [&](Message& list) {
      for (const SetElement& element : elements.first(count)) {
        encode_element(list, element, type == NFT_MSG_NEWSETELEM);
      }
    });
    messages.push_back(std::move(message));
    elements = elements.subspan(count);
  }
  return messages;
}

void decode_elements(const nlmsghdr& message, const std::function<void(SetElement)>& element) {
  for (const Attribute& entry : nft_attributes(message).nested(NFTA_SET_ELEM_LIST_ELEMENTS)) {
    const Attributes body(entry.value);
    const auto key = body.nested(NFTA_SET_ELEM_KEY).find(NFTA_DATA_VALUE);
    if (!key) continue;  // NFT_SET_ELEM_CATCHALL has none; podwire's sets do not either
    const std::uint32_t flags = body.be32(NFTA_SET_ELEM_FLAGS).value_or(0);
    const auto userdata = body.find(NFTA_SET_ELEM_USERDATA);
    element({.key = {key->begin(), key->end()},
             .owner = userdata ? decode_comment(*userdata) : std::string(),
             .interval_end = (flags & NFT_SET_ELEM_INTERVAL_END) != 0});
  }
}

Result<std::optional<std::vector<SetElement>>> read_set(Netlink& netlink, const SetName& set) {
  Message request = set_request(NFT_MSG_GETSETELEM, 0, set);
  for (int attempt = 0; attempt < kReadAttempts; ++attempt) {
    std::vector<SetElement> elements;
    const auto status = netlink.dump(request, [&](const nlmsghdr& message) {
      decode_elements(message, [&](SetElement element) { elements.push_back(std::move(element)); });
    });
    if (!status && status.error().number == ENOENT) return std::nullopt;
    if (!status && status.error().number != EAGAIN) return std::unexpected(read_error(status.error(), set));
    if (status && sort_unless_torn(elements)) return elements;
  }
  return fail(Code::kTryAgainLater, fmt::format("nftables set {} {} keeps changing", set.table, set.set));
}

Result<std::optional<SetElement>> find_element(Netlink& netlink, const SetName& set,
                                               std::span<const std::uint8_t> key) {
  const SetElement wanted{.key = {key.begin(), key.end()}};
  std::vector<Message> request = encode_elements(NFT_MSG_GETSETELEM, 0, set, std::span(&wanted, 1));
  std::optional<SetElement> found;
  const auto status = netlink.get(request.front(), [&](const nlmsghdr& message) {
    decode_elements(message, [&](SetElement element) { found = std::move(element); });
  });
  if (status || status.error().number == ENOENT) return found;
  return std::unexpected(read_error(status.error(), set));
}

}  // namespace podwire::kernel
