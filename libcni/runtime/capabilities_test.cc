#include "libcni/runtime/capabilities.h"

#include <gtest/gtest.h>

namespace podwire::runtime {
namespace {

spec::PluginConf plugin(std::string_view text) {
  return {.type = "p", .document = Json::parse(text).value()};
}

TEST(Capabilities, OnlyWhatIsDeclaredTrueCounts) {
  const auto declared =
      declared_capabilities(plugin(R"({"capabilities":{"mac":true,"ips":false,"portMappings":true}})"));
  EXPECT_EQ(declared.value(), (std::set<std::string>{"mac", "portMappings"}));
  EXPECT_TRUE(declared_capabilities(plugin("{}")).value().empty());
  EXPECT_TRUE(declared_capabilities(plugin(R"({"capabilities":null})")).value().empty());
}

TEST(Capabilities, IllShapedDeclarationsAreNamed) {
  const auto array = declared_capabilities(plugin(R"({"capabilities":["mac"]})"));
  ASSERT_FALSE(array.has_value());
  EXPECT_EQ(array.error().code, Code::kDecode);
  EXPECT_TRUE(array.error().msg.contains("/capabilities")) << array.error().msg;
  EXPECT_FALSE(declared_capabilities(plugin(R"({"capabilities":{"mac":1}})")).has_value());
}

TEST(Capabilities, TheUnionOverAList) {
  const auto list = spec::parse_network_list(R"({"cniVersion":"1.0.0","name":"n","plugins":[
      {"type":"a","capabilities":{"mac":true}},{"type":"b","capabilities":{"ips":true,"mac":false}}]})");
  EXPECT_EQ(declared_capabilities(list.value()).value(), (std::set<std::string>{"ips", "mac"}));
}

TEST(Capabilities, RuntimeConfigIsTheIntersection) {
  const Json args = Json::parse(R"({"mac":"02:00:00:00:00:01","ips":["10.0.0.2"],"dns":{}})").value();
  const auto config = runtime_config(plugin(R"({"capabilities":{"mac":true,"ips":false,"x":true}})"), args);
  EXPECT_EQ(config.value().dump(), R"({"mac":"02:00:00:00:00:01"})");
  EXPECT_TRUE(runtime_config(plugin("{}"), args).value().empty());
}

}  // namespace
}  // namespace podwire::runtime
