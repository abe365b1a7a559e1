#include "libcni/base/ip.h"

#include <gtest/gtest.h>

#include <limits>

namespace podwire {
namespace {

Ip ip(std::string_view text) {
  return Ip::parse(text).value();
}
Cidr cidr(std::string_view text) {
  return Cidr::parse(text).value();
}

struct Spelling {
  const char* text;
  const char* canonical;
};

class IpText : public testing::TestWithParam<Spelling> {};

TEST_P(IpText, IsCanonical) {
  EXPECT_EQ(ip(GetParam().text).text(), GetParam().canonical);
}

INSTANTIATE_TEST_SUITE_P(AsGoPrintsIt, IpText,
                         testing::Values(Spelling{"10.0.0.1", "10.0.0.1"}, Spelling{"0.0.0.0", "0.0.0.0"},
                                         Spelling{"2001:DB8::1", "2001:db8::1"}, Spelling{"::", "::"},
                                         Spelling{"0:0:0:0:0:0:0:1", "::1"},
                                         Spelling{"2001:db8:0:1:1:1:1:1", "2001:db8:0:1:1:1:1:1"},
                                         Spelling{"2001:0:0:1:0:0:0:1", "2001:0:0:1::1"},
                                         Spelling{"2001:db8:0:0:1:0:0:1", "2001:db8::1:0:0:1"},
                                         Spelling{"::ffff:192.0.2.1", "192.0.2.1"},
                                         Spelling{"::ffff:c000:201", "192.0.2.1"},
                                         Spelling{"::192.0.2.1", "::c000:201"}, Spelling{"::1:0", "::1:0"},
                                         Spelling{"::ffff", "::ffff"}));

TEST(IpParse, RefusesWhatIsNoAddress) {
  const std::string_view with_nul("10.0.0.1\0", 9);
  for (const std::string_view text :
       {std::string_view(""), std::string_view("10.0.0"), std::string_view("10.0.0.256"),
        std::string_view("010.0.0.1"), std::string_view("fe80::1%eth0"), std::string_view("10.0.0.1/24"),
        std::string_view(" 10.0.0.1"), with_nul}) {
    EXPECT_FALSE(Ip::parse(text)) << text;
  }
  EXPECT_EQ(Ip::parse("x").error().msg, "invalid IP address: x");
}

TEST(Ip, IsANumberBothWays) {
  EXPECT_EQ(static_cast<std::uint64_t>(ip("10.0.0.1").number()), 0x0a000001U);
  EXPECT_EQ(Ip::from_number(Family::kV6, ip("2001:db8::ff").number() + 1), ip("2001:db8::100"));
  EXPECT_EQ(Ip::from_number(Family::kV4, ip("10.0.0.255").number() + 1), ip("10.0.1.0"));
}

TEST(Ip, FamiliesAreNotEqual) {
  EXPECT_NE(ip("0.0.0.0"), ip("::"));
  EXPECT_LT(ip("255.255.255.255"), ip("::"));
  EXPECT_TRUE(ip("::").is_unspecified());
  EXPECT_EQ(ip("10.0.0.1").bytes().size(), 4U);
  EXPECT_EQ(Ip::from_bytes(ip("2001:db8::1").bytes()), ip("2001:db8::1"));
}

TEST(Cidr, KeepsHostBits) {
  EXPECT_EQ(cidr("10.1.2.3/24").text(), "10.1.2.3/24");
  EXPECT_EQ(cidr("10.1.2.3/24").network().text(), "10.1.2.0/24");
  EXPECT_EQ(cidr("10.1.2.3/24").last().text(), "10.1.2.255");
}

TEST(Cidr, PrefixesFromNothingToEverything) {
  EXPECT_EQ(cidr("10.1.2.3/0").network().text(), "0.0.0.0/0");
  EXPECT_EQ(cidr("10.1.2.3/32").last().text(), "10.1.2.3");
  EXPECT_EQ(cidr("2001:db8::1/0").last().text(), "ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff");
  EXPECT_EQ(cidr("2001:db8::1/128").network().text(), "2001:db8::1/128");
}

TEST(CidrParse, RefusesWhatIsNoPrefix) {
  for (const char* text : {"", "10.0.0.1", "10.0.0.1/", "10.0.0.1/33", "10.0.0.1/-1", "10.0.0.1/+1",
                           "10.0.0.1/24x", "2001:db8::/129", "/24", "10.0.0.1/99999999999"}) {
    EXPECT_FALSE(Cidr::parse(text)) << text;
  }
  EXPECT_EQ(Cidr::parse("10.0.0.1").error().msg, "invalid CIDR address: 10.0.0.1");
}

TEST(Cidr, ContainsItsOwnFamilyOnly) {
  EXPECT_TRUE(cidr("10.1.2.3/24").contains(ip("10.1.2.200")));
  EXPECT_FALSE(cidr("10.1.2.3/24").contains(ip("10.1.3.0")));
  EXPECT_FALSE(cidr("::/0").contains(ip("10.1.2.3")));
}

TEST(Cidr, OverlapsInEitherOrder) {
  EXPECT_TRUE(cidr("10.0.0.0/8").overlaps(cidr("10.9.9.9/24")));
  EXPECT_TRUE(cidr("10.9.9.9/24").overlaps(cidr("10.0.0.0/8")));
  EXPECT_FALSE(cidr("10.9.8.0/24").overlaps(cidr("10.9.9.0/24")));
}

TEST(Mac, ParsesBothSeparatorsAndAnyCase) {
  EXPECT_EQ(Mac::parse("02:00:5E:10:00:0a").value().text(), "02:00:5e:10:00:0a");
  EXPECT_EQ(Mac::parse("02-00-5e-10-00-0a").value().text(), "02:00:5e:10:00:0a");
}

TEST(Mac, RefusesWhatIsNoEui48) {
  for (const char* text : {"", "02:00:5e:10:00", "02:00:5e:10:00:0g", "02:00:5e:10:00:0a:00",
                           "0200.5e10.000a", "02:00:5e:10:00: a", "2:0:5e:10:0:a", "02005e10000a00000"}) {
    EXPECT_FALSE(Mac::parse(text)) << text;
  }
}

TEST(MacFromSeed, IsLocalAndUnicast) {
  for (const std::uint64_t seed : {std::uint64_t{0}, std::numeric_limits<std::uint64_t>::max()}) {
    const Mac mac = Mac::from_seed(seed);
    EXPECT_EQ(mac.bytes()[0] & 3, 2) << mac.text();
    EXPECT_FALSE(mac.is_multicast());
    EXPECT_FALSE(mac.is_zero());
  }
  EXPECT_EQ(Mac::from_seed(0x0102030405ULL).text(), "02:01:02:03:04:05");
}

}  // namespace
}  // namespace podwire
