#include <gtest/gtest.h>

#include <map>

#include "libcni/spec/invocation.h"

namespace podwire::spec {
namespace {

using Variables = std::map<std::string, std::string>;

Result<Environment> parse(const Variables& variables) {
  return parse_environment([&variables](const char* name) -> std::optional<std::string> {
    const auto found = variables.find(name);
    if (found == variables.end()) return std::nullopt;
    return found->second;
  });
}

Variables complete(std::string_view command) {
  return {{"CNI_COMMAND", std::string(command)}, {"CNI_CONTAINERID", "some-id"},
          {"CNI_NETNS", "/run/netns/pod"},       {"CNI_IFNAME", "eth0"},
          {"CNI_ARGS", "IP=10.0.0.1"},           {"CNI_PATH", "/opt/cni/bin::/usr/lib/cni:"}};
}

Variables without(Variables variables, const char* name) {
  variables.erase(name);
  return variables;
}

struct Row {
  const char* command;
  const char* missing_when_alone;  ///< "" when the command needs nothing else
};

class EveryVerb : public testing::TestWithParam<Row> {};

TEST_P(EveryVerb, RequiresItsVariables) {
  const auto [command, missing] = GetParam();
  const auto env = parse({{"CNI_COMMAND", command}});
  ASSERT_EQ(env.has_value(), missing[0] == '\0');
  if (env) return;
  EXPECT_EQ(env.error().code, Code::kInvalidEnvironment);
  EXPECT_EQ(env.error().msg, "required env variables [" + std::string(missing) + "] missing");
}

TEST_P(EveryVerb, AcceptsThemAll) {
  const auto env = parse(complete(GetParam().command));
  ASSERT_TRUE(env);
  EXPECT_EQ(text(env->verb), GetParam().command);
}

TEST_P(EveryVerb, EmptyIsMissing) {
  Variables variables = complete(GetParam().command);
  for (auto& [name, value] : variables) {
    if (name != "CNI_COMMAND") value.clear();
  }
  EXPECT_EQ(parse(variables).has_value(), GetParam().missing_when_alone[0] == '\0');
}

INSTANTIATE_TEST_SUITE_P(Table, EveryVerb,
                         testing::Values(Row{"ADD", "CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME"},
                                         Row{"DEL", "CNI_CONTAINERID,CNI_IFNAME"},
                                         Row{"CHECK", "CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME"},
                                         Row{"GC", "CNI_PATH"}, Row{"STATUS", ""}, Row{"VERSION", ""}),
                         [](const auto& row) { return std::string(row.param.command); });

TEST(ParseEnvironment, KeepsWhatTheVerbUses) {
  const Environment env = parse(complete("ADD")).value();
  EXPECT_EQ(env.verb, Verb::kAdd);
  EXPECT_EQ(env.container_id, "some-id");
  EXPECT_EQ(env.netns, "/run/netns/pod");
  EXPECT_EQ(env.ifname, "eth0");
  EXPECT_EQ(env.args, "IP=10.0.0.1");
  EXPECT_EQ(env.path, (std::vector<std::string>{"/opt/cni/bin", "/usr/lib/cni"}));
  EXPECT_FALSE(env.netns_override);
}

TEST(ParseEnvironment, DropsWhatTheVerbDoesNotUse) {
  const Environment gc = parse(complete("GC")).value();
  EXPECT_EQ(gc.container_id + gc.netns + gc.ifname + gc.args, "");
  EXPECT_EQ(gc.path.size(), 2U);
  EXPECT_TRUE(parse(complete("VERSION"))->path.empty());
}

TEST(ParseEnvironment, CommandIsMissingOrUnknown) {
  EXPECT_EQ(parse({}).error().msg, "required env variables [CNI_COMMAND] missing");
  EXPECT_EQ(parse(complete("")).error().msg, "required env variables [CNI_COMMAND] missing");
  for (const char* command : {"add", "FOO", "ADD "}) {
    const Error error = parse(complete(command)).error();
    EXPECT_EQ(error.msg, "unknown CNI_COMMAND: " + std::string(command));
    EXPECT_EQ(error.code, Code::kInvalidEnvironment);
  }
}

TEST(ParseEnvironment, PathIsNeededForGcOnly) {
  for (const char* command : {"ADD", "DEL", "CHECK", "STATUS"}) {
    EXPECT_TRUE(parse(without(complete(command), "CNI_PATH"))) << command;
  }
  EXPECT_FALSE(parse(without(complete("GC"), "CNI_PATH")));
}

TEST(ParseEnvironment, DelGoesWithoutNetns) {
  EXPECT_EQ(parse(without(complete("DEL"), "CNI_NETNS"))->netns, "");
  EXPECT_EQ(parse(complete("DEL"))->netns, "/run/netns/pod");
}

TEST(ParseEnvironment, FirstInvalidValueComesBeforeWhatIsMissing) {
  Variables variables = without(complete("ADD"), "CNI_NETNS");
  variables["CNI_IFNAME"] = "too-long-for-linux";
  EXPECT_EQ(parse(variables).error().msg, "CNI_IFNAME: interface name is too long");
  variables["CNI_CONTAINERID"] = "no/slash";
  const Error error = parse(variables).error();
  EXPECT_EQ(error.msg, "CNI_CONTAINERID: invalid characters in containerID");
  EXPECT_EQ(error.details, "no/slash");
  EXPECT_EQ(error.code, Code::kInvalidEnvironment);
}

TEST(ParseEnvironment, ValidatesForVerbsThatRequireTheVariable) {
  Variables variables = complete("STATUS");
  variables["CNI_CONTAINERID"] = "no/slash";
  variables["CNI_IFNAME"] = "a:b";
  EXPECT_TRUE(parse(variables));
  for (const char* command : {"ADD", "DEL", "CHECK"}) {
    variables["CNI_COMMAND"] = command;
    EXPECT_FALSE(parse(variables)) << command;
  }
}

TEST(ParseEnvironment, ReadsNetnsOverride) {
  for (const auto& [value, expected] :
       {std::pair{"1", true}, std::pair{"true", true}, std::pair{"TRUE", true}, std::pair{"0", false},
        std::pair{"", false}, std::pair{"yes", false}}) {
    Variables variables = complete("ADD");
    variables["CNI_NETNS_OVERRIDE"] = value;
    EXPECT_EQ(parse(variables)->netns_override, expected) << value;
  }
}

}  // namespace
}  // namespace podwire::spec
