#include "libcni/runtime/version_info.h"

#include <gtest/gtest.h>

namespace podwire::runtime {
namespace {

TEST(VersionInfo, ReadsTheList) {
  EXPECT_EQ(decode_version_info(R"({"cniVersion":"1.0.0","supportedVersions":["0.4.0","1.0.0"]})").value(),
            (std::vector<std::string>{"0.4.0", "1.0.0"}));
}

TEST(VersionInfo, OldPluginsHadNoList) {
  EXPECT_EQ(decode_version_info(R"({"cniVersion":"0.2.0"})").value(),
            (std::vector<std::string>{"0.1.0", "0.2.0"}));
  EXPECT_TRUE(is_version_refusal({Code::kInvalidEnvironment, "unknown CNI_COMMAND: VERSION"}));
  EXPECT_FALSE(is_version_refusal({Code::kInvalidEnvironment, "unknown CNI_COMMAND: X"}));
}

TEST(VersionInfo, MissingFieldsAreErrors) {
  for (const char* bad : {"", "[]", "{}", R"({"supportedVersions":["1.0.0"]})", R"({"cniVersion":"1.0.0"})",
                          R"({"cniVersion":"1.0.0","supportedVersions":[1]})"}) {
    EXPECT_FALSE(decode_version_info(bad).has_value()) << bad;
  }
}

}  // namespace
}  // namespace podwire::runtime
