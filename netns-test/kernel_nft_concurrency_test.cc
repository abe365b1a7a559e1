// Processes that write podwire's tables at the same time.
#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>

#include "netns-test/kernel_nft.h"

namespace podwire::netns {
namespace {

using kernel::MasqueradeElement;
using kernel::Nft;

TEST_F(KernelNft, ManyAtOnceOnAFreshNodeMakeOneCopy) {
  constexpr int kProcesses = 64;
  const auto body = [](int index, Nft& nft) -> Result<void> {
    const std::string owner = fmt::format("o{}", index);
    const auto number = static_cast<unsigned>(index);
    TRY(nft.ensure_no_masquerade({{owner, cidr("10.0.0.0/8")}}));
    TRY(nft.add_masquerade({{owner, numbered(number)}}, nothing_to_rebuild));
    return nft.add_mac_guard(owner, fmt::format("veth{}", index), Mac::from_seed(number));
  };
  EXPECT_EQ(in_processes(kProcesses, body), kProcesses);
  EXPECT_EQ(rules(), kMasqueradeChain);
  EXPECT_EQ(rules("bridge", "prerouting"), kMacGuardChain);
  EXPECT_EQ(listed("inet", "masq4").size(), 64U);
  EXPECT_EQ(listed("inet", "nomasq4").size(), 2U);
  EXPECT_EQ(listed("bridge", "macguard_ports").size(), 64U);
  EXPECT_EQ(listed("bridge", "macguard").size(), 64U);
}

TEST_F(KernelNft, AddsAndRemovalsAtOnceTouchOnlyTheirOwn) {
  constexpr int kProcesses = 32;
  const auto body = [](int index, Nft& nft) -> Result<void> {
    constexpr int kRounds = 20;
    const std::string owner = fmt::format("o{}", index);
    for (int round = 1; round <= kRounds; ++round) {
      TRY(nft.add_masquerade({{owner, numbered(static_cast<unsigned>(index))}}, nothing_to_rebuild));
      const bool stays = round == kRounds && index % 2 == 0;
      if (!stays) TRY(nft.remove_masquerade(owned_by(owner)));
    }
    return {};
  };
  EXPECT_EQ(in_processes(kProcesses, body), kProcesses);
  EXPECT_EQ(rules(), kMasqueradeChain);
  Listed even;
  for (unsigned i = 0; i < kProcesses; i += 2) even[numbered(i).text()] = fmt::format("o{}", i);
  EXPECT_EQ(listed("inet", "masq4"), even);
}

/// Somebody takes the address over between the look at its owner and the removal; the predicate is where that
/// moment can be met.
TEST_F(KernelNft, RemovalSparesATakeoverInItsMidst) {
  Nft other = open_inside(node_);
  for (const int moment :
       {1, 2}) {  // after the dump; after the second look, under the generation already read
    ASSERT_TRUE(succeeded(nft_.add_masquerade({{"dead", ip("10.1.2.3")}}, nothing_to_rebuild)));
    int looks = 0;
    ASSERT_TRUE(succeeded(nft_.remove_masquerade([&](std::string_view owner) {
      if (owner == "dead" && ++looks == moment) {
        EXPECT_TRUE(succeeded(other.add_masquerade({{"new", ip("10.1.2.3")}}, nothing_to_rebuild)));
      }
      return owner == "dead";
    })));
    EXPECT_EQ(looks, moment);
    EXPECT_EQ(listed("inet", "masq4"), (Listed{{"10.1.2.3", "new"}}));
  }
}

/// One process takes addresses over while others remove their former owners: whoever comes first, every
/// address ends up with its new owner.
TEST_F(KernelNft, RemovalSparesWhoTookTheAddressOver) {
  constexpr unsigned kAddresses = 60;
  std::vector<MasqueradeElement> dead;
  dead.reserve(kAddresses);
  for (unsigned i = 0; i < kAddresses; ++i) dead.push_back({fmt::format("dead{}", i), numbered(i)});
  ASSERT_TRUE(succeeded(nft_.add_masquerade(dead, nothing_to_rebuild)));
  const auto body = [](int index, Nft& nft) -> Result<void> {
    for (unsigned i = 0; i < kAddresses; ++i) {
      TRY(index == 0 ? nft.add_masquerade({{"new", numbered(i)}}, nothing_to_rebuild)
                     : nft.remove_masquerade(owned_by(fmt::format("dead{}", i))));
    }
    return {};
  };
  EXPECT_EQ(in_processes(4, body), 4);
  const Listed left = listed("inet", "masq4");
  EXPECT_EQ(left.size(), kAddresses);
  EXPECT_TRUE(std::ranges::all_of(left, [](const auto& element) { return element.second == "new"; }));
}

}  // namespace
}  // namespace podwire::netns
