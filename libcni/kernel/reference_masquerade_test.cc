// What is taken out of a table nat for one owner, by the rules in it.
#include "libcni/kernel/reference_masquerade.h"

#include <gtest/gtest.h>

namespace podwire::kernel {
namespace {

namespace reference = plan::reference;

const reference::ChainOwner kOwner{.network = "testnet", .container_id = "pod1"};
const reference::ChainOwner kTwin{.network = "test", .container_id = "netpod1"};  // the same chain

Ip ip(std::string_view text) {
  return Ip::parse(text).value();
}

ForeignRule jump(const reference::ChainOwner& owner, std::string_view source,
                 std::string chain = "POSTROUTING") {
  return {.chain = std::move(chain),
          .comment = reference::chain_comment(owner),
          .target = reference::chain_name(owner),
          .source = source.empty() ? std::nullopt : std::optional(ip(source))};
}

ForeignRule inside(const reference::ChainOwner& owner) {
  return {
      .chain = reference::chain_name(owner), .comment = reference::chain_comment(owner), .masquerades = true};
}

TEST(ChainRemoval, AllJumpsAndTheChain) {
  const std::vector<ForeignRule> rules{inside(kOwner), jump(kOwner, "10.1.2.3"), jump(kOwner, "10.1.2.4"),
                                       jump({"testnet", "pod2"}, "10.1.2.5")};
  const ChainRemoval removal = plan_chain_removal(rules, kOwner, {});
  EXPECT_TRUE(removal.whole_chain);
  EXPECT_EQ(removal.jumps, (std::vector{&rules[1], &rules[2]}));
}

TEST(ChainRemoval, ChainWithoutJumps) {
  EXPECT_TRUE(plan_chain_removal({}, kOwner, {}).whole_chain);
  EXPECT_TRUE(plan_chain_removal(std::vector{inside(kOwner)}, kOwner, {}).whole_chain);
}

TEST(ChainRemoval, SparedAddressesKeepTheirJumpAndTheChain) {
  const std::vector<ForeignRule> rules{jump(kOwner, "10.1.2.3"), jump(kOwner, "10.1.2.4")};
  const ChainRemoval removal = plan_chain_removal(rules, kOwner, std::vector{ip("10.1.2.4"), ip("fd00::1")});
  EXPECT_FALSE(removal.whole_chain);
  EXPECT_EQ(removal.jumps, std::vector{&rules[0]});
}

TEST(ChainRemoval, JumpOfAPrefixStaysWhileAnythingIsSpared) {
  const std::vector<ForeignRule> rules{jump(kOwner, "")};
  EXPECT_TRUE(plan_chain_removal(rules, kOwner, std::vector{ip("10.1.2.4")}).jumps.empty());
  EXPECT_EQ(plan_chain_removal(rules, kOwner, {}).jumps.size(), 1U);
}

TEST(ChainRemoval, JumpsOfOthersKeepTheChain) {
  for (const ForeignRule& other : {jump(kTwin, "10.1.2.9"), jump(kOwner, "10.1.2.3", "OUTPUT")}) {
    const std::vector<ForeignRule> rules{jump(kOwner, "10.1.2.3"), other};
    const ChainRemoval removal = plan_chain_removal(rules, kOwner, {});
    EXPECT_FALSE(removal.whole_chain);
    EXPECT_EQ(removal.jumps, std::vector{&rules[0]});
  }
}

}  // namespace
}  // namespace podwire::kernel
