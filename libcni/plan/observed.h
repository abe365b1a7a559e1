// What a plan finds in place already, as far as its shared steps depend on it. kernel/observe.h looks; the
// default is a fresh node.
#pragma once

#include <map>
#include <optional>
#include <string>
#include <vector>

#include "libcni/base/ip.h"
#include "libcni/plan/nft_table.h"

namespace podwire::plan {

struct Observed {
  struct Link {
    bool up = false;
    bool promiscuous = false;
    /// False for a bridge whose last port is gone and that nobody ever gave an address.
    bool has_mac = true;
    std::vector<Cidr> addresses;
  };
  std::map<std::string, Link> links;           ///< of the host
  std::map<std::string, std::string> sysctls;  ///< of the host; absent: there is no such key yet

  /// Of podwire's tables; nothing when nf_tables could not be read.
  std::optional<NftTableState> masquerade = NftTableState{};
  std::optional<NftTableState> mac_guard = NftTableState{};
  std::vector<MasqueradeElement> masqueraded;
  std::vector<NoMasqueradeElement> exempt;
  std::vector<MacGuardElement> guarded;
  /// What the owner tags of the host's links say is masqueraded: a table that is made anew gets these too.
  std::vector<MasqueradeElement> tagged;
};

}  // namespace podwire::plan
