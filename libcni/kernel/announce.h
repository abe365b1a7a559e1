// Telling a link's neighbours about its addresses: gratuitous ARP and unsolicited neighbour advertisements.
#pragma once

#include <span>
#include <string>
#include <vector>

#include "libcni/base/error.h"
#include "libcni/base/ip.h"

namespace podwire::kernel {

/// Sends one frame per address out of the link, in the calling thread's namespace. ARP: RFC 5227 section 3, a broadcast
/// request for the own address. NA: RFC 4861 section 7.2.6, to all nodes, override set, with the target's MAC.
[[nodiscard]] Result<void> announce(const std::string& link, const Mac& mac, std::span<const Ip> addresses);

/// The Ethernet frames themselves (pure).
[[nodiscard]] std::vector<std::uint8_t> gratuitous_arp(const Mac& mac, const Ip& address);
[[nodiscard]] std::vector<std::uint8_t> unsolicited_na(const Mac& mac, const Ip& address);

}  // namespace podwire::kernel
