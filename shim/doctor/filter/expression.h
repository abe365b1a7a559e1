// What one expression of an nf_tables rule does with a thought-of packet.
#pragma once

#include <cstdint>
#include <optional>
#include <string>

#include "libcni/kernel/nft_ruleset.h"
#include "shim/doctor/filter/packet.h"
#include "shim/doctor/filter/registers.h"

namespace podwire::filter {

struct RuleVerdict {
  enum class Kind : std::uint8_t {
    kAccept,
    kDrop,  ///< rejected packets count as dropped
    kContinue,
    kReturn,
    kJump,
    kGoto,
    kUnknown,  ///< handed to a program (queue) or an unknown target
  };
  Kind kind = Kind::kContinue;
  std::string chain;  ///< of kJump and kGoto
};

struct Outcome {
  Match match = Match::kYes;  ///< whether the rule goes on
  std::optional<RuleVerdict> verdict = std::nullopt;
  bool understood = true;  ///< false: kMaybe, or what follows in the rule, is a guess
};

struct Machine {
  const Packet& packet;
  const kernel::NftRuleset& ruleset;
  const kernel::NftChain& chain;  ///< the one the rule is in
  Registers registers;            ///< a rule starts with all of them unknown
};

[[nodiscard]] Outcome evaluate(const kernel::NftExpression& expression, Machine& machine);

}  // namespace podwire::filter
