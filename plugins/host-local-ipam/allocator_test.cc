#include "plugins/host-local-ipam/allocator.h"

#include <gtest/gtest.h>

#include "plugins/host-local-ipam/test_support.h"

namespace podwire::host_local {
namespace {

using test::code;
using test::ip;
using test::message;
using test::must;

/// A fresh store with these leases and this cursor, and one set of these subnets.
class Pool {
 public:
  explicit Pool(const std::vector<std::string>& subnets, const std::vector<std::string>& used = {},
                const std::string& last = "") {
    std::vector<RangeRequest> requests;
    requests.reserve(subnets.size());
    for (const std::string& subnet : subnets) requests.push_back(test::range_request(subnet));
    sets_ = {test::range_set(requests)};
    for (const std::string& name : used) test::write_file(dir_.path() / name, "id\r\neth0");
    if (!last.empty()) test::write_file(dir_.path() / "last_reserved_ip.0", last);
    store_ = must(LeaseStore::open_or_create(dir_.path()));
  }

  [[nodiscard]] Result<std::vector<spec::IpConfig>> get(const std::string& id,
                                                        const std::vector<Ip>& requested = {}) {
    return allocate(*store_, sets_, requested, {.container_id = id, .ifname = "eth0"});
  }
  [[nodiscard]] std::string get_text(const std::string& id, const std::vector<Ip>& requested = {}) {
    const auto ips = get(id, requested);
    return ips ? ips->front().address.text() : ips.error().msg;
  }
  [[nodiscard]] std::vector<std::string> names() const { return test::lease_names(dir_.path()); }

  test::TempDir dir_;
  std::vector<RangeSet> sets_;
  std::unique_ptr<LeaseStore> store_;
};

TEST(Allocator, RoundRobin) {
  struct Case {
    std::vector<std::string> subnets, used;
    std::string last, want;
  };
  const std::vector<Case> cases{
      {{"10.0.0.0/29"}, {}, "", "10.0.0.2/29"},
      {{"2001:db8:1::0/64"}, {}, "", "2001:db8:1::2/64"},
      {{"10.0.0.0/30"}, {}, "", "10.0.0.2/30"},
      {{"10.0.0.0/29"}, {"10.0.0.2"}, "", "10.0.0.3/29"},
      {{"10.0.0.0/29"}, {}, "10.0.0.5", "10.0.0.6/29"},
      {{"10.0.0.0/29"}, {"10.0.0.4", "10.0.0.5"}, "10.0.0.3", "10.0.0.6/29"},
      {{"10.0.0.0/29"}, {"10.0.0.6"}, "10.0.0.5", "10.0.0.2/29"},
      {{"10.0.0.0/29"}, {"10.0.0.2"}, "10.0.0.128", "10.0.0.3/29"},
      {{"10.0.0.0/29"}, {"10.0.0.2", "10.0.0.4", "10.0.0.5", "10.0.0.6"}, "10.0.0.3", "10.0.0.3/29"},
      {{"10.0.0.0/30", "10.0.1.0/30"}, {}, "", "10.0.0.2/30"},
      {{"10.0.0.0/30", "10.0.1.0/30"}, {}, "10.0.0.2", "10.0.1.2/30"},
      {{"10.0.0.0/30", "10.0.1.0/30", "10.0.2.0/30"}, {}, "10.0.2.2", "10.0.0.2/30"},
  };
  for (const Case& c : cases) {
    Pool pool(c.subnets, c.used, c.last);
    EXPECT_EQ(pool.get_text("ID"), c.want) << c.last;
  }
}

TEST(Allocator, NeverTheBroadcastAddress) {
  Pool pool({"192.168.1.0/29"});
  for (int i = 2; i < 7; ++i)
    EXPECT_EQ(pool.get_text(fmt::format("ID{}", i)), fmt::format("192.168.1.{}/29", i));
  const auto sixth = pool.get("ID8");
  EXPECT_EQ(code(sixth), Code::kPoolExhausted);
  EXPECT_EQ(
      message(sixth),
      "failed to allocate for range 0: no IP addresses available in range set: 192.168.1.1-192.168.1.6");
}

TEST(Allocator, DoesNotHandOutAReleasedAddressAtOnce) {
  Pool pool({"192.168.1.0/29"});
  EXPECT_EQ(pool.get_text("ID"), "192.168.1.2/29");
  EXPECT_TRUE(release(*pool.store_, {"ID", "eth0"}));
  EXPECT_EQ(pool.get_text("ID"), "192.168.1.3/29");
}

TEST(Allocator, RequestedAddress) {
  Pool pool({"192.168.1.0/29"});
  EXPECT_EQ(pool.get_text("ID", {ip("192.168.1.5")}), "192.168.1.5/29");
  EXPECT_EQ(test::read_file(pool.dir_.path() / "last_reserved_ip.0"), "192.168.1.5");
  const auto taken = pool.get("ID2", {ip("192.168.1.5")});
  EXPECT_EQ(message(taken),
            "failed to allocate for range 0: requested IP address 192.168.1.5 is not available in range set "
            "192.168.1.1-192.168.1.6");
  EXPECT_EQ(code(taken), Code::kAddressNotAvailable);
  const auto gateway = pool.get("ID3", {ip("192.168.1.1")});
  EXPECT_EQ(message(gateway), "failed to allocate for range 0: requested ip 192.168.1.1 is subnet's gateway");
  EXPECT_EQ(code(gateway), Code::kAddressNotAvailable);
  EXPECT_EQ(pool.get_text("ID", {ip("192.168.1.4")}), "192.168.1.4/29") << "no duplicate check on request";
}

TEST(Allocator, RequestedAddressOutsideTheRange) {
  Pool pool({"192.168.1.0/29"});
  pool.sets_ = {test::range_set({test::range_request("192.168.1.0/29", "192.168.1.3", "192.168.1.4")})};
  for (const char* outside : {"192.168.1.5", "192.168.1.2"}) {
    const auto refused = pool.get("ID", {ip(outside)});
    EXPECT_EQ(message(refused), fmt::format("failed to allocate all requested IPs: {}", outside));
    EXPECT_EQ(code(refused), Code::kAddressNotAvailable);
  }
  EXPECT_TRUE(pool.names().empty());
}

TEST(Allocator, Exhausted) {
  const std::vector<std::pair<std::vector<std::string>, std::vector<std::string>>> cases{
      {{"10.0.0.0/30"}, {"10.0.0.2"}},
      {{"10.0.0.0/29"}, {"10.0.0.2", "10.0.0.3", "10.0.0.4", "10.0.0.5", "10.0.0.6"}},
      {{"10.0.0.0/30", "10.0.1.0/30"}, {"10.0.0.2", "10.0.1.2"}},
  };
  for (const auto& [subnets, used] : cases) {
    Pool pool(subnets, used);
    const auto none = pool.get("ID");
    EXPECT_EQ(message(none).find("failed to allocate for range 0: no IP addresses available in range set: "),
              0U);
    EXPECT_EQ(code(none), Code::kPoolExhausted);
  }
}

TEST(Allocator, MultipleRangesOfASet) {
  Pool pool({"10.0.0.0/30"});
  pool.sets_ = {test::range_set({test::range_request("192.168.1.0/30", "192.168.1.0", "192.168.1.3"),
                                 test::range_request("192.168.2.0/30", "192.168.2.0", "192.168.2.3")})};
  EXPECT_EQ(pool.get_text("a", {ip("192.168.1.3")}), "192.168.1.3/30");
  EXPECT_EQ(pool.get_text("b"), "192.168.2.0/30") << "after the end of a range, the start of the next";
}

TEST(Allocator, DuplicateAllocationLeavesTheFirstIntact) {
  Pool pool({"10.0.0.0/24"});
  pool.sets_.push_back(test::range_set({test::range_request("2001:db8::/64")}));
  ASSERT_TRUE(pool.get("ID"));
  const auto twice = pool.get("ID");
  EXPECT_EQ(message(twice),
            "failed to allocate for range 0: 10.0.0.2 has been allocated to ID, duplicate allocation is not "
            "allowed");
  EXPECT_EQ(code(twice), Code::kDuplicateAllocation);
  EXPECT_EQ(pool.names(), (std::vector<std::string>{"10.0.0.2", "2001:db8::2"}));
  // The first set succeeds on request, the second one refuses: only what this call made goes.
  const auto half = pool.get("ID", {ip("10.0.0.77")});
  EXPECT_EQ(message(half),
            "failed to allocate for range 1: 2001:db8::2 has been allocated to ID, duplicate allocation is "
            "not allowed");
  EXPECT_EQ(pool.names(), (std::vector<std::string>{"10.0.0.2", "2001:db8::2"}));
  EXPECT_TRUE(must(holds_lease(*pool.store_, {"ID", "eth0"})));
}

TEST(Allocator, DuplicatesOfOldRecordsCount) {
  Pool pool({"10.0.0.0/24"});
  pool.store_.reset();
  test::write_file(pool.dir_.path() / "10.0.0.9", "ID");
  test::write_file(pool.dir_.path() / "192.0.2.1", "ID2\r\neth0");
  pool.store_ = must(LeaseStore::open(pool.dir_.path()));
  EXPECT_EQ(code(pool.get("ID")), Code::kDuplicateAllocation);
  EXPECT_EQ(pool.get_text("ID2"), "10.0.0.2/24") << "a lease outside the set is none of its business";
}

TEST(Allocator, LeftoversUndoEverything) {
  Pool pool({"10.0.0.0/24"});
  pool.sets_.push_back(test::range_set({test::range_request("10.0.1.0/24")}));
  const auto left = pool.get("ID", {ip("10.0.1.5"), ip("10.0.0.5"), ip("10.0.0.6"), ip("172.16.0.1")});
  EXPECT_EQ(message(left), "failed to allocate all requested IPs: 10.0.0.6 172.16.0.1");
  EXPECT_TRUE(pool.names().empty());
  EXPECT_EQ(must(pool.get("ID", {ip("10.0.1.5"), ip("10.0.0.5")})).size(), 2U);
}

TEST(Allocator, ReleasesOldRecordsOnlyWhereThereAreNoNewOnes) {
  Pool pool({"10.0.0.0/24"});
  pool.store_.reset();
  test::write_file(pool.dir_.path() / "10.0.0.9", "   ID\n ");
  test::write_file(pool.dir_.path() / "10.0.0.10", "ID\r\neth0");
  test::write_file(pool.dir_.path() / "10.0.0.11", "ID\r\neth1");
  pool.store_ = must(LeaseStore::open(pool.dir_.path()));
  EXPECT_TRUE(release(*pool.store_, {"ID", "eth0"}));
  EXPECT_EQ(pool.names(), (std::vector<std::string>{"10.0.0.11", "10.0.0.9"}));
  EXPECT_TRUE(release(*pool.store_, {"ID", "eth0"}));
  EXPECT_EQ(pool.names(), std::vector<std::string>{"10.0.0.11"});
  EXPECT_TRUE(release(*pool.store_, {"ID", "eth0"}));
}

TEST(Allocator, ReportsSeveralErrorsAsOne) {
  EXPECT_TRUE(report({}));
  const auto reported = report({{Code::kIo, "a", ""}, {Code::kKernel, "b", ""}});
  EXPECT_EQ(message(reported), "a; b");
  EXPECT_EQ(code(reported), Code::kIo);
}

}  // namespace
}  // namespace podwire::host_local
