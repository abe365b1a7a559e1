#include "libcni/runtime/request.h"

#include <gtest/gtest.h>

namespace podwire::runtime {
namespace {

spec::NetworkList list_of(std::string_view plugin, std::string_view version = "1.0.0") {
  const std::string text = std::string(R"({"cniVersion":")")
                               .append(version)
                               .append(R"(","name":"net","plugins":[)")
                               .append(plugin)
                               .append("]}");
  return spec::parse_network_list(text).value();
}

VersionedResult result_of(std::string_view text) {
  return decode_versioned(Json::parse(text).value().view(), spec::kCurrentVersion).value();
}

TEST(Request, NameAndVersionAreTheListsAndOtherKeysStay) {
  const auto list =
      list_of(R"({"type":"p","name":"other","cniVersion":"0.1.0","big":9007199254740993,"x":{"y":[1.5]}})");
  EXPECT_EQ(status_request(list, list.plugins[0]).value().dump(),
            R"({"cniVersion":"1.0.0","name":"net","type":"p","big":9007199254740993,"x":{"y":[1.5]}})");
}

TEST(Request, WhatBelongsToTheRuntimeIsStripped) {
  const auto list =
      list_of(R"({"type":"p","capabilities":{"mac":true},"cni.dev/valid-attachments":[],"cni.devx":1})");
  EXPECT_EQ(status_request(list, list.plugins[0]).value().dump(),
            R"({"cniVersion":"1.0.0","name":"net","type":"p","cni.devx":1})");
}

TEST(Request, RuntimeConfigOnlyWhenItHasSomething) {
  const auto list = list_of(R"({"type":"p","capabilities":{"mac":true}})");
  RuntimeConf conf;
  EXPECT_FALSE(attachment_request(list, list.plugins[0], conf, {}).value().view().find("runtimeConfig"));
  conf.capability_args.set("ips", Json::array());
  EXPECT_FALSE(attachment_request(list, list.plugins[0], conf, {}).value().view().find("runtimeConfig"));
  conf.capability_args.set("mac", "02:00:00:00:00:01");
  const Json request = attachment_request(list, list.plugins[0], conf, {}).value();
  EXPECT_EQ(request.view().find("runtimeConfig")->dump(), R"({"mac":"02:00:00:00:00:01"})");
}

TEST(Request, PrevResultIsReencodedInItsOwnVersion) {
  const auto list = list_of(R"({"type":"p"})");
  const auto previous =
      result_of(R"({"cniVersion":"0.4.0","unknown":1,"ips":[{"version":"4","address":"10.0.0.2/24"}]})");
  const Json request = attachment_request(list, list.plugins[0], {}, previous).value();
  EXPECT_EQ(request.view().find("prevResult")->dump(),
            R"({"cniVersion":"0.4.0","ips":[{"version":"4","address":"10.0.0.2/24"}],"dns":{}})");
}

TEST(Request, GcCarriesBothKeysAndNoRuntimeConfig) {
  const auto list = list_of(R"({"type":"p","capabilities":{"mac":true}})", "1.1.0");
  const std::vector<spec::Attachment> valid{{"net", "id1", "eth0"}};
  const Json request = gc_request(list, list.plugins[0], valid).value();
  EXPECT_EQ(request.view().find("cni.dev/valid-attachments")->dump(),
            R"([{"containerID":"id1","ifname":"eth0"}])");
  EXPECT_EQ(request.view().find("cni.dev/attachments")->dump(), R"([{"containerID":"id1","ifname":"eth0"}])");
  EXPECT_FALSE(request.view().find("runtimeConfig"));
  EXPECT_EQ(gc_request(list, list.plugins[0], {}).value().view().find("cni.dev/valid-attachments")->dump(),
            "[]");
}

TEST(VersionedResult, NullAndEmptyAreEmptyResultsOfTheFallback) {
  for (const char* text : {"null", "{}"}) {
    const Json value = Json::parse(text).value();
    const auto decoded = decode_versioned(value.view(), spec::Version::v0_2_0);
    ASSERT_TRUE(decoded.has_value()) << text;
    EXPECT_EQ(decoded->version, spec::Version::v0_2_0);
    EXPECT_EQ(encode_versioned(*decoded).value().dump(), R"({"cniVersion":"0.2.0","dns":{}})");
  }
}

TEST(VersionedResult, RefusesVersionsThatDoNotExist) {
  const Json value = Json::parse(R"({"cniVersion":"9.0.0"})").value();
  const auto decoded = decode_versioned(value.view(), spec::kCurrentVersion);
  ASSERT_FALSE(decoded.has_value());
  EXPECT_EQ(decoded.error().code, Code::kIncompatibleVersion);
}

}  // namespace
}  // namespace podwire::runtime
