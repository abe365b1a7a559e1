#include "plugins/host-local-ipam/lease_store.h"

#include <fcntl.h>
#include <gtest/gtest.h>
#include <sys/socket.h>
#include <sys/stat.h>
#include <sys/un.h>

#include <random>

#include "plugins/host-local-ipam/allocator.h"
#include "plugins/host-local-ipam/test_support.h"

namespace podwire::host_local {
namespace {

using test::ip;
using test::must;

class LeaseStoreTest : public ::testing::Test {
 protected:
  LeaseStoreTest() { boot("aaaaaaaa-0000-0000-0000-000000000000"); }

  void boot(const std::string& id) const { test::write_file(options_.boot_id_path, id + "\n"); }
  [[nodiscard]] std::unique_ptr<LeaseStore> open() {
    return must(LeaseStore::open_or_create(network_, options_));
  }
  /// One address for `id` from the set, in a session of its own.
  std::string add(const std::string& id) {
    const auto store = open();
    const auto ips = allocate(*store, {set_}, {}, {.container_id = id, .ifname = "eth0"});
    return ips ? ips->front().address.ip.text() : ips.error().msg;
  }
  void del(const std::string& id) { EXPECT_TRUE(release(*open(), {.container_id = id, .ifname = "eth0"})); }
  [[nodiscard]] bool index_is_current() const {
    const auto files = must(LeaseFiles::open(network_));
    const auto index = LeaseIndex::open(files->directory(), IndexFile::Access::kRead);
    return index && index->is_current(must(files->mtime()));
  }
  /// Changes the directory behind the back of the index: its time stays.
  template <typename Change>
  void keep_time(Change change) const {
    struct stat status{};
    ASSERT_EQ(::stat(network_.c_str(), &status), 0);
    change();
    const timespec times[2] = {{.tv_sec = 0, .tv_nsec = UTIME_OMIT}, status.st_mtim};
    ASSERT_EQ(::utimensat(AT_FDCWD, network_.c_str(), times, 0), 0);
    ASSERT_TRUE(index_is_current());
  }
  void expect_no_notice() const { EXPECT_TRUE(notices_.empty()) << notices_.front(); }

  test::TempDir dir_;
  std::filesystem::path network_ = dir_.path() / "data" / "net";
  std::vector<std::string> notices_;
  StoreOptions options_{.boot_id_path = dir_.path() / "boot_id", .notices = &notices_};
  RangeSet set_ = test::range_set({test::range_request("10.0.0.0/16")});
};

TEST_F(LeaseStoreTest, WritesTheFilesOfTheReference) {
  EXPECT_EQ(add("id"), "10.0.0.2");
  EXPECT_EQ(test::read_file(network_ / "10.0.0.2"), "id\r\neth0");
  EXPECT_EQ(test::read_file(network_ / "last_reserved_ip.0"), "10.0.0.2");
  struct stat status{};
  ASSERT_EQ(::stat((network_ / "10.0.0.2").c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0600U);
  ASSERT_EQ(::stat(network_.c_str(), &status), 0);
  EXPECT_EQ(status.st_mode & 07777, 0755U & ~::umask(022));
  EXPECT_TRUE(index_is_current());
  expect_no_notice();
}

TEST_F(LeaseStoreTest, ShortensTheCursor) {
  const auto files = must(LeaseFiles::open_or_create(network_));
  ASSERT_TRUE(files.write_last_reserved(3, ip("10.0.0.200")));
  ASSERT_TRUE(files.write_last_reserved(3, ip("10.0.1.9")));
  EXPECT_EQ(test::read_file(network_ / "last_reserved_ip.3"), "10.0.1.9");
  EXPECT_EQ(files.read_last_reserved(3), ip("10.0.1.9"));
  EXPECT_EQ(files.read_last_reserved(4), std::nullopt);
  test::write_file(network_ / "last_reserved_ip.4", "");
  EXPECT_EQ(files.read_last_reserved(4), std::nullopt);
}

TEST_F(LeaseStoreTest, SeesWhatOthersDidSince) {
  EXPECT_EQ(add("a"), "10.0.0.2");
  test::write_file(network_ / "10.0.0.3", "x\r\neth0");
  EXPECT_FALSE(index_is_current());
  EXPECT_EQ(add("b"), "10.0.0.4");
  std::filesystem::remove(network_ / "10.0.0.2");
  EXPECT_EQ(add("a"), "10.0.0.5") << "no duplicate: the lease has been released by somebody else";
  del("x");
  EXPECT_EQ(test::lease_names(network_), (std::vector<std::string>{"10.0.0.4", "10.0.0.5"}));
}

/// The index is even of the right time, but the file is not there, or is somebody else's.
TEST_F(LeaseStoreTest, VerifiesWhatTheIndexSays) {
  add("a");
  add("b");
  keep_time([&] { std::filesystem::rename(network_ / "10.0.0.2", network_ / "10.0.0.9"); });
  EXPECT_EQ(must(open()->find("a\r\neth0")), std::vector<Ip>{ip("10.0.0.9")});
  keep_time([&] { test::write_file(network_ / "10.0.0.4", "c\r\neth0"); });
  EXPECT_EQ(add("d"), "10.0.0.5") << "EEXIST makes it look again";
  EXPECT_EQ(must(open()->find("c\r\neth0")), std::vector<Ip>{ip("10.0.0.4")});
  keep_time([&] { test::write_file(network_ / "10.0.0.6", ""); });
  EXPECT_TRUE(must(open()->reserve(ip("10.0.0.6"), "e\r\neth0"))) << "a left-over is no lease";
}

/// A pool that the index calls full, in an index of the right time: the names settle it.
TEST_F(LeaseStoreTest, ChecksExhaustionAgainstTheNames) {
  set_ = test::range_set({test::range_request("10.0.0.0/29")});
  for (int i = 0; i < 5; ++i) add(fmt::format("id{}", i));
  EXPECT_NE(add("late").find("no IP addresses available"), std::string::npos);
  keep_time([&] { std::filesystem::remove(network_ / "10.0.0.4"); });
  EXPECT_EQ(add("late"), "10.0.0.4");
  keep_time([&] {
    std::filesystem::remove(network_ / "10.0.0.3");
    test::write_file(network_ / "10.0.0.99", "x\r\neth0");
  });
  EXPECT_EQ(add("later"), "10.0.0.3") << "as many names as before, but others";
}

TEST_F(LeaseStoreTest, ReclaimsEmptyFiles) {
  std::filesystem::create_directories(network_);
  for (const char* name : {"10.0.0.2", "10.0.0.3", "10.0.0.7"}) test::write_file(network_ / name, "");
  EXPECT_EQ(add("a"), "10.0.0.2");
  EXPECT_EQ(test::lease_names(network_), std::vector<std::string>{"10.0.0.2"});
  test::write_file(network_ / "10.0.0.3", "");
  const auto store = open();
  EXPECT_TRUE(must(store->reserve(ip("10.0.0.3"), "b\r\neth0")));
}

TEST_F(LeaseStoreTest, LeavesForeignThingsAlone) {
  std::filesystem::create_directories(network_ / "10.0.0.2");
  test::write_file(network_ / "10.0.0.3", "garbage \x01\x02");
  test::write_file(network_ / "10.0.0.04", "a\r\neth0");
  std::filesystem::create_symlink("/etc/hostname", network_ / "10.0.0.5");
  ASSERT_EQ(::mkfifo((network_ / "10.0.0.6").c_str(), 0600), 0);
  EXPECT_EQ(add("a"), "10.0.0.4");
  EXPECT_EQ(add("b"), "10.0.0.7");
  EXPECT_FALSE(must(open()->reserve(ip("10.0.0.2"), "c")));
  del("a");
  EXPECT_EQ(std::distance(std::filesystem::directory_iterator(network_), {}), 9)
      << "five foreign, b, cursor, lock, index";
}

TEST_F(LeaseStoreTest, SurvivesADamagedIndex) {
  std::mt19937_64 random(3);
  std::vector<std::string> want;
  want.reserve(200);
  for (int i = 0; i < 200; ++i) want.push_back(add(fmt::format("id{}", i)));
  struct stat status{};
  for (int round = 0; round < 20; ++round) {
    std::string bytes = test::read_file(network_ / kIndexName);
    ASSERT_EQ(::stat(network_.c_str(), &status), 0);
    switch (round % 4) {
      case 0:
        bytes.resize(random() % bytes.size());
        break;
      case 1:
        for (char& c : bytes) c = static_cast<char>(random());
        break;
      case 2:
        for (std::size_t i = sizeof(index::Header); i < bytes.size(); ++i)
          bytes[i] = static_cast<char>(random());
        break;
      default:
        bytes.clear();
    }
    test::write_file(network_ / kIndexName, bytes);
    for (const int i : {0, 77, 199}) {
      EXPECT_EQ(must(open()->find(fmt::format("id{}\r\neth0", i))),
                std::vector<Ip>{ip(want[static_cast<std::size_t>(i)])});
    }
    const std::string id = fmt::format("new{}", round);
    EXPECT_EQ(add(id),
              Ip::from_number(Family::kV4, ip("10.0.0.202").number() + static_cast<unsigned>(round)).text());
    EXPECT_TRUE(index_is_current());
  }
}

TEST_F(LeaseStoreTest, DropsLeasesOfAnEarlierBootThatItKnew) {
  add("known1");
  add("known2");
  add("known3");
  add("known4");
  // Written by others in the same boot, after our last look: not known, so it stays.
  test::write_file(network_ / "10.0.0.50", "unknown\r\neth0");
  boot("bbbbbbbb-0000-0000-0000-000000000000");
  // Made anew since the reboot, by others, under the same address for the same container: another file.
  std::filesystem::rename(network_ / "10.0.0.3", network_ / "old");
  test::write_file(network_ / "10.0.0.3", "known2\r\neth0");
  std::filesystem::remove(network_ / "old");
  // The same file with another content is another lease.
  test::write_file(network_ / "10.0.0.4", "other\r\neth0");
  EXPECT_EQ(add("new"), "10.0.0.6");
  EXPECT_EQ(test::lease_names(network_),
            (std::vector<std::string>{"10.0.0.3", "10.0.0.4", "10.0.0.50", "10.0.0.6"}));
  boot("cccccccc-0000-0000-0000-000000000000");
  EXPECT_EQ(add("newer"), "10.0.0.7") << "round robin goes on";
  EXPECT_EQ(test::lease_names(network_), std::vector<std::string>{"10.0.0.7"})
      << "now all of them were known";
}

TEST_F(LeaseStoreTest, KeepsLeasesWhenTheBootIsUnknown) {
  add("a");
  std::filesystem::remove(options_.boot_id_path);
  EXPECT_EQ(add("b"), "10.0.0.3");
  EXPECT_EQ(test::lease_names(network_).size(), 2U);
  boot("bbbbbbbb-0000-0000-0000-000000000000");
  EXPECT_EQ(add("c"), "10.0.0.4");
  EXPECT_EQ(test::lease_names(network_), std::vector<std::string>{"10.0.0.4"});
}

TEST_F(LeaseStoreTest, AdoptsADirectorySeenForTheFirstTime) {
  std::filesystem::create_directories(network_);
  test::write_file(network_ / "10.0.0.2", "a\r\neth0");
  test::write_file(network_ / "last_reserved_ip.0", "10.0.0.2");
  EXPECT_EQ(add("b"), "10.0.0.3");
  EXPECT_EQ(test::lease_names(network_).size(), 2U);
  del("a");
  EXPECT_EQ(test::lease_names(network_), std::vector<std::string>{"10.0.0.3"});
}

TEST_F(LeaseStoreTest, FindsTheFiveHolesOfAFullSixteen) {
  std::filesystem::create_directories(network_);
  std::mt19937_64 random(11);
  std::vector<std::string> holes;
  while (holes.size() < 5) {
    const std::string hole = Ip::from_number(Family::kV4, ip("10.0.0.2").number() + random() % 65'533).text();
    if (std::ranges::find(holes, hole) == holes.end()) holes.push_back(hole);
  }
  std::ranges::sort(holes, {}, [](const std::string& text) { return ip(text); });
  for (unsigned i = 2; i <= 65'534; ++i) {
    const std::string name = Ip::from_number(Family::kV4, ip("10.0.0.0").number() + i).text();
    if (std::ranges::find(holes, name) == holes.end()) test::write_file(network_ / name, "full\r\neth0");
  }
  for (const std::string& hole : holes) EXPECT_EQ(add("id" + hole), hole);
  EXPECT_EQ(add("late"),
            "failed to allocate for range 0: no IP addresses available in range set: 10.0.0.1-10.0.255.254");
  EXPECT_TRUE(index_is_current());
  del("id" + holes[2]);
  EXPECT_EQ(add("late"), holes[2]);
}

TEST_F(LeaseStoreTest, SlashEightAndSixtyFour) {
  const RangeSet eight = test::range_set({test::range_request("10.0.0.0/8")});
  const RangeSet sixty_four = test::range_set({test::range_request("2001:db8::/64")});
  for (int i = 0; i < 3; ++i) {
    const auto store = open();
    const auto ips = must(allocate(*store, {eight, sixty_four}, {}, {fmt::format("id{}", i), "eth0"}));
    EXPECT_EQ(ips[0].address.text(), fmt::format("10.0.0.{}/8", i + 2));
    EXPECT_EQ(ips[1].address.text(), fmt::format("2001:db8::{}/64", i + 2));
  }
  const auto files = must(LeaseFiles::open(network_));
  ASSERT_TRUE(files->write_last_reserved(0, ip("10.255.255.253")));
  ASSERT_TRUE(files->write_last_reserved(1, ip("2001:db8::ffff:ffff:ffff:fffe")));
  const auto store = open();
  const auto end = must(allocate(*store, {eight, sixty_four}, {}, {"end", "eth0"}));
  EXPECT_EQ(end[0].address.ip.text(), "10.255.255.254");
  EXPECT_EQ(end[1].address.ip.text(), "2001:db8::ffff:ffff:ffff:ffff");
  const auto wrapped = must(allocate(*store, {eight, sixty_four}, {}, {"wrapped", "eth0"}));
  EXPECT_EQ(wrapped[0].address.ip.text(), "10.0.0.5");
  EXPECT_EQ(wrapped[1].address.ip.text(), "2001:db8::5");
  EXPECT_LT(std::filesystem::file_size(network_ / kIndexName), 20'000U);
}

TEST_F(LeaseStoreTest, TimesOutOnAHeldLock) {
  const auto held = open();
  options_.lock_timeout = std::chrono::milliseconds(20);
  EXPECT_EQ(test::code(LeaseStore::open(network_, options_)), Code::kTryAgainLater);
}

TEST_F(LeaseStoreTest, NamesTheDirectoryItCannotMake) {
  test::write_file(dir_.path() / "file", "");
  const auto store = LeaseStore::open_or_create(dir_.path() / "file" / "net", options_);
  EXPECT_EQ(test::code(store), Code::kIo);
  EXPECT_EQ(test::message(store),
            fmt::format("cannot create directory {}/file/net: Not a directory", dir_.path().string()));
  EXPECT_EQ(must(LeaseStore::open(dir_.path() / "file" / "net", options_)), nullptr);
  EXPECT_EQ(must(LeaseStore::open(dir_.path() / "none", options_)), nullptr);
}

TEST_F(LeaseStoreTest, WorksWithoutAnIndex) {
  std::filesystem::create_directories(network_ / kIndexName / "in the way");
  EXPECT_EQ(add("a"), "10.0.0.2");
  EXPECT_EQ(add("b"), "10.0.0.3");
  del("a");
  EXPECT_EQ(test::lease_names(network_), std::vector<std::string>{"10.0.0.3"});
  ASSERT_EQ(notices_.size(), 3U);
  EXPECT_NE(notices_[0].find("cannot rename index"), std::string::npos) << notices_[0];
}

}  // namespace
}  // namespace podwire::host_local
