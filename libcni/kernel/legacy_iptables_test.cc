// Texts in the kernel's blob of a legacy table.
#include "libcni/kernel/legacy_iptables.h"

#include <gtest/gtest.h>

namespace podwire::kernel {
namespace {

using namespace std::string_view_literals;

constexpr std::string_view kBlob =
    "\x10\0CNI-1\0\0\0\xff\0name: \"a\" id: \"1\"\0\0\0name: \"a\" id: \"2\"\0\0name: \"a\" id: \"1\"\0"
    "\0xname: \"a\" id: \"3\"\0\0CNI-12\0\0name: \"a\" id: \"4"sv;

TEST(LegacyTexts, WholeFieldsAreCounted) {
  EXPECT_EQ(count_legacy_text(kBlob, "CNI-1"), 1U);
  EXPECT_EQ(count_legacy_text(kBlob, "CNI-12"), 1U);
  EXPECT_EQ(count_legacy_text(kBlob, "CNI"), 0U);
  EXPECT_EQ(count_legacy_text(kBlob, R"(name: "a" id: "1")"), 2U);
  EXPECT_EQ(count_legacy_text(kBlob, R"(name: "a" id: "3")"), 0U) << "in the middle of a field";
  EXPECT_EQ(count_legacy_text("", "CNI-1"), 0U);
}

TEST(LegacyTexts, CommentsOfANetworkEachOnce) {
  const std::vector<std::string> expected{R"(name: "a" id: "1")", R"(name: "a" id: "2")"};
  EXPECT_EQ(legacy_comments(kBlob, R"(name: "a" id: ")"), expected);
  EXPECT_TRUE(legacy_comments(kBlob, R"(name: "b" id: ")").empty());
}

}  // namespace
}  // namespace podwire::kernel
