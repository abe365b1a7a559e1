#include "libcni/base/text.h"

#include <gtest/gtest.h>

namespace podwire {
namespace {

using Pieces = std::vector<std::string>;

TEST(Split, KeepsEmptyPieces) {
  EXPECT_EQ(split("a:b:c", ':'), (Pieces{"a", "b", "c"}));
  EXPECT_EQ(split(":a:", ':'), (Pieces{"", "a", ""}));
  EXPECT_EQ(split("", ':'), Pieces{""});
  EXPECT_EQ(split_words(" a\t b  "), (Pieces{"a", "b"}));
  EXPECT_EQ(split_words("a"), Pieces{"a"});
  EXPECT_EQ(split_words(" \t"), Pieces{});
}

TEST(Trim, TakesAsciiWhiteSpaceOffBothEnds) {
  EXPECT_EQ(trim(" \t\r\n a b \v\f"), "a b");
  EXPECT_EQ(trim(" \n "), "");
  EXPECT_EQ(trim("a"), "a");
}

TEST(Join, PutsTheSeparatorBetween) {
  EXPECT_EQ(join({"a", "b"}, ", "), "a, b");
  EXPECT_EQ(join({}, ","), "");
}

TEST(EqualsIgnoreCase, FoldsAsciiOnly) {
  EXPECT_TRUE(equals_ignore_case("HostPort", "hostport"));
  EXPECT_FALSE(equals_ignore_case("HostPort", "hostports"));
  EXPECT_FALSE(equals_ignore_case("[", "{"));
  EXPECT_FALSE(equals_ignore_case("\xc3\x84", "\xc3\xa4"));  // Ä, ä
}

// FIPS 180-2, appendix C.1.
TEST(Sha512Hex, IsTheStandardsDigest) {
  EXPECT_EQ(sha512_hex("abc"),
            "ddaf35a193617abacc417349ae20413112e6fa4e89a97ea20a9eeee64b55d39a"
            "2192992a274fc1a836ba3c23a3feebbd454d4423643ce80e2a9ac94fa54ca49f");
}

TEST(StableHash, TellsWherePartsEnd) {
  EXPECT_NE(stable_hash({"a", "bc"}), stable_hash({"ab", "c"}));
  EXPECT_NE(stable_hash({"a"}), stable_hash({"a", ""}));
}

// Names of links in running kernels depend on it: this number must never change.
TEST(StableHash, NeverChanges) {
  const std::string digest = sha512_hex("4:pods10:01234567894:eth0");
  EXPECT_EQ(stable_hash({"pods", "0123456789", "eth0"}), std::stoull(digest.substr(0, 16), nullptr, 16));
  EXPECT_EQ(stable_hash({"pods", "0123456789", "eth0"}), 0x8f4971371ae847a1ULL);
}

}  // namespace
}  // namespace podwire
