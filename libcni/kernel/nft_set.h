// Elements of nf_tables sets: encoding into requests, decoding out of dumps, reading from the kernel.
#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <functional>
#include <optional>
#include <span>
#include <string>
#include <string_view>
#include <vector>

#include "libcni/kernel/netlink.h"

namespace podwire::kernel {

/// A set by name. The texts must outlive it; podwire's are literals.
struct SetName {
  std::uint8_t family = 0;  ///< NFPROTO_INET, NFPROTO_BRIDGE
  std::string_view table;
  std::string_view set;
};

struct SetElement {
  std::vector<std::uint8_t> key;
  std::string owner;  ///< the element's comment; at most 128 bytes, or nft refuses to load its own dump
  bool interval_end = false;  ///< NFT_SET_ELEM_INTERVAL_END: the first key behind an interval
};

/// Requests of `type` (NFT_MSG_NEWSETELEM, NFT_MSG_DELSETELEM) with `flags` for the elements, as many as it
/// takes: a Message holds one page. A deletion names keys only.
[[nodiscard]] std::vector<Message> encode_elements(int type, std::uint16_t flags, const SetName& set,
                                                   std::span<const SetElement> elements);

/// Calls `element` for each well-formed element of a NFT_MSG_NEWSETELEM message.
void decode_elements(const nlmsghdr& message, const std::function<void(SetElement)>& element);

/// All elements, each once, sorted by key; nothing when the set or its table is absent. Code::kTryAgainLater
/// when it changes too fast to be read.
[[nodiscard]] Result<std::optional<std::vector<SetElement>>> read_set(Netlink& netlink, const SetName& set);
/// The element of that key, of a set without intervals; nothing when it, the set or the table is absent.
[[nodiscard]] Result<std::optional<SetElement>> find_element(Netlink& netlink, const SetName& set,
                                                             std::span<const std::uint8_t> key);

}  // namespace podwire::kernel
