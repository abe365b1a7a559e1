#include "plugins/host-local-ipam/range.h"

#include <gtest/gtest.h>

#include "plugins/host-local-ipam/test_support.h"

namespace podwire::host_local {
namespace {

using test::ip;
using test::message;
using test::range_request;
using test::range_set;

std::string summary(const RangeRequest& request) {
  const auto range = complete_range(request);
  return range ? range->text() + " via " + range->gateway.text() : range.error().msg;
}

/// Every address that the plan visits, in order.
std::string walk(const RangeSet& set, const std::optional<Ip>& last) {
  std::string out;
  for (const Candidates& run : plan_candidates(set, last)) {
    EXPECT_LE(run.first, run.last);
    for (Ip at = run.first;; at = Ip::from_number(at.family(), at.number() + 1)) {
      EXPECT_TRUE(run.range->contains(at));
      out += (out.empty() ? "" : " ") + at.text();
      if (at == run.last) break;
    }
  }
  return out;
}

TEST(Range, Defaults) {
  EXPECT_EQ(summary(range_request("192.0.2.0/24")), "192.0.2.1-192.0.2.254 via 192.0.2.1");
  EXPECT_EQ(summary(range_request("192.0.2.0/25")), "192.0.2.1-192.0.2.126 via 192.0.2.1");
  EXPECT_EQ(summary(range_request("2001:DB8:1::/64")),
            "2001:db8:1::1-2001:db8:1:0:ffff:ffff:ffff:ffff via 2001:db8:1::1");
  EXPECT_EQ(summary(range_request("192.0.2.0/30")), "192.0.2.1-192.0.2.2 via 192.0.2.1");
  EXPECT_EQ(summary(range_request("10.0.0.0/8")), "10.0.0.1-10.255.255.254 via 10.0.0.1");
}

TEST(Range, RefusesHostBits) {
  const std::string text = "Network has host bits set. For a subnet mask of length ";
  EXPECT_EQ(summary(range_request("192.0.2.12/24")), text + "24 the network address is 192.0.2.0");
  EXPECT_EQ(summary(range_request("2001:DB8:1::24:19ff:fee1:c44a/64")),
            text + "64 the network address is 2001:db8:1::");
  EXPECT_EQ(summary(range_request("2001:DB8:24:19ff::/63")),
            text + "63 the network address is 2001:db8:24:19fe::");
  EXPECT_EQ(summary(range_request("192.168.127.0/23")), text + "23 the network address is 192.168.126.0");
}

TEST(Range, RefusesWhatIsTooSmall) {
  EXPECT_EQ(summary(range_request("192.0.2.0/31")), "Network 192.0.2.0/31 too small to allocate from");
  EXPECT_EQ(summary(range_request("192.0.2.0/32")), "Network 192.0.2.0/32 too small to allocate from");
  EXPECT_EQ(summary(range_request("2001:db8::/127")), "Network 2001:db8::/127 too small to allocate from");
  EXPECT_EQ(summary(RangeRequest{}), "subnet is missing");
}

TEST(Range, RefusesBoundsOutside) {
  EXPECT_EQ(summary(range_request("192.0.2.0/24", "192.0.3.0")),
            "RangeStart 192.0.3.0 not in network 192.0.2.0/24");
  EXPECT_EQ(summary(range_request("192.0.2.0/24", "", "192.0.4.0")),
            "RangeEnd 192.0.4.0 not in network 192.0.2.0/24");
  EXPECT_EQ(summary(range_request("192.0.2.0/24", "192.0.2.50", "192.0.2.40")),
            "RangeStart 192.0.2.50 not in network 192.0.2.0/24");
  EXPECT_EQ(summary(range_request("192.0.2.0/24", "", "192.0.2.0")),
            "RangeEnd 192.0.2.0 not in network 192.0.2.0/24");
  EXPECT_EQ(summary(range_request("192.0.2.0/24", "2001:db8::1")),
            "RangeStart 2001:db8::1 not in network 192.0.2.0/24");
  // The reference walks out of the subnet here.
  EXPECT_FALSE(complete_range(range_request("192.0.2.0/24", "192.0.2.255")));
}

TEST(Range, KeepsAllFields) {
  const Range range =
      test::must(complete_range(range_request("192.0.2.0/24", "192.0.2.40", "192.0.2.50", "192.0.2.254")));
  EXPECT_EQ(range.text(), "192.0.2.40-192.0.2.50");
  EXPECT_EQ(range.gateway, ip("192.0.2.254"));
  EXPECT_EQ(range.subnet.text(), "192.0.2.0/24");
  for (const auto& [address, inside] : std::vector<std::pair<std::string, bool>>{{"192.0.3.0", false},
                                                                                 {"192.0.2.39", false},
                                                                                 {"192.0.2.40", true},
                                                                                 {"192.0.2.50", true},
                                                                                 {"192.0.2.51", false}}) {
    EXPECT_EQ(range.contains(ip(address)), inside) << address;
  }
  const Range v6 =
      test::must(complete_range(range_request("2001:DB8:1::/64", "2001:db8:1::40", "2001:db8:1::50")));
  for (const auto& [address, inside] : std::vector<std::pair<std::string, bool>>{{"2001:db8:2::", false},
                                                                                 {"2001:db8:1::39", false},
                                                                                 {"2001:db8:1::40", true},
                                                                                 {"2001:db8:1::50", true},
                                                                                 {"2001:db8:1::51", false},
                                                                                 {"192.0.2.40", false}}) {
    EXPECT_EQ(v6.contains(ip(address)), inside) << address;
  }
  // A gateway outside the subnet is what some routed set-ups want.
  EXPECT_TRUE(complete_range(range_request("192.0.2.0/24", "", "", "169.254.1.1")));
}

TEST(Range, Overlap) {
  struct Case {
    RangeRequest a, b;
    bool overlap;
  };
  const std::vector<Case> cases{
      {range_request("10.0.0.0/24"), range_request("10.0.1.0/24"), false},
      {range_request("0.0.0.0/24"), range_request("::/24"), false},
      {range_request("10.0.0.0/24"), range_request("10.0.0.0/24"), true},
      {range_request("10.0.0.0/20"), range_request("10.0.1.0/24"), true},
      {range_request("10.0.0.0/24", "", "10.0.0.127"), range_request("10.0.0.0/24", "10.0.0.128"), false},
      {range_request("10.0.0.0/24", "", "10.0.0.127"), range_request("10.0.0.0/24", "10.0.0.127"), true},
  };
  for (const Case& c : cases) {
    EXPECT_EQ(overlaps(range_set({c.a}), range_set({c.b})), c.overlap) << c.a.subnet->text();
    EXPECT_EQ(overlaps(range_set({c.b}), range_set({c.a})), c.overlap) << c.a.subnet->text();
  }
}

TEST(RangeSet, Membership) {
  const RangeSet set = range_set({range_request("192.168.0.0/24"), range_request("172.16.1.0/24")});
  EXPECT_EQ(find_range(set, ip("192.168.99.99")), nullptr);
  EXPECT_EQ(find_range(set, ip("192.168.0.4")), &set[0]);
  EXPECT_EQ(find_range(set, ip("172.16.1.254")), &set[1]);
  EXPECT_EQ(text(set), "192.168.0.1-192.168.0.254,172.16.1.1-172.16.1.254");
}

TEST(RangeSet, Refusals) {
  EXPECT_EQ(message(complete_range_set({})), "empty range set");
  EXPECT_EQ(message(complete_range_set({range_request("10.1.0.0/22"), range_request("10.1.2.0/24")})),
            "subnets 10.1.0.1-10.1.3.254 and 10.1.2.1-10.1.2.254 overlap");
  EXPECT_EQ(message(complete_range_set({range_request("10.1.0.0/22"), range_request("2001:db8::/64")})),
            "mixed address families");
}

TEST(Candidates, LoopFromTheBeginningTheEndAndTheMiddle) {
  const RangeSet set = range_set({range_request("192.168.1.0/29")});
  const std::string from_two = "192.168.1.2 192.168.1.3 192.168.1.4 192.168.1.5 192.168.1.6";
  EXPECT_EQ(walk(set, std::nullopt), from_two);
  EXPECT_EQ(walk(set, ip("192.168.1.6")), from_two);
  EXPECT_EQ(walk(set, ip("192.168.1.3")), "192.168.1.4 192.168.1.5 192.168.1.6 192.168.1.2 192.168.1.3");
  EXPECT_EQ(walk(set, ip("192.168.1.128")), from_two) << "a cursor outside the set starts over";
  EXPECT_EQ(walk(set, ip("2001:db8::1")), from_two);
}

TEST(Candidates, WalkTheRangesOfASetCyclically) {
  const RangeSet set =
      range_set({range_request("10.0.0.0/30", "10.0.0.1", "10.0.0.3", "10.0.0.2"),
                 range_request("10.0.1.0/30", "", "10.0.1.3"), range_request("10.0.2.0/30")});
  EXPECT_EQ(walk(set, std::nullopt), "10.0.0.1 10.0.0.3 10.0.1.2 10.0.1.3 10.0.2.2");
  EXPECT_EQ(walk(set, ip("10.0.0.3")), "10.0.1.2 10.0.1.3 10.0.2.2 10.0.0.1 10.0.0.3");
  EXPECT_EQ(walk(set, ip("10.0.1.2")), "10.0.1.3 10.0.2.2 10.0.0.1 10.0.0.3 10.0.1.2");
  EXPECT_EQ(walk(set, ip("10.0.2.2")), "10.0.0.1 10.0.0.3 10.0.1.2 10.0.1.3 10.0.2.2");
  EXPECT_EQ(walk(set, ip("10.0.0.2")), "10.0.0.3 10.0.1.2 10.0.1.3 10.0.2.2 10.0.0.1")
      << "a gateway as cursor";
}

TEST(Candidates, SkipOnlyTheGatewayOfTheirOwnRange) {
  const RangeSet set =
      range_set({range_request("10.0.0.0/30", "", "", "10.0.1.2"), range_request("10.0.1.0/30")});
  EXPECT_EQ(walk(set, std::nullopt), "10.0.0.1 10.0.0.2 10.0.1.2");
}

TEST(Candidates, OneAddressAndNone) {
  const RangeSet one = range_set({range_request("10.0.0.0/24", "10.0.0.9", "10.0.0.9")});
  EXPECT_EQ(walk(one, std::nullopt), "10.0.0.9");
  EXPECT_EQ(walk(one, ip("10.0.0.9")), "10.0.0.9");
  const RangeSet none = range_set({range_request("10.0.0.0/24", "10.0.0.9", "10.0.0.9", "10.0.0.9")});
  EXPECT_EQ(walk(none, std::nullopt), "");
  EXPECT_EQ(walk(none, ip("10.0.0.9")), "");
}

}  // namespace
}  // namespace podwire::host_local
