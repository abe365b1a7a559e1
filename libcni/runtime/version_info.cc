#include "libcni/runtime/version_info.h"

#include "libcni/base/json.h"

namespace podwire::runtime {

Result<std::vector<std::string>> decode_version_info(std::string_view text) {
  const Json document = TRY(Json::parse(text));
  const JsonView object = document.view();
  if (!object.is_object()) return object.type_error("a version object");
  std::string version;
  TRY(read(object, "cniVersion", version));
  if (version.empty()) return fail(Code::kDecode, "decoding version info: missing field cniVersion");
  if (const auto supported = object.find("supportedVersions")) return supported->strings();
  if (version == "0.2.0") return std::vector<std::string>{"0.1.0", "0.2.0"};
  return fail(Code::kDecode, "decoding version info: missing field supportedVersions");
}

bool is_version_refusal(const Error& error) {
  return error.msg == "unknown CNI_COMMAND: VERSION";
}

}  // namespace podwire::runtime
