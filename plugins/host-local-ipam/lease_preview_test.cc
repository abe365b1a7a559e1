// A preview says what the next ADD does, and leaves the directory as it is.
#include "plugins/host-local-ipam/lease_preview.h"

#include <gtest/gtest.h>

#include <random>
#include <set>

#include "plugins/host-local-ipam/allocator.h"
#include "plugins/host-local-ipam/test_support.h"

namespace podwire::host_local {
namespace {

using test::message;
using test::must;

using Strings = std::vector<std::string>;
using Action = plan::FileStep::Action;

class Preview : public ::testing::Test {
 protected:
  Preview() { boot("aaaaaaaa-0000-0000-0000-000000000000"); }
  void boot(const std::string& id) const { test::write_file(boot_id_path_, id + "\n"); }

  [[nodiscard]] static std::string summary(const Result<std::vector<spec::IpConfig>>& ips) {
    if (!ips) return ips.error().msg;
    std::string out;
    for (const spec::IpConfig& ip : *ips) out += ip.address.text() + " via " + ip.gateway->text() + " ";
    return out;
  }
  [[nodiscard]] std::string preview(const Owner& owner, const std::vector<Ip>& requested = {}) {
    LeasePreview leases = must(LeasePreview::open(network_, notices_, boot_id_path_));
    const auto ips = allocate(leases, sets_, requested, owner);
    planned_ = leases.files();
    return summary(ips);
  }
  std::string add(const Owner& owner,  // NOLINT(modernize-use-nodiscard)
                  const std::vector<Ip>& requested = {}) {
    const auto store = must(LeaseStore::open_or_create(network_, {.boot_id_path = boot_id_path_}));
    return summary(allocate(*store, sets_, requested, owner));
  }
  void del(const Owner& owner) {
    const auto store = must(LeaseStore::open_or_create(network_, {.boot_id_path = boot_id_path_}));
    ASSERT_TRUE(release(*store, owner));
  }
  /// "create F=content" per planned file, the directory's name left out.
  [[nodiscard]] Strings planned() const {
    Strings out;
    for (const plan::FileStep& step : planned_) {
      const std::string name = std::filesystem::path(step.path).filename();
      EXPECT_FALSE(step.name.empty());
      EXPECT_FALSE(step.comment.empty());
      switch (step.action) {
        case Action::kMakeDirectory:
          out.push_back("mkdir " + step.path);
          break;
        case Action::kCreate:
          out.push_back("create " + name + "=" + step.content);
          break;
        case Action::kReplace:
          out.push_back("replace " + name + "=" + step.content);
          break;
        case Action::kRemove:
          out.push_back("remove " + name);
          break;
      }
    }
    return out;
  }
  /// Names, contents and times of everything in the directory.
  [[nodiscard]] Strings everything() const {
    Strings out;
    if (!std::filesystem::exists(network_)) return out;
    for (const auto& entry : std::filesystem::directory_iterator(network_)) {
      out.push_back(fmt::format("{}={} {}", entry.path().string(), test::read_file(entry.path()),
                                entry.last_write_time().time_since_epoch().count()));
    }
    out.push_back(std::to_string(std::filesystem::last_write_time(network_).time_since_epoch().count()));
    std::ranges::sort(out);
    return out;
  }

  test::TempDir dir_;
  std::string boot_id_path_ = dir_.path() / "boot_id";
  std::filesystem::path network_ = dir_.path() / "a" / "net";
  std::vector<RangeSet> sets_{
      test::range_set({test::range_request("10.0.0.0/29"), test::range_request("10.0.1.0/29", "10.0.1.4")}),
      test::range_set({test::range_request("fd00::/125")})};
  std::vector<std::string> notices_;
  std::vector<plan::FileStep> planned_;
};

TEST_F(Preview, OfADirectoryThatIsNotThere) {
  EXPECT_EQ(preview({"c", "eth0"}), "10.0.0.2/29 via 10.0.0.1 fd00::2/125 via fd00::1 ");
  EXPECT_EQ(planned(), (Strings{"mkdir " + network_.string(), "create 10.0.0.2=c\r\neth0",
                                "replace last_reserved_ip.0=10.0.0.2", "create fd00::2=c\r\neth0",
                                "replace last_reserved_ip.1=fd00::2"}));
  EXPECT_FALSE(std::filesystem::exists(dir_.path() / "a"));
  EXPECT_EQ(add({"c", "eth0"}), "10.0.0.2/29 via 10.0.0.1 fd00::2/125 via fd00::1 ");
}

/// Whatever happened before, the answer (or the error) is that of the ADD that follows.
TEST_F(Preview, ForetellsEveryAdd) {
  std::mt19937 random(20240717);  // NOLINT(bugprone-random-generator-seed): the same walk every time
  const auto number = [&](unsigned end) { return static_cast<unsigned>(random() % end); };
  int succeeded = 0;
  int failed = 0;
  for (int i = 0; i < 400; ++i) {
    const Owner owner{.container_id = fmt::format("c{}", number(9)), .ifname = "eth0"};
    if (number(3) == 0) {
      del(owner);
      continue;
    }
    std::vector<Ip> requested;
    if (number(4) == 0) requested.push_back(test::ip(fmt::format("10.0.0.{}", number(9))));
    if (number(8) == 0) test::write_file(network_ / fmt::format("10.0.0.{}", 2 + number(5)), "");
    const auto before = everything();
    const std::string foretold = preview(owner, requested);
    ASSERT_EQ(everything(), before);
    const std::string done = add(owner, requested);
    ASSERT_EQ(foretold, done) << i;
    (done.contains(" via ") ? succeeded : failed) += 1;
  }
  EXPECT_GT(succeeded, 50);
  EXPECT_GT(failed, 50);
  EXPECT_TRUE(notices_.empty());
}

TEST_F(Preview, AfterARebootTheOldLeasesGo) {
  add({"old", "eth0"});
  boot("bbbbbbbb-0000-0000-0000-000000000000");
  const auto before = everything();
  EXPECT_EQ(preview({"old", "eth0"}), "10.0.0.3/29 via 10.0.0.1 fd00::3/125 via fd00::1 ");
  EXPECT_EQ(everything(), before);
  const Strings lines = planned();
  EXPECT_EQ((std::set<std::string>(lines.begin(), lines.begin() + 2)),
            (std::set<std::string>{"remove 10.0.0.2", "remove fd00::2"}));
  EXPECT_EQ(lines[2], "create 10.0.0.3=old\r\neth0");
  EXPECT_EQ(add({"old", "eth0"}), "10.0.0.3/29 via 10.0.0.1 fd00::3/125 via fd00::1 ");
  EXPECT_FALSE(std::filesystem::exists(network_ / "10.0.0.2"));
}

TEST_F(Preview, WhatIsNoLeaseKeepsItsAddress) {
  std::filesystem::create_directories(network_ / "10.0.0.2");
  test::write_file(network_ / "10.0.0.3", "somebody");
  EXPECT_EQ(preview({"c", "eth0"}), "10.0.0.4/29 via 10.0.0.1 fd00::2/125 via fd00::1 ");
  EXPECT_EQ(add({"c", "eth0"}), "10.0.0.4/29 via 10.0.0.1 fd00::2/125 via fd00::1 ");
}

/// A set that fails takes back what the sets before it got.
TEST_F(Preview, AFailedAddWritesNoLease) {
  for (int i = 0; i < 6; ++i) add({fmt::format("c{}", i), "eth0"});
  EXPECT_EQ(preview({"c9", "eth0"}),
            "failed to allocate for range 1: no IP addresses available in range set: fd00::1-fd00::7");
  for (const std::string& line : planned()) EXPECT_FALSE(line.starts_with("create")) << line;
}

TEST_F(Preview, DoesNotBelieveADamagedIndex) {
  add({"c1", "eth0"});
  std::filesystem::resize_file(network_ / ".podwire-index", 4096);
  EXPECT_EQ(preview({"c", "eth0"}), "10.0.0.3/29 via 10.0.0.1 fd00::3/125 via fd00::1 ");
  EXPECT_EQ(add({"c", "eth0"}), "10.0.0.3/29 via 10.0.0.1 fd00::3/125 via fd00::1 ");
}

/// The index is current, because the directory has not changed; the record has.
TEST_F(Preview, DoesNotBelieveAnIndexThatAFileContradicts) {
  add({"c1", "eth0"});
  test::write_file(network_ / "10.0.0.2", "c2\r\neth0");
  test::write_file(network_ / "fd00::2", "c2\r\neth0");
  const std::string duplicate =
      "failed to allocate for range 0: 10.0.0.2 has been allocated to c2, duplicate allocation is not "
      "allowed";
  EXPECT_EQ(preview({"c1", "eth0"}), "10.0.0.3/29 via 10.0.0.1 fd00::3/125 via fd00::1 ");
  EXPECT_EQ(add({"c1", "eth0"}), "10.0.0.3/29 via 10.0.0.1 fd00::3/125 via fd00::1 ");
  EXPECT_EQ(preview({"c2", "eth0"}), duplicate);
  EXPECT_EQ(add({"c2", "eth0"}), duplicate);
}

TEST_F(Preview, DoesNotWaitForTheLock) {
  const auto held = must(LeaseStore::open_or_create(network_, {.boot_id_path = boot_id_path_}));
  EXPECT_EQ(preview({"c", "eth0"}), "10.0.0.2/29 via 10.0.0.1 fd00::2/125 via fd00::1 ");
}

}  // namespace
}  // namespace podwire::host_local
