// The scenarios of add_del. Each makes nodes of its own and appends rows.
#pragma once

#include <vector>

#include "bench/harness.h"
#include "bench/report.h"

namespace podwire::bench {

struct AddDelOptions {
  CommonOptions common;
  std::size_t rounds = 60;   ///< ADDs and DELs of each peer, one after the other
  std::size_t pods = 1000;   ///< on the node, at the end of the growth
  std::size_t parallel = 8;  ///< processes at a time
  std::size_t burst = 64;    ///< ADDs in a parallel run
  std::vector<Network> networks;
};

/// A process that does nothing for a pod: VERSION. What exec, start and exit cost.
void measure_exec(const std::vector<Peer>& peers, const AddDelOptions& options, Report& report);
/// ADD and DEL of one pod after the other on an otherwise empty node, the peers in turn.
void measure_serial(const std::vector<Peer>& peers, const AddDelOptions& options, Report& report);
/// RTM_DELLINK of a veth pair and nothing else; and with the removal of the pod's set element.
void measure_link_delete(const AddDelOptions& options, Report& report);
/// `burst` ADDs, `parallel` at a time, then as many DELs.
void measure_parallel(const std::vector<Peer>& peers, const AddDelOptions& options, Report& report);
/// ADDs with ipMasq up to `pods` on one node, by tenths; DELs on the full node. One peer after the other.
void measure_growth(const std::vector<Peer>& peers, const AddDelOptions& options, Report& report);

}  // namespace podwire::bench
