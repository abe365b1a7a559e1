// What a plugin prints: a result of any version. The first byte chooses the version that is assumed when the
// result names none.
#include "fuzz/property.h"

namespace podwire::fuzz {

void run(std::string_view input) {
  if (input.empty()) return;
  const spec::Version fallback =
      spec::kAllVersions[static_cast<unsigned char>(input.front()) % spec::kAllVersions.size()];
  const auto document = Json::parse(input.substr(1));
  if (!document) {
    require_printable(document.error());
    return;
  }
  const auto result = spec::decode_result(document->view(), fallback);
  if (!result)
    require_printable(result.error());
  else
    require_round_trip(*result);
}

}  // namespace podwire::fuzz
