// The CNI_* variables: what each verb requires, and in which order faults are reported.
#include <fmt/format.h>

#include <algorithm>
#include <array>
#include <initializer_list>

#include "libcni/base/text.h"
#include "libcni/spec/invocation.h"
#include "libcni/spec/validate.h"

namespace podwire::spec {
namespace {

constexpr std::array<std::string_view, 6> kVerbTexts{"ADD", "DEL", "CHECK", "GC", "STATUS", "VERSION"};

using VerbSet = unsigned;

constexpr VerbSet bit(Verb verb) {
  return 1U << static_cast<unsigned>(verb);
}

constexpr VerbSet verbs(std::initializer_list<Verb> list) {
  VerbSet set = 0;
  for (const Verb verb : list) set |= bit(verb);
  return set;
}

constexpr VerbSet kAttachmentVerbs = verbs({Verb::kAdd, Verb::kDel, Verb::kCheck});

struct Variable {
  const char* name;
  VerbSet used;                                ///< verbs that read it
  VerbSet required;                            ///< verbs that cannot do without it
  Result<void> (*validate)(std::string_view);  ///< of variables that every verb using them requires (ENV-4)
  void (*store)(Environment&, const std::string&);
};

void store_container_id(Environment& env, const std::string& value) {
  env.container_id = value;
}
void store_netns(Environment& env, const std::string& value) {
  env.netns = value;
}
void store_ifname(Environment& env, const std::string& value) {
  env.ifname = value;
}
void store_args(Environment& env, const std::string& value) {
  env.args = value;
}

void store_path(Environment& env, const std::string& value) {
  env.path = split(value, ':');
  std::erase(env.path, "");  // an empty element would mean the working directory of the runtime
}

/// In the order in which missing variables are named (ENV-2, ENV-3; D4 for CNI_PATH).
constexpr std::array kVariables{
    Variable{"CNI_CONTAINERID", kAttachmentVerbs, kAttachmentVerbs, validate_container_id,
             store_container_id},
    Variable{"CNI_NETNS", kAttachmentVerbs, verbs({Verb::kAdd, Verb::kCheck}), nullptr, store_netns},
    Variable{"CNI_IFNAME", kAttachmentVerbs, kAttachmentVerbs, validate_interface_name, store_ifname},
    Variable{"CNI_ARGS", kAttachmentVerbs, 0, nullptr, store_args},
    Variable{"CNI_PATH", kAttachmentVerbs | verbs({Verb::kGc, Verb::kStatus}), verbs({Verb::kGc}), nullptr,
             store_path},
};

std::unexpected<Error> missing(const std::vector<std::string>& names) {
  return fail(Code::kInvalidEnvironment,
              fmt::format("required env variables [{}] missing", join(names, ",")));
}

Result<Verb> parse_verb(std::string_view command) {
  if (command.empty()) return missing({"CNI_COMMAND"});
  const auto* found = std::ranges::find(kVerbTexts, command);
  if (found == kVerbTexts.end())
    return fail(Code::kInvalidEnvironment, fmt::format("unknown CNI_COMMAND: {}", command));
  return static_cast<Verb>(found - kVerbTexts.begin());
}

}  // namespace

std::string_view text(Verb verb) {
  return kVerbTexts[static_cast<std::size_t>(verb)];
}

Result<Environment> parse_environment(const Getenv& getenv) {
  const auto value_of = [&getenv](const char* name) { return getenv(name).value_or(""); };
  Environment env;
  env.verb = TRY(parse_verb(value_of("CNI_COMMAND")));
  std::vector<std::string> absent;
  for (const Variable& variable : kVariables) {
    if ((variable.used & bit(env.verb)) == 0) continue;
    const bool required = (variable.required & bit(env.verb)) != 0;
    const std::string value = value_of(variable.name);
    if (value.empty()) {
      if (required) absent.emplace_back(variable.name);
      continue;
    }
    if (variable.validate != nullptr) TRY(in_context(variable.validate(value), variable.name));
    variable.store(env, value);
  }
  if (!absent.empty()) return missing(absent);
  const std::string netns_override = value_of("CNI_NETNS_OVERRIDE");
  env.netns_override = netns_override == "1" || equals_ignore_case(netns_override, "true");
  return env;
}

}  // namespace podwire::spec
