#include "libcni/spec/conflist.h"

#include <gtest/gtest.h>

namespace podwire::spec {
namespace {

constexpr const char* kPlugins = R"("plugins":[{"type":"bridge","x":9007199254740993},{"type":"portmap"}])";

/// A list of two plugins with these members.
std::string with(std::string_view members) {
  return R"({"name":"pods",)" + std::string(members) + (members.empty() ? "" : ",") + kPlugins + "}";
}

std::string error_of(std::string bytes) {
  return parse_network_list(std::move(bytes)).error().msg;
}

TEST(ParseNetworkList, KeepsPluginsAndBytes) {
  const std::string bytes = with(R"("cniVersion":"0.4.0","unknown":{})");
  const NetworkList list = parse_network_list(bytes).value();
  EXPECT_EQ(list.name, "pods");
  EXPECT_EQ(list.cni_version, "0.4.0");
  EXPECT_EQ(list.bytes, bytes);
  EXPECT_FALSE(list.disable_check || list.disable_gc || list.load_only_inlined_plugins);
  ASSERT_EQ(list.plugins.size(), 2U);
  EXPECT_EQ(list.plugins[0].type, "bridge");
  EXPECT_EQ(list.plugins[0].document.dump(), R"({"type":"bridge","x":9007199254740993})");
  EXPECT_EQ(list.plugins[1].type, "portmap");
}

TEST(ParseNetworkList, NamesWhatIsWrong) {
  const std::string prefix = "error parsing configuration list: ";
  EXPECT_TRUE(error_of("{").starts_with(prefix + "invalid JSON at line 1"));
  EXPECT_EQ(error_of("[]"), prefix + "the document: expected an object, found an array");
  EXPECT_EQ(error_of("{}"), prefix + "no name");
  EXPECT_EQ(error_of(R"({"name":1})"), prefix + "/name: expected a string, found a number (1)");
  EXPECT_EQ(error_of(R"({"name":"a","cniVersion":1})"),
            prefix + "/cniVersion: expected a string, found a number (1)");
  EXPECT_EQ(error_of(R"({"name":"a","plugins":{}})"),
            prefix + "/plugins: expected an array, found an object");
  EXPECT_EQ(error_of(R"({"name":"a","plugins":[]})"), prefix + "no plugins in list");
  EXPECT_EQ(error_of(R"({"name":"a","plugins":[{"type":"x"},{}]})"), prefix + "plugin 1: missing 'type'");
  EXPECT_EQ(error_of(R"({"name":"a","plugins":[{"type":5}]})"),
            prefix + "plugin 0: /plugins/0/type: expected a string, found a number (5)");
  EXPECT_EQ(error_of(R"({"name":"a","loadOnlyInlinedPlugins":true})"),
            prefix + "`loadOnlyInlinedPlugins` is true, and no 'plugins' key");
  EXPECT_TRUE(parse_network_list(R"({"name":"a"})")->plugins.empty());
}

TEST(ParseNetworkList, FlagsMayBeStrings) {
  for (const char* value : {"true", R"("true")", R"("TRUE")", R"("True")"}) {
    const std::string text(value);
    const NetworkList list = parse_network_list(with(R"("disableCheck":)" + text + R"(,"disableGC":)" + text +
                                                     R"(,"loadOnlyInlinedPlugins":)" + text))
                                 .value();
    EXPECT_TRUE(list.disable_check && list.disable_gc && list.load_only_inlined_plugins) << value;
  }
  for (const char* value : {"false", R"("false")", R"("FALSE")", "null"}) {
    EXPECT_FALSE(parse_network_list(with(R"("disableCheck":)" + std::string(value)))->disable_check) << value;
  }
  EXPECT_EQ(error_of(with(R"("disableGC":"yes")")),
            "error parsing configuration list: invalid value \"yes\" for disableGC");
  EXPECT_EQ(error_of(with(R"("disableGC":1)")),
            "error parsing configuration list: /disableGC: expected true or false, found a number (1)");
}

struct Selection {
  const char* members;
  const char* selected;
};

class SelectVersion : public testing::TestWithParam<Selection> {};

TEST_P(SelectVersion, TakesTheHighestThatIsSupported) {
  EXPECT_EQ(parse_network_list(with(GetParam().members)).value().cni_version, GetParam().selected);
}

INSTANTIATE_TEST_SUITE_P(
    Cases, SelectVersion,
    testing::Values(Selection{R"("x":0)", ""}, Selection{R"("cniVersion":"1.2.3")", "1.2.3"},
                    Selection{R"("cniVersions":["0.4.0","1.0.0","0.3.1"])", "1.0.0"},
                    Selection{R"("cniVersion":"1.1.0","cniVersions":["0.4.0"])", "1.1.0"},
                    Selection{R"("cniVersion":"0.3.0","cniVersions":["0.4.0","1.0.0"])", "1.0.0"},
                    Selection{R"("cniVersion":"1.2.3","cniVersions":["0.4.0","2.0.0"])", "0.4.0"},
                    Selection{R"("cniVersion":"1.2.3","cniVersions":["1.3.0"])", "1.2.3"},
                    Selection{R"("cniVersions":["1.3.0"])", ""}, Selection{R"("cniVersions":[])", ""}));

TEST(ParseNetworkList, VersionsAreVersions) {
  EXPECT_TRUE(error_of(with(R"("cniVersions":["1.0.f"])"))
                  .starts_with("error parsing configuration list: /cniVersions: invalid version \"1.0.f\""));
  EXPECT_FALSE(parse_network_list(with(R"("cniVersions":[1])")));
  EXPECT_FALSE(parse_network_list(with(R"("cniVersions":"1.0.0")")));
}

TEST(ParseSinglePlugin, BecomesAListOfOne) {
  const NetworkList list =
      parse_single_plugin(R"({"cniVersion":"0.3.1","name":"pods","type":"bridge","disableCheck":true})")
          .value();
  EXPECT_EQ(list.name, "pods");
  EXPECT_EQ(list.cni_version, "0.3.1");
  EXPECT_FALSE(list.disable_check);
  ASSERT_EQ(list.plugins.size(), 1U);
  EXPECT_EQ(list.plugins[0].type, "bridge");
  EXPECT_EQ(list.plugins[0].document.dump(),
            R"({"cniVersion":"0.3.1","name":"pods","type":"bridge","disableCheck":true})");
  const NetworkList again = parse_network_list(list.bytes).value();
  EXPECT_EQ(again.name, "pods");
  EXPECT_EQ(again.plugins.size(), 1U);
}

TEST(ParseSinglePlugin, NeedsAType) {
  EXPECT_EQ(parse_single_plugin(R"({"name":"a"})").error().msg,
            "error parsing configuration: missing 'type'");
  EXPECT_EQ(parse_single_plugin("[]").error().msg,
            "error parsing configuration: the document: expected an object, found an array");
}

}  // namespace
}  // namespace podwire::spec
