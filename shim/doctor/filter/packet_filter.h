// Whether a ruleset lets a packet pass, told without sending one.
//
// Every base chain on the way must let it pass. A condition that cannot be told (a mark set elsewhere, an
// extension not known here) is taken both ways; so the answer is "passes" or "is dropped" only where it is
// that in any case.
#pragma once

#include <string>
#include <vector>

#include "libcni/kernel/nft_ruleset.h"
#include "shim/doctor/filter/packet.h"

namespace podwire::filter {

enum class Fate : std::uint8_t { kPasses, kDropped, kUnknown };

struct Judgement {
  Fate fate = Fate::kPasses;
  const kernel::NftChain* base = nullptr;  ///< the base chain that drops it, or may
  std::string place;                 ///< "policy drop of chain ip filter FORWARD", "rule 7 of chain ..."
  std::vector<std::string> unknown;  ///< names of expressions that could not be told, of kUnknown
};

/// How the packet travels, and so which families' chains it meets.
enum class Way : std::uint8_t {
  kRouted,           ///< ip or ip6, and inet
  kBridged,          ///< bridge
  kBridgedFiltered,  ///< those of both: net.bridge.bridge-nf-call-iptables is set
};

/// `ruleset` as kernel::read_ruleset() read it for the hook in question. The names in `packet` are those of
/// routed links; `ports` are those of bridge ports, for chains of family bridge.
struct Ports {
  std::string in;
  std::string out;
};
[[nodiscard]] Judgement judge(const kernel::NftRuleset& ruleset, const Packet& packet, Way way = Way::kRouted,
                              const Ports& ports = {});

}  // namespace podwire::filter
