#include "libcni/runtime/runtime_conf.h"

#include <gtest/gtest.h>

namespace podwire::runtime {
namespace {

TEST(RuntimeConf, ArgsKeepTheirOrder) {
  EXPECT_EQ(args_text({}), "");
  EXPECT_EQ(args_text({{"IgnoreUnknown", "1"}, {"IP", "10.0.0.2"}}), "IgnoreUnknown=1;IP=10.0.0.2");
}

TEST(RuntimeConf, ParsesPairsAndRefusesWhatCniArgsCannotCarry) {
  EXPECT_EQ(parse_arg("IP=10.0.0.2").value(), (std::pair<std::string, std::string>("IP", "10.0.0.2")));
  for (const char* bad : {"", "IP", "=x", "IP=", "A=b=c", "A=b;C=d"}) {
    const auto parsed = parse_arg(bad);
    ASSERT_FALSE(parsed.has_value()) << bad;
    EXPECT_EQ(parsed.error().code, Code::kInvalidEnvironment);
  }
}

}  // namespace
}  // namespace podwire::runtime
