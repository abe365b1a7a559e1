#include "libcni/runtime/runtime.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "libcni/base/text.h"
#include "libcni/runtime/file.h"
#include "libcni/runtime/temporary_directory.h"

namespace podwire::runtime {
namespace {

namespace fs = std::filesystem;

/// Each fake plugin appends "<verb> <name>" to `calls`, keeps its last input of each verb in
/// `<name>.<verb>.json` and its environment in `<name>.<verb>.env`, prints `<name>.<verb>.out` if there is
/// one, and fails if there is a `<name>.<verb>.fail`.
constexpr std::string_view kFakePlugin = R"(#!/bin/sh
cd '{}' && n=${{0##*/}}.$CNI_COMMAND
echo "$CNI_COMMAND ${{0##*/}}" >> calls
cat > $n.json
echo "$CNI_CONTAINERID|$CNI_NETNS|$CNI_IFNAME|$CNI_ARGS|$CNI_PATH" > $n.env
[ ! -e $n.out ] || cat $n.out
[ ! -e $n.fail ]
)";

class RuntimeTest : public ::testing::Test {
 protected:
  RuntimeTest() {
    for (const char* name : {"first", "second"}) {
      const fs::path file =
          directory_.write(std::string("bin/") + name, fmt::format(kFakePlugin, directory_.path().string()));
      fs::permissions(file, fs::perms::owner_all);
      says(name, "ADD", kResult);
    }
  }

  /// What a plugin prints.
  void says(const std::string& name, const std::string& verb, std::string_view out) const {
    directory_.write(name + "." + verb + ".out", out);
  }
  void fails(const std::string& name, const std::string& verb, std::string_view out) const {
    says(name, verb, out);
    directory_.write(name + "." + verb + ".fail", "");
  }
  std::string text(const std::string& name) const {
    return read_file(directory_.path() / name).value().value_or("");
  }
  /// The calls since the last time, on one line.
  std::string calls() const {
    std::vector<std::string> lines = split(text("calls"), '\n');
    if (!lines.empty() && lines.back().empty()) lines.pop_back();
    fs::remove(directory_.path() / "calls");
    return join(lines, ", ");
  }
  Json input(const std::string& name, const std::string& verb) const {
    return Json::parse(text(name + "." + verb + ".json")).value();
  }
  static spec::NetworkList list(std::string_view version, std::string_view keys = "") {
    return spec::parse_network_list(
               fmt::format(R"({{"cniVersion":"{}","name":"net",{}"plugins":[{{"type":"first"}},
        {{"type":"second","capabilities":{{"mac":true}}}}]}})",
                           version, keys))
        .value();
  }
  static RuntimeConf conf() {
    RuntimeConf conf{
        .container_id = "id1", .netns = "/run/netns/x", .ifname = "eth0", .args = {{"A", "1"}, {"B", "2"}}};
    conf.capability_args.set("mac", "02:00:00:00:00:01");
    return conf;
  }
  fs::path cache_file() const { return directory_.path() / "cache" / "results" / "net-id1-eth0"; }

  static constexpr std::string_view kResult =
      R"({"cniVersion":"1.0.0","ips":[{"address":"10.0.0.2/24"}],"junk":1})";
  TemporaryDirectory directory_;
  Runtime runtime_{{.plugin_path = {(directory_.path() / "bin").string()},
                    .cache_directory = directory_.path() / "cache"}};
};

TEST_F(RuntimeTest, AddRunsTheChainAndCachesTheLastResult) {
  says("second", "ADD", R"({"cniVersion":"1.0.0","ips":[{"address":"10.0.0.9/24"}]})");
  const auto result = runtime_.add(list("1.0.0"), conf());
  ASSERT_TRUE(result.has_value()) << result.error().msg;
  EXPECT_EQ(result->result.ips.at(0).address.text(), "10.0.0.9/24");
  EXPECT_EQ(calls(), "ADD first, ADD second");
  EXPECT_EQ(text("first.ADD.env"),
            fmt::format("id1|/run/netns/x|eth0|A=1;B=2|{}/bin\n", directory_.path().string()));
  EXPECT_EQ(input("first", "ADD").dump(), R"({"cniVersion":"1.0.0","name":"net","type":"first"})");
  EXPECT_EQ(
      input("second", "ADD").dump(),
      R"({"cniVersion":"1.0.0","name":"net","type":"second","runtimeConfig":{"mac":"02:00:00:00:00:01"},)"
      R"("prevResult":{"cniVersion":"1.0.0","ips":[{"address":"10.0.0.2/24"}]}})");
  const auto cached = runtime_.cache().find({"net", "id1", "eth0"}).value();
  ASSERT_TRUE(cached.has_value());
  EXPECT_EQ(cached->config, list("1.0.0").bytes);
  EXPECT_EQ(cached->result->dump(), R"({"cniVersion":"1.0.0","ips":[{"address":"10.0.0.9/24"}]})");
}

TEST_F(RuntimeTest, AFailedAddStopsNamesThePluginAndCachesNothing) {
  fails("first", "ADD", R"({"code":104,"msg":"no IP addresses available","details":"set 0"})");
  const auto result = runtime_.add(list("1.0.0"), conf());
  ASSERT_FALSE(result.has_value());
  EXPECT_EQ(result.error().msg, R"(plugin type="first" name="net" failed (add): no IP addresses available)");
  EXPECT_EQ(result.error().code, Code::kPoolExhausted);
  EXPECT_EQ(result.error().details, "set 0");
  EXPECT_EQ(calls(), "ADD first");
  EXPECT_FALSE(fs::exists(cache_file()));
}

TEST_F(RuntimeTest, AddRefusesOutputThatIsNoResult) {
  says("first", "ADD", "[]");
  EXPECT_TRUE(runtime_.add(list("1.0.0"), conf()).error().msg.contains("the result is not a CNI result"));
  says("first", "ADD", "oops");
  EXPECT_TRUE(runtime_.add(list("1.0.0"), conf()).error().msg.contains("the result is not JSON"));
}

TEST_F(RuntimeTest, AMissingBinaryIsAnError) {
  fs::remove(directory_.path() / "bin" / "second");
  const auto result = runtime_.add(list("1.0.0"), conf());
  ASSERT_FALSE(result.has_value());
  EXPECT_TRUE(result.error().msg.contains("failed to find plugin \"second\" in path ["))
      << result.error().msg;
}

TEST_F(RuntimeTest, ParametersAreCheckedBeforeAnythingRuns) {
  RuntimeConf bad = conf();
  bad.container_id = "";
  EXPECT_EQ(runtime_.add(list("1.0.0"), bad).error().code, Code::kUnknownContainer);
  bad.container_id = "../../etc";
  EXPECT_EQ(runtime_.del(list("1.0.0"), bad).error().code, Code::kInvalidEnvironment);
  bad = conf();
  bad.ifname = "a/b";
  EXPECT_EQ(runtime_.check(list("1.0.0"), bad).error().code, Code::kInvalidEnvironment);
  EXPECT_EQ(calls(), "");
}

TEST_F(RuntimeTest, DelGoesBackwardsWithTheCachedResult) {
  ASSERT_TRUE(runtime_.add(list("1.0.0"), conf()).has_value());
  calls();
  ASSERT_TRUE(runtime_.del(list("1.0.0"), conf()).has_value());
  EXPECT_EQ(calls(), "DEL second, DEL first");
  EXPECT_EQ(input("first", "DEL").view().find("prevResult")->dump(),
            R"({"cniVersion":"1.0.0","ips":[{"address":"10.0.0.2/24"}]})");
  EXPECT_FALSE(fs::exists(cache_file()));
  ASSERT_TRUE(runtime_.del(list("1.0.0"), conf()).has_value());
  EXPECT_FALSE(input("first", "DEL").view().find("prevResult"));
}

TEST_F(RuntimeTest, DelConvertsTheCachedResultToTheListsVersion) {
  ASSERT_TRUE(runtime_.add(list("1.0.0"), conf()).has_value());
  ASSERT_TRUE(runtime_.del(list("0.4.0"), conf()).has_value());
  EXPECT_EQ(input("first", "DEL").view().find("prevResult")->find("cniVersion")->string().value(), "0.4.0");
}

TEST_F(RuntimeTest, DelBefore040HasNoPrevResult) {
  says("first", "ADD", R"({"cniVersion":"0.3.1"})");
  says("second", "ADD", R"({"cniVersion":"0.3.1"})");
  ASSERT_TRUE(runtime_.add(list("0.3.1"), conf()).has_value());
  ASSERT_TRUE(runtime_.del(list("0.3.1"), conf()).has_value());
  EXPECT_FALSE(input("first", "DEL").view().find("prevResult"));
  EXPECT_FALSE(fs::exists(cache_file()));
}

TEST_F(RuntimeTest, AFailedDelStopsAndKeepsTheCache) {
  ASSERT_TRUE(runtime_.add(list("1.0.0"), conf()).has_value());
  calls();
  fails("second", "DEL", "");
  const auto deleted = runtime_.del(list("1.0.0"), conf());
  ASSERT_FALSE(deleted.has_value());
  EXPECT_EQ(
      deleted.error().msg,
      R"(plugin type="second" name="net" failed (delete): netplugin failed with no error message: exit status 1)");
  EXPECT_EQ(calls(), "DEL second");
  EXPECT_TRUE(fs::exists(cache_file()));
}

TEST_F(RuntimeTest, DelDropsAnUnusableCacheAndGoesOn) {
  directory_.write("cache/results/net-id1-eth0", "garbage");
  ASSERT_TRUE(runtime_.del(list("1.0.0"), conf()).has_value());
  EXPECT_EQ(calls(), "DEL second, DEL first");
  EXPECT_FALSE(fs::exists(cache_file()));
}

TEST_F(RuntimeTest, AnUnusableCacheIsDroppedThoughDelFails) {
  directory_.write("cache/results/net-id1-eth0", "garbage");
  fails("second", "DEL", "");
  EXPECT_FALSE(runtime_.del(list("1.0.0"), conf()).has_value());
  EXPECT_FALSE(fs::exists(cache_file()));
}

TEST_F(RuntimeTest, StderrIsQuotedWhenStdoutSaysNothing) {
  directory_.write("bin/first", "#!/bin/sh\necho 'panic: x' >&2; exit 2\n");
  EXPECT_EQ(runtime_.add(list("1.0.0"), conf()).error().msg,
            R"(plugin type="first" name="net" failed (add): netplugin failed: "panic: x": exit status 2)");
}

TEST_F(RuntimeTest, CheckGetsTheFinalResultInListOrder) {
  ASSERT_TRUE(runtime_.add(list("1.0.0"), conf()).has_value());
  calls();
  ASSERT_TRUE(runtime_.check(list("1.0.0"), conf()).has_value());
  EXPECT_EQ(calls(), "CHECK first, CHECK second");
  EXPECT_TRUE(input("first", "CHECK").view().find("prevResult"));
  fails("first", "CHECK", R"({"code":107,"msg":"gone"})");
  const auto checked = runtime_.check(list("1.0.0"), conf());
  EXPECT_EQ(checked.error().code, Code::kMissing);
  EXPECT_EQ(checked.error().msg, R"(plugin type="first" name="net" failed (check): gone)");
  EXPECT_EQ(calls(), "CHECK first");
}

TEST_F(RuntimeTest, CheckIsGatedByVersionBeforeDisableCheck) {
  EXPECT_EQ(runtime_.check(list("0.3.1", R"("disableCheck":true,)"), conf()).error().msg,
            "configuration version \"0.3.1\" does not support CHECK command");
  EXPECT_TRUE(runtime_.check(list("0.4.0", R"("disableCheck":true,)"), conf()).has_value());
  EXPECT_EQ(calls(), "");
}

TEST_F(RuntimeTest, CheckRefusesAnUnusableCache) {
  directory_.write("cache/results/net-id1-eth0", "garbage");
  EXPECT_TRUE(runtime_.check(list("1.0.0"), conf())
                  .error()
                  .msg.starts_with("failed to get network \"net\" cached result"));
}

TEST_F(RuntimeTest, StatusStopsAtTheFirstFailureAndIsSilentBefore110) {
  fails("first", "STATUS", R"({"code":50,"msg":"exhausted"})");
  const auto status = runtime_.status(list("1.1.0"));
  EXPECT_EQ(status.error().code, Code::kNotAvailable);
  EXPECT_EQ(calls(), "STATUS first");
  EXPECT_EQ(text("first.STATUS.env"), fmt::format("||||{}/bin\n", directory_.path().string()));
  EXPECT_TRUE(runtime_.status(list("1.0.0")).has_value());
  EXPECT_EQ(calls(), "");
}

class RuntimeGcTest : public RuntimeTest {
 protected:
  void add(const std::string& id, const std::string& version) {
    RuntimeConf attachment = conf();
    attachment.container_id = id;
    ASSERT_TRUE(runtime_.add(list(version), attachment).has_value());
  }
};

TEST_F(RuntimeGcTest, DeletesStaleAttachmentsOfThisNetworkThenCollects) {
  add("id1", "1.1.0");
  add("id2", "1.1.0");
  CachedAttachment foreign;
  foreign.network = "other";
  foreign.conf = conf();
  ASSERT_TRUE(runtime_.cache().write(foreign).has_value());
  calls();
  const std::vector<spec::Attachment> valid{{"net", "id2", "eth0"}};
  ASSERT_TRUE(runtime_.gc(list("1.1.0"), valid).has_value());
  EXPECT_EQ(calls(), "DEL second, DEL first, GC first, GC second");
  EXPECT_TRUE(text("first.DEL.env").starts_with("id1|/run/netns/x|eth0|A=1;B=2|"));
  EXPECT_EQ(input("second", "GC").view().find("cni.dev/valid-attachments")->dump(),
            R"([{"containerID":"id2","ifname":"eth0"}])");
  EXPECT_EQ(runtime_.cache().list().value().size(), 2U);
}

TEST_F(RuntimeGcTest, GoesOnAfterErrorsAndReportsAll) {
  add("id1", "1.1.0");
  calls();
  fails("second", "DEL", R"({"code":11,"msg":"busy"})");
  fails("first", "GC", R"({"code":5,"msg":"broken","details":"disk"})");
  const auto collected = runtime_.gc(list("1.1.0"), {});
  ASSERT_FALSE(collected.has_value());
  EXPECT_EQ(calls(), "DEL second, GC first, GC second");
  EXPECT_EQ(collected.error().code, Code::kTryAgainLater);
  EXPECT_EQ(collected.error().msg, R"(plugin type="second" name="net" failed (delete): busy; )"
                                   R"(plugin type="first" name="net" failed (gc): broken)");
  EXPECT_EQ(collected.error().details, "disk");
}

TEST_F(RuntimeGcTest, Before110OnlyStaleAttachmentsAreDeleted) {
  add("id1", "1.0.0");
  calls();
  ASSERT_TRUE(runtime_.gc(list("1.0.0"), {}).has_value());
  EXPECT_EQ(calls(), "DEL second, DEL first");
}

TEST_F(RuntimeGcTest, DisableGcDisablesAllOfIt) {
  add("id1", "1.1.0");
  calls();
  ASSERT_TRUE(runtime_.gc(list("1.1.0", R"("disableGC":true,)"), {}).has_value());
  EXPECT_EQ(calls(), "");
}

TEST_F(RuntimeTest, VersionsAskEachPlugin) {
  says("first", "VERSION", R"({"cniVersion":"1.1.0","supportedVersions":["0.4.0","1.0.0"]})");
  fails("second", "VERSION", R"({"code":4,"msg":"unknown CNI_COMMAND: VERSION"})");
  const auto versions = runtime_.versions(list("1.0.0"));
  ASSERT_TRUE(versions.has_value()) << versions.error().msg;
  EXPECT_EQ((*versions)[0].supported, (std::vector<std::string>{"0.4.0", "1.0.0"}));
  EXPECT_EQ((*versions)[1].supported, (std::vector<std::string>{"0.1.0"}));
  EXPECT_EQ(text("first.VERSION.env"), "|dummy|dummy||dummy\n");
  EXPECT_EQ(text("first.VERSION.json"), R"({"cniVersion":"1.1.0"})");
}

TEST_F(RuntimeTest, ValidateReportsAllProblemsTogether) {
  says("first", "VERSION", R"({"cniVersion":"1.1.0","supportedVersions":["0.4.0"]})");
  fs::remove(directory_.path() / "bin" / "second");
  const auto validated = runtime_.validate(list("1.0.0"));
  ASSERT_FALSE(validated.has_value());
  EXPECT_TRUE(validated.error().msg.contains("plugin first does not support config version \"1.0.0\""));
  EXPECT_TRUE(validated.error().msg.contains("failed to find plugin \"second\""));
}

TEST_F(RuntimeTest, ValidateReturnsTheCapabilities) {
  for (const char* name : {"first", "second"}) {
    says(name, "VERSION", R"({"cniVersion":"1.1.0","supportedVersions":["1.0.0"]})");
  }
  EXPECT_EQ(runtime_.validate(list("1.0.0")).value(), (std::set<std::string>{"mac"}));
}

}  // namespace
}  // namespace podwire::runtime
