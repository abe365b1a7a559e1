// What a node or pod looks like to the tools of the system, as comparable lines: links, addresses, routes,
// rules, neighbours, FDB, nftables (iptables-nft included), network sysctls, and the files under /var/lib/cni
// and /run.
//
// Left out, because they change by themselves: timers, counters, handles, link-local IPv6, duplicate-address
// detection, carrier, neighbour states; and host-local's bookkeeping (index, lock, round-robin pointer).
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <vector>

#include "netns-test/node.h"

namespace podwire::netns {

using Snapshot = std::vector<std::string>;  ///< sorted

[[nodiscard]] Snapshot snapshot(const Place& place);
/// Node and pod together; the pod's lines are marked.
[[nodiscard]] Snapshot snapshot(const Node& node, const Pod& pod);

/// "- gone" and "+ new" lines; "" when the snapshots are equal.
[[nodiscard]] std::string difference(const Snapshot& before, const Snapshot& after);
/// Usage: EXPECT_TRUE(unchanged(before, snapshot(node)));
[[nodiscard]] testing::AssertionResult unchanged(const Snapshot& before, const Snapshot& after);

/// Values in podwire's nftables sets that belong to attachments (all but the destinations never masqueraded),
/// one per line; "" when there are none.
[[nodiscard]] std::string owned_elements(const Place& place);

/// Lines that begin with `prefix`: "link br0", "file /var/lib/cni/networks/".
[[nodiscard]] Snapshot lines_with(const Snapshot& snapshot, std::string_view prefix);

}  // namespace podwire::netns
