// Looking a register up in the elements of a set.
#pragma once

#include "libcni/kernel/nft_ruleset.h"
#include "shim/doctor/filter/packet.h"
#include "shim/doctor/filter/registers.h"

namespace podwire::filter {

struct Lookup {
  Match match = Match::kNo;
  const kernel::NftEntry* entry = nullptr;  ///< of kYes
};

[[nodiscard]] Lookup look_up(const kernel::NftSet& set, const Registers& registers, std::uint32_t source);

}  // namespace podwire::filter
