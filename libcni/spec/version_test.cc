#include "libcni/spec/version.h"

#include <gtest/gtest.h>

namespace podwire::spec {
namespace {

TEST(ParseVersion, ReadsWhatTextWrites) {
  for (const Version version : kAllVersions) EXPECT_EQ(parse_version(text(version)).value(), version);
  EXPECT_EQ(text(kCurrentVersion), "1.1.0");
}

TEST(ParseVersion, NothingIsTheFirst) {
  EXPECT_EQ(parse_version("").value(), Version::v0_1_0);
}

TEST(ParseVersion, ComparesTextNotNumbers) {
  for (const char* version : {"1.2.0", "1", "1.0", "01.0.0", " 1.0.0", "1.0.0-rc1", "x"}) {
    EXPECT_FALSE(parse_version(version)) << version;
  }
}

TEST(ParseVersion, ErrorListsWhatIsSupported) {
  const Error error = parse_version("1.2.0").error();
  EXPECT_EQ(error.code, Code::kIncompatibleVersion);
  EXPECT_EQ(error.msg, "incompatible CNI versions");
  EXPECT_EQ(
      error.details,
      R"(config is "1.2.0", plugin supports ["0.1.0" "0.2.0" "0.3.0" "0.3.1" "0.4.0" "1.0.0" "1.1.0"])");
}

TEST(ParseVersionNumber, TakesOneToThreeParts) {
  EXPECT_EQ(parse_version_number("1").value(), (VersionNumber{.major = 1}));
  EXPECT_EQ(parse_version_number("1.2").value(), (VersionNumber{.major = 1, .minor = 2}));
  EXPECT_EQ(parse_version_number("10.20.30").value(), (VersionNumber{.major = 10, .minor = 20, .micro = 30}));
  EXPECT_EQ(parse_version_number("").value(), (VersionNumber{.minor = 1}));
  EXPECT_LT(parse_version_number("0.9.9").value(), parse_version_number("1").value());
  EXPECT_LT(parse_version_number("1.9").value(), parse_version_number("1.10").value());
}

TEST(ParseVersionNumber, RefusesTheRest) {
  for (const char* text : {"1.2.3.4", "1.0.f", ".", "1.", ".1", "-1", "1.-1", "+1", "99999999999", "1 "}) {
    const auto number = parse_version_number(text);
    ASSERT_FALSE(number) << text;
    EXPECT_EQ(number.error().code, Code::kDecode);
  }
}

TEST(Version, GatesFollowTheSpecification) {
  EXPECT_FALSE(has_prev_result(Version::v0_2_0));
  EXPECT_TRUE(has_prev_result(Version::v0_3_0));
  EXPECT_FALSE(has_check(Version::v0_3_1));
  EXPECT_TRUE(has_check(Version::v0_4_0));
  EXPECT_FALSE(has_gc_and_status(Version::v1_0_0));
  EXPECT_TRUE(has_gc_and_status(Version::v1_1_0));
  EXPECT_EQ(result_group(Version::v0_2_0), ResultGroup::k020);
  EXPECT_EQ(result_group(Version::v0_3_0), ResultGroup::k040);
  EXPECT_EQ(result_group(Version::v1_0_0), ResultGroup::k100);
}

}  // namespace
}  // namespace podwire::spec
