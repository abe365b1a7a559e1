#include "libcni/runtime/runtime_conf.h"

#include <fmt/format.h>

namespace podwire::runtime {

std::string args_text(const std::vector<std::pair<std::string, std::string>>& args) {
  std::string text;
  for (const auto& [key, value] : args) {
    if (!text.empty()) text += ';';
    text.append(key).append("=").append(value);
  }
  return text;
}

Result<std::pair<std::string, std::string>> parse_arg(std::string_view text) {
  const std::size_t equals = text.find('=');
  const bool one_equals =
      equals != std::string_view::npos && text.find('=', equals + 1) == std::string_view::npos;
  if (!one_equals || equals == 0 || equals + 1 == text.size() || text.contains(';')) {
    return fail(Code::kInvalidEnvironment,
                fmt::format("ARGS: invalid pair \"{}\": expected KEY=VALUE", text));
  }
  return std::pair(std::string(text.substr(0, equals)), std::string(text.substr(equals + 1)));
}

}  // namespace podwire::runtime
