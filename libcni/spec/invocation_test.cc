#include "libcni/spec/invocation.h"

#include <gtest/gtest.h>

namespace podwire::spec {
namespace {

/// A configuration with these members besides name and version.
std::string with(std::string_view members) {
  return R"({"cniVersion":"1.1.0","name":"pods","type":"bridge")" +
         (members.empty() ? "" : "," + std::string(members)) + "}";
}

NetConf parse(std::string_view members) {
  return parse_net_conf(with(members)).value();
}
Error error_of(std::string text) {
  return parse_net_conf(std::move(text)).error();
}

TEST(ParseNetConf, KeepsTextAndDocument) {
  const std::string text = " " + with(R"("x":9007199254740993)") + "\n";
  const NetConf conf = parse_net_conf(text).value();
  EXPECT_EQ(conf.text, text);
  EXPECT_EQ(conf.name, "pods");
  EXPECT_EQ(conf.type, "bridge");
  EXPECT_EQ(conf.version, Version::v1_1_0);
  EXPECT_EQ(conf.view().find("x")->dump(), "9007199254740993");
  EXPECT_EQ(conf.log_level, "warn");
  EXPECT_EQ(conf.ipam_type, "");
  EXPECT_FALSE(conf.has_dns);
  EXPECT_FALSE(conf.prev_result);
  EXPECT_FALSE(conf.valid_attachments);
}

TEST(ParseNetConf, ReportsJsonThenNameThenVersion) {
  EXPECT_EQ(error_of("").msg,
            "cannot decode the network configuration: invalid JSON: the document is empty: unexpected end of "
            "input");
  EXPECT_EQ(error_of("{").code, Code::kDecode);
  EXPECT_EQ(error_of("[]").msg,
            "cannot decode the network configuration: the document: expected an object, found an array");
  EXPECT_EQ(error_of("null").code, Code::kDecode);
  EXPECT_EQ(error_of(R"({"cniVersion":"9.9.9"})").msg, "missing network name");
  EXPECT_EQ(error_of(R"({"cniVersion":"9.9.9"})").code, Code::kInvalidNetworkConfig);
  EXPECT_EQ(error_of(R"({"name":""})").msg, "missing network name");
  EXPECT_EQ(error_of(R"({"name":"a b"})").msg, "invalid characters found in network name");
  EXPECT_EQ(error_of(R"({"name":1})").msg, "/name: expected a string, found a number (1)");
  EXPECT_EQ(error_of(R"({"name":"pods","cniVersion":"9.9.9","type":"a/b"})").code,
            Code::kIncompatibleVersion);
  EXPECT_EQ(error_of(R"({"name":"pods","cniVersion":1})").code, Code::kDecode);
}

TEST(ParseNetConf, VersionDefaultsToTheFirst) {
  EXPECT_EQ(parse_net_conf(R"({"name":"pods"})")->version, Version::v0_1_0);
  EXPECT_EQ(parse_net_conf(R"({"name":"pods","cniVersion":""})")->version, Version::v0_1_0);
}

TEST(ParseNetConf, TypesAreFileNames) {
  EXPECT_EQ(error_of(R"({"name":"pods","type":"a/b"})").code, Code::kInvalidNetworkConfig);
  EXPECT_EQ(error_of(with(R"("ipam":{"type":"../x"})")).code, Code::kInvalidNetworkConfig);
  EXPECT_EQ(error_of(with(R"("ipam":"host-local")")).msg,
            "/ipam: expected an object, found a string (\"host-local\")");
  EXPECT_EQ(parse(R"("ipam":{"type":"host-local"})").ipam_type, "host-local");
  EXPECT_EQ(parse(R"("ipam":{})").ipam_type, "");
}

TEST(ParseNetConf, ReadsDnsAndLog) {
  const NetConf conf = parse(R"("dns":{"nameservers":["10.0.0.2"]},"logLevel":"debug","logFile":"/x")");
  EXPECT_TRUE(conf.has_dns);
  EXPECT_EQ(conf.dns.nameservers, std::vector<std::string>{"10.0.0.2"});
  EXPECT_EQ(conf.log_level, "debug");
  EXPECT_EQ(conf.log_file, "/x");
  EXPECT_FALSE(parse(R"("dns":{})").has_dns);
  EXPECT_FALSE(parse(R"("dns":null)").has_dns);
  EXPECT_FALSE(parse_net_conf(with(R"("dns":[])")));
}

TEST(ParseNetConf, DecodesPrevResultOfAnyVersion) {
  for (const char* label :
       {R"("cniVersion":"1.0.0",)", R"("cniVersion":"0.4.0",)", R"("cniVersion":"",)", ""}) {
    const NetConf conf =
        parse(R"("prevResult":{)" + std::string(label) + R"("ips":[{"address":"10.0.0.2/24"}]})");
    ASSERT_TRUE(conf.prev_result) << label;
    EXPECT_EQ(conf.prev_result->ips.at(0).address.text(), "10.0.0.2/24");
    EXPECT_FALSE(conf.prev_result_error);
  }
  const NetConf old = parse(R"("prevResult":{"cniVersion":"0.2.0","ip4":{"ip":"10.0.0.2/24"}})");
  EXPECT_EQ(old.prev_result->ips.size(), 1U);
  const auto unlabelled =
      parse_net_conf(R"({"name":"pods","cniVersion":"0.2.0","prevResult":{"ip4":{"ip":"10.0.0.2/24"}}})");
  EXPECT_EQ(unlabelled->prev_result->ips.size(), 1U);
}

TEST(ParseNetConf, LeavesABrokenPrevResultToTheCaller) {
  for (const char* value : {R"({"ips":[{"address":"x"}]})", "5", R"({"cniVersion":"7"})"}) {
    const NetConf conf = parse(R"("prevResult":)" + std::string(value));
    EXPECT_FALSE(conf.prev_result) << value;
    ASSERT_TRUE(conf.prev_result_error) << value;
    EXPECT_TRUE(conf.prev_result_error->msg.starts_with("/prevResult")) << conf.prev_result_error->msg;
  }
  EXPECT_FALSE(parse(R"("prevResult":null)").prev_result);
  EXPECT_FALSE(parse(R"("prevResult":null)").prev_result_error);
}

TEST(ParseNetConf, ReadsValidAttachments) {
  const NetConf conf = parse(
      R"("cni.dev/valid-attachments":[{"containerID":"a","ifname":"eth0","more":1}],"cni.dev/attachments":[])");
  ASSERT_TRUE(conf.valid_attachments);
  ASSERT_EQ(conf.valid_attachments->size(), 1U);
  EXPECT_EQ(conf.valid_attachments->at(0), (Attachment{"pods", "a", "eth0"}));
}

TEST(ParseNetConf, NullMeansNothingIsValid) {
  for (const char* member :
       {R"("cni.dev/valid-attachments":null)", R"("cni.dev/valid-attachments":[])",
        R"("cni.dev/attachments":null)", R"("cni.dev/attachments":[])",
        R"("cni.dev/valid-attachments":null,"cni.dev/attachments":[{"containerID":"a","ifname":"b"}])"}) {
    const NetConf conf = parse(member);
    ASSERT_TRUE(conf.valid_attachments) << member;
    EXPECT_TRUE(conf.valid_attachments->empty()) << member;
  }
  EXPECT_EQ(parse(R"("cni.dev/attachments":[{"containerID":"a","ifname":"b"}])").valid_attachments->size(),
            1U);
}

TEST(ParseNetConf, AttachmentsWithoutNamesAreRefused) {
  for (const char* element :
       {"{}", R"({"containerID":"a"})", R"({"ifname":"a"})", R"({"containerID":"","ifname":"a"})", "5",
        "null", R"({"containerID":1,"ifname":"a"})"}) {
    const Error error = error_of(with(R"("cni.dev/valid-attachments":[)" + std::string(element) + "]"));
    EXPECT_EQ(error.code, Code::kDecode) << element;
    EXPECT_TRUE(error.msg.starts_with("/cni.dev~1valid-attachments/0")) << error.msg;
  }
  EXPECT_EQ(error_of(with(R"("cni.dev/valid-attachments":{})")).code, Code::kDecode);
}

TEST(CheckVerbAllowed, FollowsTheVersion) {
  EXPECT_TRUE(check_verb_allowed(Verb::kAdd, Version::v0_1_0));
  EXPECT_TRUE(check_verb_allowed(Verb::kDel, Version::v0_1_0));
  EXPECT_TRUE(check_verb_allowed(Verb::kVersion, Version::v0_1_0));
  EXPECT_TRUE(check_verb_allowed(Verb::kCheck, Version::v0_4_0));
  EXPECT_EQ(check_verb_allowed(Verb::kCheck, Version::v0_3_1).error().msg,
            "config version does not allow CHECK");
  EXPECT_TRUE(check_verb_allowed(Verb::kGc, Version::v1_1_0));
  EXPECT_EQ(check_verb_allowed(Verb::kGc, Version::v1_0_0).error().msg, "config version does not allow GC");
  EXPECT_EQ(check_verb_allowed(Verb::kStatus, Version::v1_0_0).error().msg,
            "config version does not allow STATUS");
  EXPECT_EQ(check_verb_allowed(Verb::kStatus, Version::v1_0_0).error().code, Code::kIncompatibleVersion);
}

Result<std::optional<Mac>> mac_of(std::string_view members, std::string cni_args = {}) {
  return requested_mac({.env = {.args = std::move(cni_args)}, .conf = parse(members)});
}

TEST(RequestedMac, FirstDoorThatIsSetWins) {
  constexpr const char* kRuntime = R"("runtimeConfig":{"mac":"02:00:00:00:00:01"})";
  constexpr const char* kArgs = R"("args":{"cni":{"mac":"02:00:00:00:00:02"}})";
  constexpr const char* kCniArgs = "IgnoreUnknown=1;MAC=02:00:00:00:00:03";
  EXPECT_EQ(mac_of(std::string(kRuntime) + "," + kArgs, kCniArgs).value()->text(), "02:00:00:00:00:01");
  EXPECT_EQ(mac_of(kArgs, kCniArgs).value()->text(), "02:00:00:00:00:02");
  EXPECT_EQ(mac_of("", kCniArgs).value()->text(), "02:00:00:00:00:03");
  EXPECT_EQ(mac_of(R"("runtimeConfig":{"mac":""},"args":{"cni":{}})", kCniArgs).value()->text(),
            "02:00:00:00:00:03");
  EXPECT_EQ(mac_of(R"("RuntimeConfig":{"Mac":"02:00:00:00:00:04"})").value()->text(), "02:00:00:00:00:04");
  EXPECT_FALSE(mac_of("", "MAC=").value());
  EXPECT_FALSE(mac_of("").value());
}

TEST(RequestedMac, NamesTheDoorOfABadAddress) {
  const Error zero = mac_of(R"("runtimeConfig":{"mac":"00:00:00:00:00:00"})").error();
  EXPECT_EQ(zero.code, Code::kInvalidNetworkConfig);
  EXPECT_EQ(zero.msg,
            "runtimeConfig.mac: 00:00:00:00:00:00 cannot be the address of an interface: it is all zero");
  EXPECT_EQ(
      mac_of(R"("args":{"cni":{"mac":"01:00:5e:00:00:01"}})").error().msg,
      "args.cni.mac: 01:00:5e:00:00:01 cannot be the address of an interface: it is a multicast address");
  EXPECT_TRUE(mac_of("", "MAC=x").error().msg.starts_with("CNI_ARGS MAC: invalid MAC address: \"x\""));
  EXPECT_EQ(mac_of("", "MAC").error().code, Code::kInvalidEnvironment);
  EXPECT_EQ(mac_of(R"("runtimeConfig":{"mac":5})").error().code, Code::kDecode);
}

}  // namespace
}  // namespace podwire::spec
