// The bytes of a thought-of packet's headers, and what the kernel knows about it beside them (meta, ct).
#pragma once

#include <cstdint>

#include "shim/doctor/filter/packet.h"
#include "shim/doctor/filter/registers.h"

namespace podwire::filter {

/// `length` bytes at `offset` of a header (NFT_PAYLOAD_NETWORK_HEADER, ...). What a real packet could have in
/// any way (TTL, the client's port, flags) is unknown.
[[nodiscard]] Value payload(const Packet& packet, std::uint32_t base, std::uint32_t offset,
                            std::uint32_t length);

/// NFT_META_*. Marks are taken for 0, which they are unless a rule sets them.
[[nodiscard]] Value meta(const Packet& packet, std::uint32_t key);

/// NFT_CT_*. Neither translated nor marked.
[[nodiscard]] Value conntrack(const Packet& packet, std::uint32_t key);

}  // namespace podwire::filter
