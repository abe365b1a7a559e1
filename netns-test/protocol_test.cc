// The execution protocol as a runtime sees it: environment, streams, exit status, error object, versions
// (checklist ENV, ERR, VER). Tables run against every executable; no kernel state is involved.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "netns-test/cni.h"
#include "netns-test/node.h"
#include "netns-test/snapshot.h"

namespace podwire::netns {
namespace {

constexpr const char* kVersionReply =
    R"({"cniVersion":"1.1.0","supportedVersions":["0.1.0","0.2.0","0.3.0","0.3.1","0.4.0","1.0.0","1.1.0"]})";
constexpr std::nullopt_t kUnset = std::nullopt;

using Variables = std::map<std::string, std::optional<std::string>>;

class Protocol : public testing::TestWithParam<const char*> {
 protected:
  [[nodiscard]] static std::string conf(std::string_view version = "1.1.0") {
    return fmt::format(R"({{"cniVersion":"{}","name":"testnet","type":"{}","ipam":{{"type":"host-local",)"
                       R"("subnet":"10.1.0.0/24"}}}})",
                       version, GetParam());
  }

  [[nodiscard]] Reply call(Call call) const {
    call.plugin = GetParam();
    if (!call.netns) call.netns = "/run/netns/none";
    return exec(node_, call);
  }

  Node node_;
};

TEST_P(Protocol, VersionNeedsNothing) {
  const Variables bare{{"CNI_CONTAINERID", kUnset},
                       {"CNI_NETNS", kUnset},
                       {"CNI_IFNAME", kUnset},
                       {"CNI_ARGS", kUnset},
                       {"CNI_PATH", kUnset}};
  for (const Stdin kind : {Stdin::kText, Stdin::kClosed, Stdin::kOpenPipe}) {
    const Reply reply = call({.verb = "VERSION", .stdin_kind = kind, .environment = bare});
    ASSERT_TRUE(succeeds(reply));
    EXPECT_EQ(reply.json.dump(), kVersionReply) << reply.out;
  }
}

TEST_P(Protocol, VersionEchoesTheVersionOnInput) {
  EXPECT_EQ(call({.verb = "VERSION", .conf = R"({"cniVersion":"0.4.0"})"}).at("/cniVersion"), "0.4.0");
  EXPECT_EQ(call({.verb = "VERSION", .conf = "not json"}).at("/cniVersion"), "1.1.0");
}

TEST_P(Protocol, WithoutCommandItIntroducesItself) {
  for (const std::optional<std::string>& command :
       {std::optional<std::string>(), std::optional<std::string>("")}) {
    const Reply reply = call({.environment = {{"CNI_COMMAND", command}}});
    EXPECT_TRUE(succeeds(reply));
    EXPECT_EQ(reply.out, "");
    EXPECT_NE(
        reply.err.find("CNI protocol versions supported: 0.1.0, 0.2.0, 0.3.0, 0.3.1, 0.4.0, 1.0.0, 1.1.0"),
        std::string::npos)
        << reply.err;
  }
}

TEST_P(Protocol, MissingVariablesAreAllNamed) {
  const Variables none{{"CNI_CONTAINERID", kUnset}, {"CNI_NETNS", ""}, {"CNI_IFNAME", kUnset}};
  struct Case {
    const char* verb;
    Variables environment;
    const char* text;
  };
  const Case cases[] = {
      {"ADD", none, "required env variables [CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME] missing"},
      {"CHECK", none, "required env variables [CNI_CONTAINERID,CNI_NETNS,CNI_IFNAME] missing"},
      {"DEL", none, "required env variables [CNI_CONTAINERID,CNI_IFNAME] missing"},
      {"ADD", {{"CNI_IFNAME", ""}}, "required env variables [CNI_IFNAME] missing"},
      {"GC", {{"CNI_PATH", kUnset}}, "required env variables [CNI_PATH] missing"},
  };
  for (const Case& c : cases) {
    const Reply reply = call({.verb = c.verb, .conf = conf(), .environment = c.environment});
    EXPECT_TRUE(fails_with(reply, Code::kInvalidEnvironment, c.text)) << c.verb;
  }
}

TEST_P(Protocol, InvalidVariablesAreRefused) {
  struct Case {
    const char* name;
    const char* value;
    const char* text;
  };
  const Case cases[] = {
      {"CNI_CONTAINERID", "../../etc", "invalid characters in containerID"},
      {"CNI_CONTAINERID", "-leading", "invalid characters in containerID"},
      {"CNI_IFNAME", "sixteen-bytes-xx", "interface name is too long"},
      {"CNI_IFNAME", "a/b", "interface name"},
      {"CNI_IFNAME", "a b", "interface name"},
      {"CNI_IFNAME", "..", "interface name"},
      {"CNI_ARGS", "IP", "ARGS: invalid pair \"IP\""},
      {"CNI_ARGS", "NOSUCHKEY=1", "ARGS: unknown args"},
  };
  for (const Case& c : cases) {
    const Reply reply = call({.conf = conf(), .environment = {{c.name, c.value}}});
    EXPECT_TRUE(fails_with(reply, Code::kInvalidEnvironment, c.text)) << c.name << "=" << c.value;
  }
}

TEST_P(Protocol, UnknownCommandsAreRefused) {
  for (const char* verb : {"add", "CREATE", "ADD "}) {
    EXPECT_TRUE(fails_with(call({.verb = verb, .conf = conf()}), Code::kInvalidEnvironment,
                           fmt::format("unknown CNI_COMMAND: {}", verb)));
  }
}

TEST_P(Protocol, BadConfigurationsHaveTheirCodes) {
  struct Case {
    std::string conf;
    Code code;
    const char* text;
  };
  const std::string type = fmt::format(R"("type":"{}")", GetParam());
  const Case cases[] = {
      {"", Code::kDecode, ""},
      {"{\n  \"name\": nope}", Code::kDecode, "line 2"},
      {"[]", Code::kDecode, ""},
      {R"({"cniVersion":"1.1.0",)" + type + "}", Code::kInvalidNetworkConfig, "missing network name"},
      {R"({"cniVersion":"1.1.0","name":"a/b",)" + type + "}", Code::kInvalidNetworkConfig,
       "invalid characters found in network name"},
      {R"({"cniVersion":"1.1.0","name":7,)" + type + "}", Code::kDecode, "/name"},
      {conf("9.9.9"), Code::kIncompatibleVersion, "config is \"9.9.9\", plugin supports [\"0.1.0\""},
      {conf("1.1"), Code::kIncompatibleVersion, "incompatible CNI versions"},
      {conf("tomorrow"), Code::kIncompatibleVersion, "incompatible CNI versions"},
  };
  for (const Case& c : cases) EXPECT_TRUE(fails_with(call({.conf = c.conf}), c.code, c.text)) << c.conf;
}

TEST_P(Protocol, VerbsAreGatedByVersion) {
  struct Case {
    const char* verb;
    const char* version;
    const char* text;
  };
  for (const Case& c :
       std::initializer_list<Case>{{"CHECK", "0.3.1", "config version does not allow CHECK"},
                                   {"GC", "1.0.0", "config version does not allow GC"},
                                   {"STATUS", "1.0.0", "config version does not allow STATUS"}}) {
    EXPECT_TRUE(
        fails_with(call({.verb = c.verb, .conf = conf(c.version)}), Code::kIncompatibleVersion, c.text));
  }
}

TEST_P(Protocol, ErrorObjectIsTheOnlyOutput) {
  const Reply reply = call({.conf = "{"});
  EXPECT_NE(reply.status, 0);
  EXPECT_TRUE(reply.json.view().is_object()) << reply.out;
  const auto members = reply.json.view().members().value();
  for (const auto& [key, value] : members) {
    EXPECT_TRUE(key == "cniVersion" || key == "code" || key == "msg" || key == "details") << key;
  }
  EXPECT_EQ(call({.conf = conf("0.3.1"), .environment = {{"CNI_IFNAME", ""}}}).at("/code"), "4");
}

TEST_P(Protocol, StatusAndDelOfTheUnknownPrintNothing) {
  const Call calls[] = {{.verb = "STATUS", .conf = conf()},
                        {.verb = "DEL", .conf = conf()},
                        {.verb = "GC", .conf = with(conf(), "cni.dev/valid-attachments", "[]")}};
  for (const Call& c : calls) {
    const Reply reply = call(c);
    EXPECT_TRUE(succeeds(reply)) << c.verb;
    EXPECT_EQ(reply.out, "") << c.verb;
  }
}

TEST_P(Protocol, RefusalsChangeNothing) {
  const Snapshot before = snapshot(node_);
  EXPECT_FALSE(call({.conf = "{"}).ok());
  EXPECT_FALSE(call({.conf = conf("9.9.9")}).ok());
  EXPECT_FALSE(call({.conf = conf(), .environment = {{"CNI_IFNAME", "a/b"}}}).ok());
  EXPECT_TRUE(unchanged(before, snapshot(node_)));
}

INSTANTIATE_TEST_SUITE_P(Plugins, Protocol, testing::Values("bridge", "host-local"), [](const auto& row) {
  return std::string(row.param) == "bridge" ? "Bridge" : "HostLocal";
});

}  // namespace
}  // namespace podwire::netns
