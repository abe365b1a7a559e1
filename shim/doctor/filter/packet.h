// A packet that is only thought of, to ask a ruleset what would become of it.
#pragma once

#include <cstdint>
#include <string>

#include "libcni/base/ip.h"

namespace podwire::filter {

/// TCP to kPort: the first packet of a connection, or, when established, an answer.
struct Packet {
  static constexpr std::uint16_t kPort = 443;

  std::string iif;  ///< name of the link it comes in by
  std::string oif;  ///< and goes out by
  int iif_index = 0;
  int oif_index = 0;
  Ip source;
  Ip destination;  ///< of the source's family
  bool established = false;

  [[nodiscard]] Family family() const { return source.family(); }
};

/// What is known about a condition when some of it cannot be told.
enum class Match : std::uint8_t { kNo, kYes, kMaybe };

[[nodiscard]] constexpr Match both(Match a, Match b) {
  if (a == Match::kNo || b == Match::kNo) return Match::kNo;
  return a == Match::kYes && b == Match::kYes ? Match::kYes : Match::kMaybe;
}
[[nodiscard]] constexpr Match inverted(Match match, bool invert) {
  if (!invert || match == Match::kMaybe) return match;
  return match == Match::kYes ? Match::kNo : Match::kYes;
}

}  // namespace podwire::filter
