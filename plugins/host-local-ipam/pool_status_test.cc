#include "plugins/host-local-ipam/pool_status.h"

#include <gtest/gtest.h>

#include "plugins/host-local-ipam/allocator.h"
#include "plugins/host-local-ipam/test_support.h"

namespace podwire::host_local {
namespace {

using test::code;
using test::message;
using test::must;

class PoolStatus : public ::testing::Test {
 protected:
  PoolStatus() { boot("aaaaaaaa-0000-0000-0000-000000000000"); }
  void boot(const std::string& id) const { test::write_file(boot_id_path_, id + "\n"); }
  [[nodiscard]] Result<void> status() const { return check_pool(network_, sets_, boot_id_path_); }
  void add(const std::string& id) {
    const auto store = must(LeaseStore::open_or_create(network_, {.boot_id_path = boot_id_path_}));
    ASSERT_TRUE(allocate(*store, sets_, {}, {id, "eth0"}));
  }
  /// What must not change by looking.
  [[nodiscard]] std::string snapshot() const {
    std::string out;
    std::vector<std::string> names;
    for (const auto& entry : std::filesystem::directory_iterator(network_)) {
      names.push_back(fmt::format("{}={}\n", entry.path().string(), test::read_file(entry.path())));
    }
    std::ranges::sort(names);
    for (const std::string& name : names) out += name;
    return out + std::to_string(std::filesystem::last_write_time(network_).time_since_epoch().count());
  }

  test::TempDir dir_;
  std::string boot_id_path_ = dir_.path() / "boot_id";
  std::filesystem::path network_ = dir_.path() / "a" / "b" / "net";
  std::vector<RangeSet> sets_{
      test::range_set({test::range_request("10.0.0.0/30"), test::range_request("10.0.1.0/30")})};
  const std::string exhausted_ =
      "no IP addresses available in range set: 10.0.0.1-10.0.0.2,10.0.1.1-10.0.1.2";
};

TEST_F(PoolStatus, FollowsTheLeases) {
  EXPECT_TRUE(status());
  EXPECT_FALSE(std::filesystem::exists(dir_.path() / "a"));
  add("one");
  EXPECT_TRUE(status());
  add("two");
  const std::string before = snapshot();
  EXPECT_EQ(message(status()), exhausted_);
  EXPECT_EQ(code(status()), Code::kNotAvailable);
  EXPECT_EQ(snapshot(), before);
}

TEST_F(PoolStatus, WithoutAnIndexLooksAtTheFiles) {
  std::filesystem::create_directories(network_);
  test::write_file(network_ / "10.0.0.2", "a\r\neth0");
  EXPECT_TRUE(status());
  test::write_file(network_ / "10.0.1.2", "");
  const std::string before = snapshot();
  EXPECT_TRUE(status()) << "an ADD would reclaim the empty file";
  EXPECT_EQ(snapshot(), before);
  test::write_file(network_ / "10.0.1.2", "b\r\neth0");
  EXPECT_EQ(message(status()), exhausted_);
}

TEST_F(PoolStatus, AfterARebootTheOldLeasesAreFree) {
  add("one");
  add("two");
  boot("bbbbbbbb-0000-0000-0000-000000000000");
  const std::string before = snapshot();
  EXPECT_TRUE(status());
  EXPECT_EQ(snapshot(), before);
  add("three");
  EXPECT_EQ(test::lease_names(network_).size(), 1U);
}

TEST_F(PoolStatus, DoesNotWaitForTheLock) {
  add("one");
  const auto held = must(LeaseStore::open(network_, {.boot_id_path = boot_id_path_}));
  EXPECT_TRUE(status());
  ASSERT_TRUE(allocate(*held, sets_, {}, {"two", "eth0"}));
  EXPECT_EQ(message(status()), exhausted_);
}

TEST_F(PoolStatus, NeedsAWritablePlace) {
  test::write_file(dir_.path() / "a", "a file is in the way");
  EXPECT_EQ(message(status()), fmt::format("cannot keep leases in {}: Not a directory", network_.string()));
  EXPECT_EQ(code(status()), Code::kNotAvailable);
}

}  // namespace
}  // namespace podwire::host_local
