#include "shim/pod/requests.h"

#include <fmt/format.h>
#include <gtest/gtest.h>

namespace podwire::pod {
namespace {

spec::NetworkList list(const std::string& name, const std::string& capabilities) {
  return spec::parse_network_list(
             fmt::format(
                 R"({{"cniVersion":"1.0.0","name":"{}","plugins":[{{"type":"p","capabilities":{{{}}}}}]}})",
                 name, capabilities))
      .value();
}

TEST(Requests, GoToTheFirstNetworkThatDeclaresThem) {
  const std::vector<spec::NetworkList> lists{list("a", R"("mac":true)"),
                                             list("b", R"("mac":true,"ips":true)")};
  const auto args =
      assign_requests({.ips = {"10.0.0.2", "fd00::2/64"}, .macs = {"02:00:00:00:00:0A"}}, lists);
  ASSERT_TRUE(args.has_value()) << args.error().msg;
  EXPECT_EQ((*args)[0].dump(), R"({"mac":"02:00:00:00:00:0a"})");
  EXPECT_EQ((*args)[1].dump(), R"({"ips":["10.0.0.2","fd00::2/64"]})");
}

TEST(Requests, OrToTheInterfaceTheyName) {
  const std::vector<spec::NetworkList> lists{list("a", R"("portMappings":true)"),
                                             list("b", R"("portMappings":true)")};
  const auto args = assign_requests({.ports = {"eth1=8080:80", "81:81"}}, lists);
  ASSERT_TRUE(args.has_value()) << args.error().msg;
  EXPECT_EQ((*args)[0].dump(), R"({"portMappings":[{"hostPort":81,"containerPort":81,"protocol":"tcp"}]})");
  EXPECT_EQ((*args)[1].dump(), R"({"portMappings":[{"hostPort":8080,"containerPort":80,"protocol":"tcp"}]})");
}

TEST(Requests, WhatNobodyDeclaresIsRefused) {
  const std::vector<spec::NetworkList> lists{list("a", ""), list("b", R"("mac":true)")};
  const auto ports = assign_requests({.ports = {"8080:80"}}, lists);
  ASSERT_FALSE(ports.has_value());
  EXPECT_EQ(ports.error().code, Code::kUnsupportedField);
  EXPECT_EQ(ports.error().msg,
            R"(no plugin of network "a, b" declares the capability "portMappings" (wanted for 8080:80))");
  const auto mac = assign_requests({.macs = {"eth0=02:00:00:00:00:01"}}, lists);
  ASSERT_FALSE(mac.has_value());
  EXPECT_EQ(mac.error().msg,
            R"(no plugin of network "a" declares the capability "mac" (wanted for eth0=02:00:00:00:00:01))");
}

TEST(Requests, MalformedValuesAreNamed) {
  const std::vector<spec::NetworkList> lists{list("a", R"("mac":true,"ips":true,"portMappings":true)")};
  const std::pair<Requests, const char*> cases[] = {
      {{.ips = {"10.0.0"}}, "\"10.0.0\" is not an IP address"},
      {{.ips = {"eth1=10.0.0.2"}}, "the pod has no interface \"eth1\""},
      {{.macs = {"02:00"}}, "02:00"},
      {{.macs = {"02:00:00:00:00:01", "02:00:00:00:00:02"}}, "has a MAC request already"},
      {{.ports = {"x"}}, "port \"x\""},
  };
  for (const auto& [requests, expected] : cases) {
    const auto args = assign_requests(requests, lists);
    ASSERT_FALSE(args.has_value()) << expected;
    EXPECT_TRUE(args.error().msg.contains(expected)) << args.error().msg;
  }
}

TEST(Requests, NoRequestsAreEmptyObjects) {
  const std::vector<spec::NetworkList> lists{list("a", "")};
  EXPECT_EQ(assign_requests({}, lists).value().at(0).dump(), "{}");
}

}  // namespace
}  // namespace podwire::pod
