// Interval sets: pairing, prefixes, and what a wanted prefix changes.
#include "libcni/kernel/nft_interval.h"

#include <gtest/gtest.h>

#include <algorithm>

namespace podwire::kernel {
namespace {

Cidr cidr(std::string_view text) {
  return Cidr::parse(text).value();
}
Ip ip(std::string_view text) {
  return Ip::parse(text).value();
}
Interval interval(std::string_view prefix) {
  return Interval::of(cidr(prefix), "o");
}

SetElement element(std::string_view address, bool end = false) {
  const Ip at = ip(address);
  return {.key = {at.bytes().begin(), at.bytes().end()}, .owner = end ? "" : "o", .interval_end = end};
}

std::vector<std::string> texts(const std::vector<Interval>& intervals) {
  std::vector<std::string> result;
  for (const Interval& each : intervals) {
    for (const Cidr& prefix : each.prefixes()) result.push_back(prefix.text());
  }
  return result;
}

using Texts = std::vector<std::string>;

TEST(NftInterval, ElementsAreStartAndFirstBehind) {
  const auto elements = interval("10.1.2.3/24").elements();
  ASSERT_EQ(elements.size(), 2U);
  EXPECT_EQ(elements[0].key, (std::vector<std::uint8_t>{10, 1, 2, 0}));
  EXPECT_EQ(elements[0].owner, "o");
  EXPECT_FALSE(elements[0].interval_end);
  EXPECT_EQ(elements[1].key, (std::vector<std::uint8_t>{10, 1, 3, 0}));
  EXPECT_TRUE(elements[1].interval_end);
}

TEST(NftInterval, NothingIsBehindTheEndOfTheAddressSpace) {
  for (const char* prefix : {"0.0.0.0/0", "128.0.0.0/1", "255.255.255.255/32", "::/0", "ffff::/16"}) {
    EXPECT_EQ(interval(prefix).elements().size(), 1U) << prefix;
  }
  EXPECT_EQ(interval("::/128").elements().size(), 2U);
}

TEST(NftInterval, PairsReadBack) {
  for (const char* prefix :
       {"0.0.0.0/0", "10.0.0.0/8", "255.255.255.255/32", "::/0", "::/128", "fd00::/64"}) {
    const Interval written = interval(prefix);
    const auto read = pair_intervals(written.first.family(), written.elements());
    ASSERT_EQ(read.size(), 1U) << prefix;
    EXPECT_EQ(read[0].first, written.first);
    EXPECT_EQ(read[0].last, written.last);
    EXPECT_EQ(read[0].has_end_element, written.has_end_element);
    EXPECT_EQ(read[0].owner, "o");
  }
}

TEST(NftInterval, PairsWhateverTheOrder) {
  // Neighbours, as the kernel dumps them (descending), and nft's lone end at zero.
  const std::vector<SetElement> elements{element("240.0.0.0"), element("240.0.0.0", true),
                                         element("224.0.0.0"), element("10.1.0.0", true),
                                         element("10.0.0.0"),  element("0.0.0.0", true)};
  const auto intervals = pair_intervals(Family::kV4, elements);
  EXPECT_EQ(texts(intervals), (Texts{"10.0.0.0/16", "224.0.0.0/4", "240.0.0.0/4"}));
  EXPECT_TRUE(intervals[1].has_end_element);
  EXPECT_FALSE(intervals[2].has_end_element);
}

TEST(NftInterval, PairsWhatMakesNoSense) {
  // A start inside an open interval ends it; keys of another length are nobody's.
  const std::vector<SetElement> elements{element("10.0.0.0"),
                                         element("10.0.0.0"),
                                         element("10.0.1.0"),
                                         element("::1"),
                                         {.key = {}, .owner = ""}};
  EXPECT_EQ(texts(pair_intervals(Family::kV4, elements)).front(), "10.0.0.0/24");
  EXPECT_FALSE(pair_intervals(Family::kV4, elements).front().has_end_element);
  EXPECT_TRUE(pair_intervals(Family::kV4, {}).empty());
}

TEST(NftInterval, RangesBecomePrefixes) {
  const Interval range{.first = ip("10.0.0.5"), .last = ip("10.0.0.8"), .owner = ""};
  EXPECT_EQ(texts({range}), (Texts{"10.0.0.5/32", "10.0.0.6/31", "10.0.0.8/32"}));
  EXPECT_EQ(texts({interval("::/0")}), (Texts{"::/0"}));
  const Interval end{.first = ip("255.255.255.254"), .last = ip("255.255.255.255"), .owner = ""};
  EXPECT_EQ(texts({end}), (Texts{"255.255.255.254/31"}));
}

struct Case {
  Texts present;
  Texts wanted;
  Texts removed;
  Texts added;
};

TEST(NftInterval, PlansOnlyWhatIsNotCovered) {
  const Case cases[] = {
      {{}, {"10.0.0.0/8"}, {}, {"10.0.0.0/8"}},
      {{"10.0.0.0/8"}, {"10.0.0.0/8"}, {}, {}},
      {{"10.0.0.0/8"}, {"10.1.0.0/16"}, {}, {}},
      {{"10.1.0.0/16", "10.2.0.0/16", "11.0.0.0/8"},
       {"10.0.0.0/8"},
       {"10.1.0.0/16", "10.2.0.0/16"},
       {"10.0.0.0/8"}},
      {{}, {"10.1.0.0/16", "10.0.0.0/8", "10.2.0.0/16"}, {}, {"10.0.0.0/8"}},
      {{"224.0.0.0/4"}, {"0.0.0.0/0"}, {"224.0.0.0/4"}, {"0.0.0.0/0"}},
      {{"0.0.0.0/0"}, {"255.255.255.255/32"}, {}, {}},
      {{"10.0.0.0/9"}, {"10.128.0.0/9"}, {}, {"10.128.0.0/9"}},
  };
  for (const Case& each : cases) {
    std::vector<Interval> present;
    std::vector<Interval> wanted;
    for (const std::string& prefix : each.present) present.push_back(interval(prefix));
    for (const std::string& prefix : each.wanted) wanted.push_back(interval(prefix));
    const auto change = plan_intervals(present, wanted);
    ASSERT_TRUE(change);
    EXPECT_EQ(texts(change->remove), each.removed);
    EXPECT_EQ(texts(change->add), each.added);
  }
}

TEST(NftInterval, RefusesPartialOverlap) {
  const Interval foreign{.first = ip("10.0.0.128"), .last = ip("10.0.1.5"), .owner = ""};
  const std::vector<Interval> wanted{interval("10.0.0.0/24")};
  const auto change = plan_intervals({foreign}, wanted);
  ASSERT_FALSE(change);
  EXPECT_EQ(change.error().msg,
            "10.0.0.0-10.0.0.255 overlaps 10.0.0.128-10.0.1.5, which somebody else put into the set");
}

}  // namespace
}  // namespace podwire::kernel
