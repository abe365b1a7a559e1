// Extensions of iptables in nf_tables rules ("match" and "target" expressions of nft_compat), as far as they
// matter for whether a packet may pass.
#pragma once

#include <cstdint>
#include <span>
#include <string_view>

#include "shim/doctor/filter/packet.h"

namespace podwire::filter {

/// `info` is the extension's own structure (linux/netfilter/xt_*.h). kMaybe for extensions not known here.
[[nodiscard]] Match xt_match(const Packet& packet, std::string_view name, std::uint32_t revision,
                             std::span<const std::uint8_t> info);

/// Targets that let the rule's end decide nothing: LOG, MARK, ...
[[nodiscard]] bool xt_target_is_transparent(std::string_view name);

}  // namespace podwire::filter
