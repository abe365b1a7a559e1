// A connection tracking entry as ctnetlink reports it, and the request that deletes it. Pure.
#pragma once

#include <linux/netlink.h>

#include <cstdint>
#include <optional>
#include <span>
#include <string>
#include <vector>

#include "libcni/base/ip.h"
#include "libcni/kernel/netlink.h"

namespace podwire::kernel {

struct Flow {
  std::uint8_t family = 0;  ///< AF_INET or AF_INET6
  Ip original_source;
  Ip original_destination;
  Ip reply_source;
  /// What names the entry to the kernel: original tuple, zone and id, as attributes with their numbers.
  struct Identity {
    int attribute = 0;
    std::vector<std::uint8_t> value;
  };
  std::vector<Identity> identity;

  [[nodiscard]] bool involves(std::span<const Ip> addresses) const;
};

/// Nothing when the message is not an entry with both tuples.
[[nodiscard]] std::optional<Flow> decode_flow(const nlmsghdr& message);

/// IPCTNL_MSG_CT_DELETE of this very entry: with its id, so that a new entry with the same tuple is spared.
[[nodiscard]] Message encode_deletion(const Flow& flow);

/// A request of the ctnetlink subsystem with its nfgenmsg header.
[[nodiscard]] Message conntrack_message(int type, std::uint8_t family);

}  // namespace podwire::kernel
