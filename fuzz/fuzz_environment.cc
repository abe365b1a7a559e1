// The environment of a plugin, one NAME=value per line, and CNI_ARGS in it.
#include <array>
#include <map>

#include "fuzz/property.h"
#include "libcni/base/text.h"
#include "libcni/spec/invocation.h"
#include "libcni/spec/validate.h"

namespace podwire::fuzz {
namespace {

using Variables = std::map<std::string, std::string>;

Variables parse_variables(std::string_view text) {
  Variables variables;
  for (const std::string& line : split(text, '\n')) {
    if (const auto equals = line.find('='); equals != std::string::npos) {
      variables[line.substr(0, equals)] = line.substr(equals + 1);
    }
  }
  return variables;
}

void check_args(std::string_view text) {
  constexpr std::array<std::string_view, 2> kKnown{"IP", "MAC"};
  const auto args = spec::CniArgs::parse(text);
  if (!args) {
    require_printable(args.error());
    return;
  }
  std::vector<std::string> pairs;
  for (const auto& [key, value] : args->pairs()) pairs.push_back(key + "=" + value);
  require(join(pairs, ";") == text, "the pairs are all there is");
  const auto known = args->require_known(kKnown);
  if (!known) require_printable(known.error());
}

}  // namespace

void run(std::string_view input) {
  const Variables variables = parse_variables(input);
  const auto env = spec::parse_environment([&variables](const char* name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  });
  if (!env) {
    require_printable(env.error());
    return;
  }
  if (env->verb == spec::Verb::kAdd || env->verb == spec::Verb::kCheck || env->verb == spec::Verb::kDel) {
    require(spec::validate_container_id(env->container_id).has_value(), "the container id is valid");
    require(spec::validate_interface_name(env->ifname).has_value(), "the interface name is valid");
  }
  for (const std::string& directory : env->path) require(!directory.empty(), "no directory is empty");
  check_args(env->args);
}

}  // namespace podwire::fuzz
