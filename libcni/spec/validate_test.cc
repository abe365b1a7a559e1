#include "libcni/spec/validate.h"

#include <gtest/gtest.h>

namespace podwire::spec {
namespace {

TEST(ValidateContainerId, FollowsThePattern) {
  for (const std::string& id :
       {std::string("a"), std::string("0a_.-Z"), std::string("default-pod.1"), std::string(1000, 'f')}) {
    EXPECT_TRUE(validate_container_id(id)) << id;
  }
  for (const char* id : {"-a", ".a", "_a", "a/b", "a b", "a\n", "a:b", "\xc3\xa4", "a\xff"}) {
    const auto valid = validate_container_id(id);
    ASSERT_FALSE(valid) << id;
    EXPECT_EQ(valid.error().code, Code::kInvalidEnvironment);
    EXPECT_EQ(valid.error().msg, "invalid characters in containerID");
    EXPECT_EQ(valid.error().details, id);
  }
  EXPECT_EQ(validate_container_id("").error().msg, "missing containerID");
}

TEST(ValidateNetworkName, FollowsThePattern) {
  EXPECT_TRUE(validate_network_name("cbr0.pods_1-x"));
  EXPECT_EQ(validate_network_name("").error().msg, "missing network name");
  const Error error = validate_network_name("../etc").error();
  EXPECT_EQ(error.code, Code::kInvalidNetworkConfig);
  EXPECT_EQ(error.msg, "invalid characters found in network name");
  EXPECT_EQ(error.details, "../etc");
}

TEST(ValidateInterfaceName, CountsBytes) {
  EXPECT_TRUE(validate_interface_name("123456789012345"));
  EXPECT_EQ(validate_interface_name("1234567890123456").error().msg, "interface name is too long");
  EXPECT_EQ(
      validate_interface_name("\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4\xc3\xa4").error().msg,
      "interface name is too long");
  EXPECT_EQ(validate_interface_name("").error().msg, "interface name is empty");
}

TEST(ValidateInterfaceName, RefusesPathsAndAliases) {
  for (const char* name : {".", ".."}) {
    EXPECT_EQ(validate_interface_name(name).error().msg, "interface name is . or ..");
  }
  for (const char* name : {"a/b", "eth0:1", "..."}) {
    EXPECT_EQ(validate_interface_name(name).has_value(), std::string_view(name) == "...") << name;
  }
}

TEST(ValidateInterfaceName, RefusesEveryUnicodeWhiteSpace) {
  for (const char* name :
       {"a b", "a\t", "\nb", "a\v", "a\f", "a\r", "a\u0085", "a\u00a0", "a\u1680", "a\u2000", "a\u2003b",
        "a\u200a", "a\u2028", "a\u2029", "a\u202f", "a\u205f", "\u3000"}) {
    const auto valid = validate_interface_name(name);
    ASSERT_FALSE(valid) << testing::PrintToString(name);
    EXPECT_EQ(valid.error().msg, "interface name contains / or : or whitespace characters");
    EXPECT_EQ(valid.error().code, Code::kInvalidEnvironment);
    EXPECT_EQ(valid.error().details, name);
  }
}

TEST(ValidateInterfaceName, AcceptsOtherUnicodeAndBrokenUtf8) {
  for (const char* name : {"eth0", "\u00e4", "\u200b", "\u2060", "\U0001f600", "a\xe2\x80", "a\x85",
                           "\xe0\x82\xa0", "\xf0\x82\x80\x83"}) {
    EXPECT_TRUE(validate_interface_name(name)) << testing::PrintToString(name);
  }
}

TEST(ValidatePluginType, IsAFileName) {
  EXPECT_TRUE(validate_plugin_type("host-local"));
  for (const char* type : {"", "../bridge", "a\\b", "/bin/sh"}) {
    const auto valid = validate_plugin_type(type);
    ASSERT_FALSE(valid) << type;
    EXPECT_EQ(valid.error().code, Code::kInvalidNetworkConfig);
  }
}

}  // namespace
}  // namespace podwire::spec
