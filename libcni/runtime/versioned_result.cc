#include "libcni/runtime/versioned_result.h"

namespace podwire::runtime {

Result<VersionedResult> decode_versioned(const JsonView& value, spec::Version fallback) {
  if (value.is_null()) return VersionedResult{.result = {}, .version = fallback};
  std::string version;
  TRY(read(value, "cniVersion", version));
  VersionedResult decoded;
  decoded.version = version.empty() ? fallback : TRY(spec::parse_version(version));
  decoded.result = TRY(spec::decode_result(value, fallback));
  return decoded;
}

Result<Json> encode_versioned(const VersionedResult& result) {
  const bool bare =
      spec::result_group(result.version) == spec::ResultGroup::k020 && result.result.ips.empty();
  if (!bare) return spec::encode_result(result.result, result.version);
  Json object = Json::object();
  object.set("cniVersion", spec::text(result.version));
  object.set("dns", spec::encode_dns(result.result.dns));
  return object;
}

}  // namespace podwire::runtime
