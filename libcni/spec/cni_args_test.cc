#include "libcni/spec/cni_args.h"

#include <gtest/gtest.h>

#include <array>

namespace podwire::spec {
namespace {

constexpr std::array<std::string_view, 2> kKnown{"IP", "MAC"};

CniArgs parse(std::string_view text) {
  return CniArgs::parse(text).value();
}

TEST(CniArgs, LastValueWinsAndCaseCounts) {
  const CniArgs args = parse("IP=10.0.0.1;ip=10.0.0.2;IP=10.0.0.3;EMPTY=");
  EXPECT_EQ(args.find("IP"), "10.0.0.3");
  EXPECT_EQ(args.find("ip"), "10.0.0.2");
  EXPECT_EQ(args.find("EMPTY"), "");
  EXPECT_FALSE(args.find("MAC"));
  EXPECT_EQ(args.pairs().size(), 4U);
  EXPECT_TRUE(parse("").pairs().empty());
}

TEST(CniArgs, EveryPairHasExactlyOneEqualsSign) {
  for (const auto& [text, pair] : {std::pair{"x", "x"}, std::pair{"A=b;", ""}, std::pair{"A=b=c", "A=b=c"},
                                   std::pair{";A=b", ""}, std::pair{"A=b;c;D=e", "c"}}) {
    const auto args = CniArgs::parse(text);
    ASSERT_FALSE(args) << text;
    EXPECT_EQ(args.error().code, Code::kInvalidEnvironment);
    EXPECT_EQ(args.error().msg, "ARGS: invalid pair \"" + std::string(pair) + "\"");
  }
}

TEST(CniArgs, NamesUnknownKeys) {
  EXPECT_TRUE(parse("IP=10.0.0.1;MAC=x").require_known(kKnown));
  const auto known = parse("A=b;IP=10.0.0.1;C=d").require_known(kKnown);
  ASSERT_FALSE(known);
  EXPECT_EQ(known.error().code, Code::kInvalidEnvironment);
  EXPECT_EQ(known.error().msg, R"(ARGS: unknown args ["A=b" "C=d"])");
}

TEST(CniArgs, IgnoreUnknownCountsAnywhere) {
  for (const char* text : {"A=b;IgnoreUnknown=1", "IgnoreUnknown=true;A=b", "IgnoreUnknown=TRUE;A=b"}) {
    EXPECT_TRUE(parse(text).require_known(kKnown)) << text;
  }
  for (const char* text : {"A=b;IgnoreUnknown=0", "A=b;IgnoreUnknown=yes", "A=b;ignoreunknown=1"}) {
    EXPECT_FALSE(parse(text).require_known(kKnown)) << text;
  }
}

}  // namespace
}  // namespace podwire::spec
