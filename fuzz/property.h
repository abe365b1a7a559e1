// What every target checks beside memory safety. A property that does not hold aborts, which libFuzzer
// reports.
#pragma once

#include <cstdio>
#include <cstdlib>
#include <string_view>

#include "libcni/base/json.h"
#include "libcni/spec/result.h"

namespace podwire::fuzz {

/// One input of the target; each fuzz_*.cc defines it.
void run(std::string_view input);

inline void require(bool holds, const char* property) {
  if (holds) return;
  std::fprintf(stderr, "does not hold: %s\n", property);
  std::abort();
}

/// Whatever foreign bytes an error quotes, a runtime must be able to read it.
inline void require_printable(const Error& error) {
  require(!error.msg.empty(), "an error has a message");
  require(Json::parse(spec::encode_error(error, "1.1.0")).has_value(), "an error is printed as JSON");
}

/// A decoded result can be printed in every version that can express it, and is read back as the same one.
inline void require_round_trip(const spec::AddResult& result) {
  for (const spec::Version version : spec::kAllVersions) {
    const auto first = spec::encode_result(result, version);
    if (!first) {
      require(result.ips.empty() && version <= spec::Version::v0_2_0, "only 0.2.0 needs an address");
      continue;
    }
    const auto decoded = spec::decode_result(first->view(), spec::kCurrentVersion);
    require(decoded.has_value(), "a printed result can be read");
    const auto second = spec::encode_result(*decoded, version);
    require(second.has_value() && second->dump() == first->dump(), "a printed result is read back unchanged");
  }
}

}  // namespace podwire::fuzz
