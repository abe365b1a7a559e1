#include "bench/lease_pool.h"

#include <gtest/gtest.h>

#include <cstdlib>
#include <fstream>
#include <iterator>
#include <stdexcept>

namespace podwire::bench {
namespace {

namespace fs = std::filesystem;

class LeasePoolTest : public testing::Test {
 protected:
  LeasePoolTest() {
    std::string pattern = (fs::temp_directory_path() / "podwire-XXXXXX").string();
    if (::mkdtemp(pattern.data()) == nullptr) throw std::runtime_error("mkdtemp");
    directory_ = pattern;
  }
  ~LeasePoolTest() override {
    std::error_code ignored;
    fs::remove_all(directory_, ignored);
  }

  std::string content(const std::string& name) const {
    std::ifstream file(directory_ / LeasePool::kNetwork / name, std::ios::binary);
    return {std::istreambuf_iterator<char>(file), {}};
  }

  fs::path directory_;
};

TEST_F(LeasePoolTest, WritesTheFormatOfBothImplementations) {
  const LeasePool pool(directory_, {.prefix_length = 24, .leases = 3});
  EXPECT_EQ(pool.count(), 3U);
  EXPECT_EQ(content("10.88.0.2"), std::string(63, '0') + "2\r\neth0");
  EXPECT_EQ(content("last_reserved_ip.0"), "10.88.0.4");
}

TEST_F(LeasePoolTest, AFullPoolLeavesOutNetworkGatewayAndBroadcast) {
  const PoolSpec spec{.prefix_length = 24, .leases = 253};
  EXPECT_EQ(spec.usable(), 253U);
  const LeasePool pool(directory_, spec);
  EXPECT_EQ(pool.count(), 253U);
  EXPECT_NE(content("10.88.0.254"), "");
  for (const char* none : {"10.88.0.0", "10.88.0.1", "10.88.0.255"}) EXPECT_EQ(content(none), "") << none;
}

TEST_F(LeasePoolTest, ScatteredHolesAreTheSameInEveryPool) {
  const PoolSpec spec{.prefix_length = 24, .leases = 248, .scattered = true};
  const LeasePool one(directory_ / "one", spec);
  const LeasePool two(directory_ / "two", spec);
  for (const fs::directory_entry& entry : fs::directory_iterator(directory_ / "one" / LeasePool::kNetwork)) {
    EXPECT_TRUE(fs::exists(directory_ / "two" / LeasePool::kNetwork / entry.path().filename()));
  }
  EXPECT_EQ(one.count(), 248U);
  bool last_five = true;
  for (int host = 250; host < 255; ++host) {
    last_five = last_five &&
                !fs::exists(directory_ / "one" / LeasePool::kNetwork / ("10.88.0." + std::to_string(host)));
  }
  EXPECT_FALSE(last_five);
}

TEST_F(LeasePoolTest, ADisturbanceChangesTheTimeOfTheDirectoryAlone) {
  const LeasePool pool(directory_, {.prefix_length = 24, .leases = 3});
  const fs::path network = directory_ / LeasePool::kNetwork;
  fs::last_write_time(network, fs::file_time_type{});
  pool.disturb();
  EXPECT_NE(fs::last_write_time(network), fs::file_time_type{});
  EXPECT_EQ(pool.count(), 3U);
}

}  // namespace
}  // namespace podwire::bench
