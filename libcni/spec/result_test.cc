#include "libcni/spec/result.h"

#include <gtest/gtest.h>

namespace podwire::spec {
namespace {

Ip ip(std::string_view text) {
  return Ip::parse(text).value();
}
Cidr cidr(std::string_view text) {
  return Cidr::parse(text).value();
}

AddResult dual_stack() {
  return {.interfaces = {{.name = "cni0", .mac = "02:00:00:00:00:01", .mtu = 1500},
                         {.name = "eth0",
                          .mac = "02:00:00:00:00:02",
                          .mtu = 1450,
                          .sandbox = "/run/netns/pod",
                          .socket_path = "/sock",
                          .pci_id = "0000:00:01.0"}},
          .ips = {{.interface = 1, .address = cidr("10.0.0.5/24"), .gateway = ip("10.0.0.1")},
                  {.interface = 0, .address = cidr("2001:db8::5/64"), .gateway = ip("2001:db8::1")},
                  {.address = cidr("10.0.1.5/24")}},
          .routes = {{.dst = cidr("0.0.0.0/0"),
                      .gw = ip("10.0.0.1"),
                      .mtu = 1400,
                      .advmss = 1360,
                      .priority = 10,
                      .table = 0,
                      .scope = std::uint8_t{0}},
                     {.dst = cidr("::/0")}},
          .dns = {.nameservers = {"10.0.0.2"}, .domain = "x", .search = {"y"}, .options = {"z"}}};
}

std::string encode(const AddResult& result, Version version) {
  return encode_result(result, version).value().dump();
}

Result<AddResult> decode(std::string_view text, Version fallback = Version::v1_1_0) {
  return decode_result(Json::parse(text).value().view(), fallback);
}

constexpr const char* kRoutes =
    R"("routes":[{"dst":"0.0.0.0/0","gw":"10.0.0.1","mtu":1400,"advmss":1360,"priority":10,"table":0,"scope":0},)"
    R"({"dst":"::/0"}])";
constexpr const char* kDns =
    R"("dns":{"nameservers":["10.0.0.2"],"domain":"x","search":["y"],"options":["z"]})";

TEST(EncodeResult, CurrentVersions) {
  const std::string rest =
      std::string(kDns) +
      R"(,"interfaces":[{"name":"cni0","mac":"02:00:00:00:00:01","mtu":1500},)"
      R"({"name":"eth0","mac":"02:00:00:00:00:02","mtu":1450,"sandbox":"/run/netns/pod","socketPath":"/sock",)"
      R"("pciID":"0000:00:01.0"}],)"
      R"("ips":[{"interface":1,"address":"10.0.0.5/24","gateway":"10.0.0.1"},)"
      R"({"interface":0,"address":"2001:db8::5/64","gateway":"2001:db8::1"},{"address":"10.0.1.5/24"}],)" +
      kRoutes + "}";
  EXPECT_EQ(encode(dual_stack(), Version::v1_1_0), R"({"cniVersion":"1.1.0",)" + rest);
  EXPECT_EQ(encode(dual_stack(), Version::v1_0_0), R"({"cniVersion":"1.0.0",)" + rest);
}

TEST(EncodeResult, Version03And04HaveFamiliesAndNoMtu) {
  const std::string rest =
      R"("interfaces":[{"name":"cni0","mac":"02:00:00:00:00:01"},)"
      R"({"name":"eth0","mac":"02:00:00:00:00:02","sandbox":"/run/netns/pod"}],)"
      R"("ips":[{"version":"4","interface":1,"address":"10.0.0.5/24","gateway":"10.0.0.1"},)"
      R"({"version":"6","interface":0,"address":"2001:db8::5/64","gateway":"2001:db8::1"},)"
      R"({"version":"4","address":"10.0.1.5/24"}],)" +
      std::string(kRoutes) + "," + kDns + "}";
  for (const Version version : {Version::v0_3_0, Version::v0_3_1, Version::v0_4_0}) {
    EXPECT_EQ(encode(dual_stack(), version),
              R"({"cniVersion":")" + std::string(text(version)) + "\"," + rest);
  }
}

TEST(EncodeResult, Version01And02HaveOneAddressPerFamily) {
  const std::string rest =
      R"("ip4":{"ip":"10.0.0.5/24","gateway":"10.0.0.1","routes":[{"dst":"0.0.0.0/0","gw":"10.0.0.1"}]},)"
      R"("ip6":{"ip":"2001:db8::5/64","gateway":"2001:db8::1","routes":[{"dst":"::/0"}]},)" +
      std::string(kDns) + "}";
  EXPECT_EQ(encode(dual_stack(), Version::v0_2_0), R"({"cniVersion":"0.2.0",)" + rest);
  EXPECT_EQ(encode(dual_stack(), Version::v0_1_0), R"({"cniVersion":"0.1.0",)" + rest);
}

TEST(EncodeResult, RoutesOfAnAbsentFamilyAreDropped) {
  const AddResult result{.ips = {{.address = cidr("2001:db8::5/64")}},
                         .routes = {{.dst = cidr("0.0.0.0/0")}}};
  EXPECT_EQ(encode(result, Version::v0_2_0),
            R"({"cniVersion":"0.2.0","ip6":{"ip":"2001:db8::5/64"},"dns":{}})");
}

TEST(EncodeResult, WithoutAddresses) {
  EXPECT_EQ(encode({}, Version::v1_1_0), R"({"cniVersion":"1.1.0"})");
  EXPECT_EQ(encode({}, Version::v0_4_0), R"({"cniVersion":"0.4.0","dns":{}})");
  const auto old = encode_result({}, Version::v0_2_0);
  ASSERT_FALSE(old);
  EXPECT_EQ(old.error().msg, "cannot convert: no valid IP addresses");
  EXPECT_EQ(old.error().code, Code::kIncompatibleVersion);
}

TEST(DecodeResult, ReadsWhatEncodeWrites) {
  for (const Version version : {Version::v0_2_0, Version::v0_4_0, Version::v1_1_0}) {
    const std::string text = encode(dual_stack(), version);
    EXPECT_EQ(encode(decode(text, Version::v1_1_0).value(), version), text);
  }
  const std::string text = encode(dual_stack(), Version::v1_1_0);
  EXPECT_EQ(encode(decode(text).value(), Version::v0_2_0), encode(dual_stack(), Version::v0_2_0));
}

TEST(DecodeResult, OldResultsBecomeListsInOrder) {
  const AddResult result =
      decode(R"({"cniVersion":"0.2.0","ip6":{"ip":"2001:db8::5/64","routes":[{"dst":"::/0"}]},)"
             R"("ip4":{"ip":"10.0.0.5/24","gateway":"10.0.0.1","routes":[{"dst":"0.0.0.0/0"}]}})")
          .value();
  ASSERT_EQ(result.ips.size(), 2U);
  EXPECT_EQ(result.ips[0].address.text(), "10.0.0.5/24");
  EXPECT_EQ(result.ips[0].gateway, ip("10.0.0.1"));
  EXPECT_EQ(result.ips[1].address.text(), "2001:db8::5/64");
  EXPECT_FALSE(result.ips[0].interface);
  ASSERT_EQ(result.routes.size(), 2U);
  EXPECT_EQ(result.routes[0].dst.text(), "0.0.0.0/0");
  EXPECT_TRUE(result.interfaces.empty());
}

TEST(DecodeResult, LabelDecidesAndFallbackStandsIn) {
  const std::string body = R"("ip4":{"ip":"10.0.0.5/24"},"ips":[]})";
  EXPECT_EQ(decode("{" + body, Version::v0_2_0)->ips.size(), 1U);
  EXPECT_EQ(decode("{" + body, Version::v1_0_0)->ips.size(), 0U);
  EXPECT_EQ(decode(R"({"cniVersion":"",)" + body, Version::v0_1_0)->ips.size(), 1U);
  EXPECT_EQ(decode(R"({"cniVersion":"1.0.0",)" + body, Version::v0_2_0)->ips.size(), 0U);
}

TEST(DecodeResult, EmptyIsFine) {
  for (const char* text : {"null", "{}", R"({"ips":null,"routes":[],"dns":{},"interfaces":null,"x":1})"}) {
    const auto result = decode(text);
    ASSERT_TRUE(result) << text;
    EXPECT_EQ(encode(*result, Version::v1_1_0), R"({"cniVersion":"1.1.0"})");
  }
}

struct Broken {
  const char* text;
  const char* message;
};

class BrokenResult : public testing::TestWithParam<Broken> {};

TEST_P(BrokenResult, IsNamedByPointer) {
  const auto result = decode(GetParam().text);
  ASSERT_FALSE(result);
  EXPECT_EQ(result.error().code, Code::kDecode);
  EXPECT_EQ(result.error().msg, GetParam().message);
}

INSTANTIATE_TEST_SUITE_P(
    Messages, BrokenResult,
    testing::Values(
        Broken{"[]", "the document: expected an object, found an array"},
        Broken{R"({"cniVersion":"1.2.3"})", "/cniVersion: unsupported result version \"1.2.3\""},
        Broken{R"({"ips":{}})", "/ips: expected an array, found an object"},
        Broken{R"({"ips":[null]})", "/ips/0: expected an object, found null"},
        Broken{R"({"ips":[{}]})", "/ips/0: missing \"address\""},
        Broken{R"({"ips":[{"address":"10.0.0.1"}]})", "/ips/0/address: invalid CIDR address: 10.0.0.1"},
        Broken{R"({"ips":[{"address":"10.0.0.1/8","gateway":"x"}]})",
               "/ips/0/gateway: invalid IP address: x"},
        Broken{R"({"ips":[{"address":"10.0.0.1/8","interface":0}]})",
               "/ips/0: interface 0 is out of range: the result has 0 interfaces"},
        Broken{R"({"interfaces":[{"name":"a"}],"ips":[{"address":"10.0.0.1/8","interface":1}]})",
               "/ips/0: interface 1 is out of range: the result has 1 interfaces"},
        Broken{R"({"ips":[{"address":"10.0.0.1/8","interface":-1}]})",
               "/ips/0/interface: expected an integer from 0 to 2147483647, found a number (-1)"},
        Broken{R"({"interfaces":[5]})", "/interfaces/0: expected an object, found a number (5)"},
        Broken{R"({"routes":[{"dst":"10.0.0.0/8","scope":256}]})",
               "/routes/0/scope: expected an integer from 0 to 255, found a number (256)"},
        Broken{R"({"routes":[{"dst":"10.0.0.0/8","table":4294967296}]})",
               "/routes/0/table: expected an integer from 0 to 4294967295, found a number (4294967296)"},
        Broken{R"({"routes":[{"gw":"10.0.0.1"}]})", "/routes/0: missing \"dst\""},
        Broken{R"({"dns":{"search":"x"}})", "/dns/search: expected an array, found a string (\"x\")"},
        Broken{R"({"cniVersion":"0.2.0","ip4":{"gateway":"10.0.0.1"}})", "/ip4: missing \"ip\""},
        Broken{R"({"cniVersion":"0.2.0","ip4":[]})", "/ip4: expected an object, found an array"}));

TEST(DecodeResult, KeepsHostBitsAndTakesEmptyGatewayForNone) {
  const AddResult result =
      decode(
          R"({"ips":[{"address":"::ffff:10.0.0.5/24","gateway":""}],"routes":[{"dst":"10.1.2.3/8","gw":""}]})")
          .value();
  EXPECT_EQ(encode(result, Version::v1_1_0),
            R"({"cniVersion":"1.1.0","ips":[{"address":"10.0.0.5/24"}],"routes":[{"dst":"10.1.2.3/8"}]})");
}

TEST(EncodeError, IsOneLineWithVersion) {
  EXPECT_EQ(encode_error({.code = Code::kTryAgainLater, .msg = "a\n\"b\"", .details = "d"}, "0.4.0"),
            R"({"cniVersion":"0.4.0","code":11,"msg":"a\n\"b\"","details":"d"})");
  EXPECT_EQ(encode_error({.code = Code::kDecode, .msg = "\xff"}, ""),
            "{\"cniVersion\":\"1.1.0\",\"code\":6,\"msg\":\"\xef\xbf\xbd\"}");
}

TEST(EncodeVersionInfo, ListsAllVersions) {
  const std::string list = R"("supportedVersions":["0.1.0","0.2.0","0.3.0","0.3.1","0.4.0","1.0.0","1.1.0"]})"
                           "\n";
  EXPECT_EQ(encode_version_info("0.4.0"), R"({"cniVersion":"0.4.0",)" + list);
  EXPECT_EQ(encode_version_info(""), R"({"cniVersion":"1.1.0",)" + list);
}

}  // namespace
}  // namespace podwire::spec
