#include "plugins/host-local-ipam/config.h"

#include <gtest/gtest.h>

#include "plugins/host-local-ipam/test_support.h"

namespace podwire::host_local {
namespace {

using test::code;
using test::message;
using test::must;

constexpr std::string_view kRanges =
    R"([[{"subnet":"10.1.2.0/24","rangeStart":"10.1.2.9","rangeEnd":"10.1.2.20","gateway":"10.1.2.30"}],
        [{"subnet":"11.1.2.0/24","rangeStart":"11.1.2.9","rangeEnd":"11.1.2.20","gateway":"11.1.2.30"}]])";

/// A configuration with these members of "ipam", and `more` at top level.
Result<Config> parse(std::string_view ipam, std::string_view more = "", std::string_view version = "0.3.1",
                     std::string_view args = "") {
  spec::Invocation invocation;
  invocation.env.args = args;
  invocation.conf = TRY(spec::parse_net_conf(fmt::format(
      R"({{"cniVersion":"{}","name":"mynet","type":"ipvlan","ipam":{{"type":"host-local",{}}}{}}})", version,
      ipam, more)));
  return parse_config(invocation);
}

std::string sets(const Result<Config>& config) {
  std::string out;
  for (const RangeSet& set : must(config).range_sets) out += (out.empty() ? "" : " ") + text(set);
  return out;
}

std::string requested(const Result<Config>& config) {
  std::string out;
  for (const Ip& ip : must(config).requested) out += (out.empty() ? "" : " ") + ip.text();
  return out;
}

TEST(Config, OldStyle) {
  const auto config =
      parse(R"("subnet":"10.1.2.0/24","rangeStart":"10.1.2.9","rangeEnd":"10.1.2.20","gateway":"10.1.2.30")");
  EXPECT_EQ(sets(config), "10.1.2.9-10.1.2.20");
  EXPECT_EQ(config->range_sets[0][0].gateway, test::ip("10.1.2.30"));
  EXPECT_EQ(config->directory, "/var/lib/cni/networks/mynet");
  EXPECT_TRUE(config->routes.empty() && config->resolv_conf.empty() && config->requested.empty());
}

TEST(Config, NewStyle) {
  const auto config =
      parse(fmt::format(R"("ranges":{},"dataDir":"/some/where","resolvConf":"/etc/resolv.conf",
      "routes":[{{"dst":"0.0.0.0/0"}},{{"dst":"192.168.0.0/16","gw":"10.1.2.1"}}])",
                        kRanges));
  EXPECT_EQ(sets(config), "10.1.2.9-10.1.2.20 11.1.2.9-11.1.2.20");
  EXPECT_EQ(config->directory, "/some/where/mynet");
  EXPECT_EQ(config->resolv_conf, "/etc/resolv.conf");
  ASSERT_EQ(config->routes.size(), 2U);
  EXPECT_EQ(config->routes[1].gw, test::ip("10.1.2.1"));
}

TEST(Config, MixedStyleInTheReferencesOrder) {
  EXPECT_EQ(
      sets(parse(R"("subnet":"10.1.2.0/24","ranges":[[{"subnet":"11.1.2.0/24"}]])",
                 R"(,"runtimeConfig":{"ipRanges":[[{"subnet":"12.1.2.0/24"},{"subnet":"13.1.2.0/24"}]]})")),
      "12.1.2.1-12.1.2.254,13.1.2.1-13.1.2.254 10.1.2.1-10.1.2.254 11.1.2.1-11.1.2.254");
  EXPECT_EQ(sets(parse(R"("rangeStart":"10.1.2.9","ranges":[[{"subnet":"11.1.2.0/24"}]])")),
            "11.1.2.1-11.1.2.254")
      << "a top-level start without a subnet is no range";
}

TEST(Config, RuntimeRangesFlatAndCapitalised) {
  EXPECT_EQ(sets(parse(R"("ranges":[])", R"(,"runtimeConfig":{"ipRanges":[
      {"Subnet":"12.1.2.0/24","RangeStart":"12.1.2.7","RangeEnd":"","Gateway":""},{"Subnet":"2001:db8::/64","RangeStart":""}]})")),
            "12.1.2.7-12.1.2.254 2001:db8::1-2001:db8::ffff:ffff:ffff:ffff");
  EXPECT_EQ(sets(parse(R"("subnet":"10.1.2.0/24","ranges":null)",
                       R"(,"runtimeConfig":{"ipRanges":null,"ips":null},"args":{"cni":null})")),
            "10.1.2.1-10.1.2.254");
}

TEST(Config, RequestedAddressesAreAppended) {
  const std::string ipam = fmt::format(R"("ranges":{})", kRanges);
  EXPECT_EQ(requested(parse(ipam, "", "0.3.1", "IP=10.1.2.10")), "10.1.2.10");
  EXPECT_EQ(requested(parse(ipam, "", "0.3.1", "IP=10.1.2.11/24")), "10.1.2.11");
  EXPECT_EQ(requested(parse(ipam, R"(,"args":{"cni":{"ips":["10.1.2.11","11.11.11.11","2001:db8:1::11"]}})",
                            "0.3.1", "IP=10.1.2.10")),
            "10.1.2.10 10.1.2.11 11.11.11.11 2001:db8:1::11");
  EXPECT_EQ(
      requested(parse(
          ipam,
          R"(,"args":{"cni":{"ips":["10.1.2.11/16"]}},"runtimeConfig":{"IPs":["10.1.2.12/24","10.1.2.10",
                               "2001:db8:1::999/64"]})",
          "0.3.1", "IgnoreUnknown=1;K8S_POD_NAME=x;IP=10.1.2.10")),
      "10.1.2.10 10.1.2.11 10.1.2.12 2001:db8:1::999");
  EXPECT_EQ(requested(parse(ipam, "", "0.3.1", "IP=::ffff:10.1.2.10")), "10.1.2.10");
}

TEST(Config, BadRequests) {
  const std::string ipam = fmt::format(R"("ranges":{})", kRanges);
  const auto unknown = parse(ipam, "", "0.3.1", "K8S_POD_NAME=x");
  EXPECT_EQ(code(unknown), Code::kInvalidEnvironment);
  EXPECT_NE(message(unknown).find("ARGS: unknown args"), std::string::npos) << message(unknown);
  EXPECT_EQ(message(parse(ipam, "", "0.3.1", "IP=no")),
            "CNI_ARGS IP: cannot understand ip: invalid IP address: no");
  EXPECT_EQ(code(parse(ipam, "", "0.3.1", "IP=no")), Code::kInvalidEnvironment);
  EXPECT_EQ(message(parse(ipam, R"(,"args":{"cni":{"ips":["10.1.2"]}})")),
            "/args/cni/ips: cannot understand ip: invalid IP address: 10.1.2");
  EXPECT_EQ(message(parse(ipam, R"(,"runtimeConfig":{"ips":["10.1.2.3/99"]})")),
            "/runtimeConfig/ips: cannot understand ip: invalid CIDR address: 10.1.2.3/99");
  EXPECT_EQ(code(parse(ipam, R"(,"runtimeConfig":{"ips":"10.1.2.3"})")), Code::kDecode);
}

TEST(Config, Refusals) {
  struct Case {
    std::string ipam, version, want;
  };
  const std::vector<Case> cases{
      {R"("x":1)", "0.3.1", "no IP ranges specified"},
      {R"("ranges":[])", "0.3.1", "no IP ranges specified"},
      {R"("ranges":[[]])", "0.3.1", "invalid range set 0: empty range set"},
      {R"("ranges":[[{"subnet":"10.1.2.0/24"}],[{"subnet":"10.1.2.5/24"}]])", "0.3.1",
       "invalid range set 1: Network has host bits set. For a subnet mask of length 24 the network address "
       "is 10.1.2.0"},
      {R"("ranges":[[{"rangeStart":"10.1.2.9"}]])", "0.3.1", "invalid range set 0: subnet is missing"},
      {R"("ranges":[[{"subnet":"10.1.2.0/24","rangeEnd":"10.1.2.128"}],[{"subnet":"10.1.2.0/24","rangeStart":"10.1.2.15"}]])",
       "0.3.1", "range set 0 overlaps with 1"},
      {R"("ranges":[[{"subnet":"10.1.0.0/22"},{"subnet":"10.1.2.0/24"}]])", "0.3.1",
       "invalid range set 0: subnets 10.1.0.1-10.1.3.254 and 10.1.2.1-10.1.2.254 overlap"},
      {R"("ranges":[[{"subnet":"10.1.0.0/22"},{"subnet":"2001:db8:5::/64"}]])", "0.3.1",
       "invalid range set 0: mixed address families"},
      {R"("ranges":[[{"subnet":"10.1.2.0/24"}],[{"subnet":"11.1.2.0/24"}]])", "0.2.0",
       "CNI version 0.2.0 does not support more than 1 address per family"},
      {R"("ranges":[[{"subnet":"2001:db8:1::/64"}],[{"subnet":"2001:db8:2::/64"}]])", "0.1.0",
       "CNI version 0.1.0 does not support more than 1 address per family"},
      {R"("subnet":"10.1.2.0")", "0.3.1", "/ipam/subnet: invalid CIDR address: 10.1.2.0"},
      {R"("ranges":[[{"subnet":"10.1.2.0/24","gateway":"gw"}]])", "0.3.1",
       "/ipam/ranges/0/0/gateway: invalid IP address: gw"},
  };
  for (const Case& c : cases) {
    const auto config = parse(c.ipam, "", c.version);
    EXPECT_EQ(message(config), c.want);
    EXPECT_EQ(code(config), Code::kInvalidNetworkConfig) << c.want;
  }
  EXPECT_EQ(code(parse(R"("ranges":[{"subnet":"10.1.2.0/24"}])")), Code::kDecode)
      << "only ipRanges may be flat";
  EXPECT_EQ(code(parse(R"("subnet":7)")), Code::kDecode);
  EXPECT_EQ(code(parse(R"("subnet":"10.1.2.0/24","dataDir":[])")), Code::kDecode);
}

TEST(Config, OneAddressPerFamilyIsFineInOldVersions) {
  EXPECT_EQ(
      sets(parse(R"("ranges":[[{"subnet":"10.1.2.0/24"}],[{"subnet":"2001:db8:1::/48"}]])", "", "0.2.0")),
      "10.1.2.1-10.1.2.254 2001:db8:1::1-2001:db8:1:ffff:ffff:ffff:ffff:ffff");
}

TEST(Config, MissingIpam) {
  spec::Invocation invocation;
  invocation.conf = must(spec::parse_net_conf(R"({"cniVersion":"1.0.0","name":"n","type":"bridge"})"));
  EXPECT_EQ(message(parse_config(invocation)), "IPAM config missing 'ipam' key");
  EXPECT_EQ(message(parse_directory(invocation.conf)), "IPAM config missing 'ipam' key");
}

TEST(Config, DirectoryNeedsNothingElseToBeRight) {
  const auto conf = must(spec::parse_net_conf(
      R"({"cniVersion":"1.0.0","name":"n","type":"bridge","ipam":{"dataDir":"/d","ranges":"bad","subnet":5}})"));
  EXPECT_EQ(must(parse_directory(conf)), "/d/n");
}

}  // namespace
}  // namespace podwire::host_local
