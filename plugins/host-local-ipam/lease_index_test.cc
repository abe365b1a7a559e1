#include "plugins/host-local-ipam/lease_index.h"

#include <fcntl.h>
#include <gtest/gtest.h>

#include <map>
#include <random>
#include <set>

#include "plugins/host-local-ipam/test_support.h"

namespace podwire::host_local {
namespace {

using test::ip;

constexpr const char* kBoot = "11111111-2222-3333-4444-555555555555";

Ip offset(const char* base, std::uint64_t by) {
  return Ip::from_number(ip(base).family(), ip(base).number() + by);
}

class LeaseIndexFile : public ::testing::Test {
 protected:
  /// Saves the index as current for directory time `mtime` and forgets it.
  void save(LeaseIndex index, std::int64_t mtime) {
    ASSERT_TRUE(index.save(fd_.get()));
    index.end_change(mtime);
    ASSERT_FALSE(index.damaged());
  }
  [[nodiscard]] std::optional<LeaseIndex> open() const {
    return LeaseIndex::open(fd_.get(), IndexFile::Access::kWrite);
  }
  test::TempDir dir_;
  Fd fd_{::open(dir_.path().c_str(), O_DIRECTORY | O_RDONLY | O_CLOEXEC)};
};

TEST(LeaseIndex, FindsTheLowestFreeAddress) {
  LeaseIndex index(kBoot);
  EXPECT_EQ(index.next_free(ip("10.0.0.1"), ip("10.0.0.254")), ip("10.0.0.1"));
  for (const char* used : {"10.0.0.1", "10.0.0.2", "10.0.0.4"}) index.mark_used(ip(used));
  EXPECT_EQ(index.next_free(ip("10.0.0.1"), ip("10.0.0.254")), ip("10.0.0.3"));
  EXPECT_EQ(index.next_free(ip("10.0.0.4"), ip("10.0.0.254")), ip("10.0.0.5"));
  EXPECT_EQ(index.next_free(ip("10.0.0.1"), ip("10.0.0.2")), std::nullopt);
  EXPECT_EQ(index.next_free(ip("10.0.0.4"), ip("10.0.0.4")), std::nullopt);
  EXPECT_EQ(index.address_count(), 3U);
}

TEST(LeaseIndex, CrossesBlocksAndSkipsFullOnes) {
  LeaseIndex index(kBoot);
  for (std::uint64_t i = 0; i < 3 * index::kBlockAddresses; ++i) index.mark_used(offset("10.0.0.0", i));
  EXPECT_EQ(index.next_free(ip("10.0.0.0"), ip("10.255.255.255")), ip("10.0.48.0"));
  EXPECT_EQ(index.next_free(ip("10.0.0.0"), ip("10.0.47.255")), std::nullopt);
  EXPECT_EQ(index.next_free(ip("10.0.47.255"), ip("10.0.48.0")), ip("10.0.48.0"));
}

TEST(LeaseIndex, HugeRangesCostNothing) {
  LeaseIndex index(kBoot);
  index.mark_used(ip("2001:db8::1"));
  EXPECT_EQ(index.next_free(ip("2001:db8::1"), ip("2001:db8::ffff:ffff:ffff:ffff")), ip("2001:db8::2"));
  EXPECT_EQ(index.next_free(ip("::"), ip("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")), ip("::"));
  index.mark_used(ip("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"));
  EXPECT_EQ(index.next_free(ip("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff"),
                            ip("ffff:ffff:ffff:ffff:ffff:ffff:ffff:ffff")),
            std::nullopt);
  index.mark_used(ip("255.255.255.255"));
  EXPECT_EQ(index.next_free(ip("255.255.255.255"), ip("255.255.255.255")), std::nullopt);
  EXPECT_FALSE(index.is_used(ip("::")));
  EXPECT_FALSE(index.is_used(ip("0.0.0.0")));
}

/// Thousands of random operations, against std containers.
TEST(LeaseIndex, AgreesWithAModel) {
  std::mt19937_64 random(20240501);
  LeaseIndex index(kBoot);
  std::map<Ip, std::uint64_t> model;
  const auto any_ip = [&] {
    switch (random() % 3) {
      case 0:
        return offset("10.0.0.0", random() % 20'000);
      case 1:
        return offset("2001:db8::", random() % 10'000);
      default:
        return Ip::from_number(Family::kV6, Uint128{random()} << 64 | random());
    }
  };
  for (int round = 0; round < 30'000; ++round) {
    const Ip address = any_ip();
    const auto held = model.find(address);
    if (held == model.end()) {
      const std::uint64_t record = index::mix(random() % 3'000);
      index.insert(record, {.ip = address, .file = {.inode = 7, .mtime = -round}});
      model[address] = record;
    } else {
      index.erase(held->second, address);
      model.erase(held);
    }
    // Half of the leases go every now and then, so that deleted slots pile up.
    if (round % 5'000 != 4'999) continue;
    for (auto it = model.begin(); it != model.end();) {
      if (random() % 2 == 0) {
        index.erase(it->second, it->first);
        it = model.erase(it);
      } else {
        ++it;
      }
    }
  }
  ASSERT_FALSE(index.damaged());
  EXPECT_EQ(index.address_count(), model.size());
  std::map<std::uint64_t, std::set<Ip>> by_record;
  for (const auto& [address, record] : model) {
    EXPECT_TRUE(index.is_used(address));
    by_record[record].insert(address);
  }
  for (const auto& [record, want] : by_record) {
    std::set<Ip> got;
    for (const IndexedLease& lease : index.find(record)) got.insert(lease.ip);
    EXPECT_EQ(got, want);
  }
  EXPECT_TRUE(index.find(index::mix(5'000)).empty());
  for (std::uint64_t i = 0; i < 20'000; i += 61) {
    Ip want = offset("10.0.0.0", i);
    while (model.contains(want)) want = offset("0.0.0.0", static_cast<std::uint64_t>(want.number()) + 1);
    EXPECT_EQ(index.next_free(offset("10.0.0.0", i), ip("10.255.255.255")), want);
  }
}

TEST_F(LeaseIndexFile, KeepsWhatWasSaved) {
  LeaseIndex index(kBoot);
  for (std::uint64_t i = 0; i < 500; ++i) {
    index.insert(record_hash(fmt::format("id{}", i)),
                 {.ip = offset("10.0.0.0", i), .file = {.inode = i, .mtime = 5}});
  }
  save(std::move(index), 42);
  auto opened = open();
  ASSERT_TRUE(opened);
  EXPECT_EQ(opened->boot_id(), kBoot);
  EXPECT_TRUE(opened->is_current(42));
  EXPECT_FALSE(opened->is_current(43));
  const auto found = opened->find(record_hash("id499"));
  ASSERT_EQ(found.size(), 1U);
  EXPECT_EQ(found[0].ip, ip("10.0.1.243"));
  EXPECT_EQ(found[0].file, (FileId{.inode = 499, .mtime = 5}));
  EXPECT_EQ(opened->next_free(ip("10.0.0.0"), ip("10.0.255.255")), ip("10.0.1.244"));
}

TEST_F(LeaseIndexFile, IsWrittenInPlaceAndNotCurrentMeanwhile) {
  save(LeaseIndex(kBoot), 42);
  {
    auto index = open();
    ASSERT_TRUE(index);
    EXPECT_FALSE(index->in_memory());
    index->insert(record_hash("a"), {.ip = ip("10.0.0.2"), .file = {}});
    EXPECT_EQ(index->find(record_hash("a")).size(), 1U);
    EXPECT_FALSE(open()->is_current(42)) << "a maker that dies here leaves a dirty index";
    index->end_change(43);
  }
  EXPECT_TRUE(open()->is_current(43));
  EXPECT_EQ(open()->find(record_hash("a")).size(), 1U);
  {
    auto index = open();
    index->erase(record_hash("a"), ip("10.0.0.2"));
    index->end_change(44);
  }
  EXPECT_TRUE(open()->find(record_hash("a")).empty());
  EXPECT_FALSE(open()->is_used(ip("10.0.0.2")));
}

TEST_F(LeaseIndexFile, MovesToMemoryWhenItGrows) {
  save(LeaseIndex(kBoot), 42);
  auto index = open();
  for (std::uint64_t i = 0; i < 100; ++i) index->insert(i, {.ip = offset("10.0.0.0", i * 4096), .file = {}});
  EXPECT_TRUE(index->in_memory());
  EXPECT_FALSE(open()->is_current(42));
  save(std::move(*index), 43);
  EXPECT_EQ(open()->address_count(), 100U);
}

TEST_F(LeaseIndexFile, RefusesTruncatedAndForeignFiles) {
  EXPECT_FALSE(open());
  save(LeaseIndex(kBoot), 42);
  const std::string good = test::read_file(dir_.path() / kIndexName);
  for (const std::size_t size :
       {std::size_t{0}, std::size_t{1}, sizeof(index::Header) - 1, sizeof(index::Header), good.size() - 1}) {
    test::write_file(dir_.path() / kIndexName, good.substr(0, size));
    EXPECT_FALSE(open()) << size;
  }
  test::write_file(dir_.path() / kIndexName, good + "x");
  EXPECT_FALSE(open());
  for (std::size_t at = 0; at < sizeof(index::Header); ++at) {
    std::string bad = good;
    bad[at] = static_cast<char>(bad[at] ^ 1);
    test::write_file(dir_.path() / kIndexName, bad);
    EXPECT_FALSE(open()) << "byte " << at;
  }
  std::filesystem::remove(dir_.path() / kIndexName);
  std::filesystem::create_directory(dir_.path() / kIndexName);
  EXPECT_FALSE(open());
}

/// Random bytes in the tables: no crash, no endless loop, and where the damage is met it is noticed.
TEST_F(LeaseIndexFile, NoticesDamage) {
  LeaseIndex index(kBoot);
  for (std::uint64_t i = 0; i < 300; ++i) {
    index.insert(record_hash(fmt::format("id{}", i)), {.ip = offset("10.0.0.0", i * 300), .file = {}});
  }
  save(std::move(index), 42);
  const std::string good = test::read_file(dir_.path() / kIndexName);
  std::mt19937_64 random(7);
  for (int round = 0; round < 50; ++round) {
    std::string bad = good;
    for (std::size_t at = sizeof(index::Header); at < bad.size(); ++at) {
      if (round == 0 || random() % 8 == 0) bad[at] = static_cast<char>(random());
    }
    test::write_file(dir_.path() / kIndexName, bad);
    auto opened = open();
    ASSERT_TRUE(opened);
    for (std::uint64_t i = 0; i < 300; ++i)
      static_cast<void>(opened->find(record_hash(fmt::format("id{}", i))));
    EXPECT_TRUE(opened->damaged());
    static_cast<void>(opened->next_free(ip("10.0.0.0"), ip("10.255.255.255")));
    for (std::uint64_t i = 0; i < 300; ++i) opened->insert(i, {.ip = offset("10.9.0.0", i), .file = {}});
    EXPECT_TRUE(opened->damaged());
  }
}

}  // namespace
}  // namespace podwire::host_local
