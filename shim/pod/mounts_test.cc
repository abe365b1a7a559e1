#include "shim/pod/mounts.h"

#include <gtest/gtest.h>

namespace podwire::pod {
namespace {

constexpr std::string_view kMountinfo =
    "22 1 8:1 / / rw,relatime shared:1 - ext4 /dev/sda1 rw\n"
    "30 22 0:25 / /run rw shared:2 - tmpfs tmpfs rw\n"
    "31 30 0:4 net:[4026532281] /run/podwire/pods/web/ns/net rw - nsfs nsfs rw\n"
    "32 30 0:4 net:[4026532282] /run/podwire/pods/web2/ns/net rw - nsfs nsfs rw\n"
    "33 30 0:5 / /run/podwire/pods/web/volume/a\\040b\\134c rw - tmpfs tmpfs rw\n";

TEST(Mounts, BelowIsADirectoryBoundary) {
  EXPECT_EQ(
      mount_points_below(kMountinfo, "/run/podwire/pods/web"),
      (std::vector<std::string>{"/run/podwire/pods/web/ns/net", "/run/podwire/pods/web/volume/a b\\c"}));
  EXPECT_EQ(mount_points_below(kMountinfo, "/run/podwire").size(), 3U);
  EXPECT_TRUE(mount_points_below(kMountinfo, "/run/podwire/pods/we").empty());
  EXPECT_TRUE(mount_points_below("", "/run").empty());
}

TEST(Mounts, ADirectoryThatIsGoneHasNone) {
  EXPECT_TRUE(mounts_below("/nowhere/at/all").value().empty());
}

}  // namespace
}  // namespace podwire::pod
