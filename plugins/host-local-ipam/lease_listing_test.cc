#include "plugins/host-local-ipam/lease_listing.h"

#include <gtest/gtest.h>

#include "plugins/host-local-ipam/allocator.h"
#include "plugins/host-local-ipam/test_support.h"

namespace podwire::host_local {
namespace {

using test::must;

class LeaseListing : public ::testing::Test {
 protected:
  LeaseListing() { boot("aaaaaaaa-0000-0000-0000-000000000000"); }
  void boot(const std::string& id) const { test::write_file(boot_id_path_, id + "\n"); }
  [[nodiscard]] std::vector<ListedLease> list() const { return must(list_leases(network_, boot_id_path_)); }
  void add(const std::string& id) {
    const auto store = must(LeaseStore::open_or_create(network_, {.boot_id_path = boot_id_path_}));
    ASSERT_TRUE(allocate(*store, sets_, {}, {id, "eth0"}));
  }

  test::TempDir dir_;
  std::string boot_id_path_ = dir_.path() / "boot_id";
  std::filesystem::path network_ = dir_.path() / "net";
  std::vector<RangeSet> sets_{test::range_set({test::range_request("10.0.0.0/24")})};
};

TEST_F(LeaseListing, NoDirectoryHasNoLeases) {
  EXPECT_TRUE(list().empty());
  EXPECT_FALSE(std::filesystem::exists(network_));
}

TEST_F(LeaseListing, TellsOwnersAndAges) {
  add("one");
  add("two");
  test::write_file(network_ / "10.0.0.9", "old-record");
  test::write_file(network_ / "10.0.0.10", "");
  std::filesystem::create_directory(network_ / "10.0.0.11");
  const std::vector<ListedLease> leases = list();
  ASSERT_EQ(leases.size(), 5U);
  EXPECT_EQ(leases[0].ip, test::ip("10.0.0.2"));
  EXPECT_EQ(leases[0].owner.record(), "one\r\neth0");
  EXPECT_GT(leases[0].mtime, 0);
  EXPECT_EQ(leases[1].owner.container_id, "two");
  EXPECT_EQ(leases[2].owner.container_id, "old-record");
  EXPECT_EQ(leases[2].owner.ifname, "");
  EXPECT_FALSE(leases[0].dropped_next || leases[1].dropped_next || leases[2].dropped_next);
  EXPECT_TRUE(leases[3].dropped_next);  // its writer died
  EXPECT_FALSE(leases[4].dropped_next);
  EXPECT_EQ(leases[4].owner.container_id, "");
}

TEST_F(LeaseListing, KnowsLeasesOfAnEarlierBoot) {
  add("one");
  boot("bbbbbbbb-0000-0000-0000-000000000000");
  test::write_file(network_ / "10.0.0.7", "new\r\neth0");  // by the other implementation, since then
  const std::vector<ListedLease> leases = list();
  ASSERT_EQ(leases.size(), 2U);
  EXPECT_TRUE(leases[0].dropped_next);
  EXPECT_FALSE(leases[1].dropped_next);
}

}  // namespace
}  // namespace podwire::host_local
