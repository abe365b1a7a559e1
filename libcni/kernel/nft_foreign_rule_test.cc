// Rules of other programs as the kernel reports them, in the dialects of nft and of iptables-nft.
#include "libcni/kernel/nft_foreign_rule.h"

#include <gtest/gtest.h>
#include <linux/netfilter.h>
#include <linux/netfilter/nf_tables_compat.h>

#include "libcni/kernel/nft_batch.h"
#include "libcni/kernel/nft_comment.h"
#include "libcni/kernel/nft_rule.h"

namespace podwire::kernel {
namespace {

using Bytes = std::vector<std::uint8_t>;

Bytes bytes_of(std::string_view text, std::size_t size) {
  Bytes bytes(text.begin(), text.end());
  bytes.resize(size);
  return bytes;
}

Expression verdict(std::int32_t code, const std::string& chain = {}) {
  std::vector<Field> fields{{NFTA_VERDICT_CODE, static_cast<std::uint32_t>(code)}};
  if (!chain.empty()) fields.push_back({NFTA_VERDICT_CHAIN, chain});
  return {"immediate",
          {{NFTA_IMMEDIATE_DREG, std::uint32_t{NFT_REG_VERDICT}},
           {NFTA_IMMEDIATE_DATA, std::vector<Field>{{NFTA_DATA_VERDICT, fields}}}}};
}

Expression xt_comment(std::string_view text) {
  constexpr std::size_t kCommentInfo = 256;  // struct xt_comment_info
  return {"match",
          {{NFTA_MATCH_NAME, std::string("comment")},
           {NFTA_MATCH_REV, std::uint32_t{0}},
           {NFTA_MATCH_INFO, bytes_of(text, kCommentInfo)}}};
}

Expression source4() {
  return load_payload(NFT_PAYLOAD_NETWORK_HEADER, 12, 4, NFT_REG_1);
}

ForeignRule decoded(const Rule& rule, std::string_view comment = {}) {
  Message message = nft_message(NFT_MSG_NEWRULE, 0, NFPROTO_IPV4);
  message.put(NFTA_RULE_TABLE, "nat")
      .put(NFTA_RULE_CHAIN, "POSTROUTING")
      .put_be64(NFTA_RULE_HANDLE, 0x1234567890);
  encode_expressions(message, rule);
  if (!comment.empty()) message.put_bytes(NFTA_RULE_USERDATA, encode_comment(comment));
  return decode_foreign_rule(nft_attributes(*message.nl_header()));
}

TEST(ForeignRule, JumpOfIptables) {
  const ForeignRule rule = decoded({source4(),
                                    require_equal(NFT_REG_1, {10, 1, 2, 3}),
                                    xt_comment("mine"),
                                    {"counter", {}},
                                    verdict(NFT_JUMP, "CNI-x")});
  EXPECT_EQ(rule.chain, "POSTROUTING");
  EXPECT_EQ(rule.handle, 0x1234567890U);
  EXPECT_EQ(rule.comment, "mine");
  EXPECT_EQ(rule.target, "CNI-x");
  ASSERT_TRUE(rule.source);
  EXPECT_EQ(rule.source->text(), "10.1.2.3");
  EXPECT_FALSE(rule.masquerades);
  EXPECT_FALSE(rule.drops);
}

TEST(ForeignRule, CommentOfNftAndSourceOfIpv6) {
  const Bytes address{0xfd, 0, 0, 1, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 0, 2};
  const ForeignRule rule =
      decoded({load_meta(NFT_META_NFPROTO, NFT_REG_1), require_equal(NFT_REG_1, {NFPROTO_IPV6}),
               load_payload(NFT_PAYLOAD_NETWORK_HEADER, 8, 16, NFT_REG_1), require_equal(NFT_REG_1, address),
               verdict(NFT_GOTO, "there")},
              "a comment");
  EXPECT_EQ(rule.comment, "a comment");
  EXPECT_EQ(rule.target, "there");
  ASSERT_TRUE(rule.source);
  EXPECT_EQ(rule.source->text(), "fd00:1::2");
}

TEST(ForeignRule, LinkAndMacOfABridge) {
  const ForeignRule rule =
      decoded({load_meta(NFT_META_IIFNAME, NFT_REG_1), require_equal(NFT_REG_1, bytes_of("veth0a1b2c3d", 16)),
               load_payload(NFT_PAYLOAD_LL_HEADER, 6, 6, NFT_REG_1),
               require_equal(NFT_REG_1, {2, 0, 0, 0, 0, 7}), verdict(NFT_RETURN)});
  EXPECT_EQ(rule.in_link, "veth0a1b2c3d");
  ASSERT_TRUE(rule.source_mac);
  EXPECT_EQ(rule.source_mac->text(), "02:00:00:00:00:07");
  EXPECT_EQ(rule.target, "");
  EXPECT_FALSE(rule.drops);
}

TEST(ForeignRule, Masquerading) {
  EXPECT_TRUE(decoded({{"masq", {}}}).masquerades);
  EXPECT_TRUE(decoded({{"target", {{NFTA_TARGET_NAME, std::string("MASQUERADE")}}}}).masquerades);
  EXPECT_FALSE(decoded({{"target", {{NFTA_TARGET_NAME, std::string("SNAT")}}}}).masquerades);
}

TEST(ForeignRule, Verdicts) {
  EXPECT_TRUE(decoded({drop()}).drops);
  EXPECT_FALSE(decoded({verdict(NF_ACCEPT)}).drops);
}

TEST(ForeignRule, OtherMatchesAreNotTakenForASource) {
  const Bytes address{10, 1, 2, 3};
  Expression unequal = require_equal(NFT_REG_1, address);
  unequal.fields[1] = {NFTA_CMP_OP, std::uint32_t{NFT_CMP_NEQ}};
  const Expression mask{"bitwise", {}};
  const Rule rules[] = {
      {load_payload(NFT_PAYLOAD_NETWORK_HEADER, 16, 4, NFT_REG_1),
       require_equal(NFT_REG_1, address)},  // destination
      {load_payload(NFT_PAYLOAD_TRANSPORT_HEADER, 12, 4, NFT_REG_1), require_equal(NFT_REG_1, address)},
      {load_payload(NFT_PAYLOAD_NETWORK_HEADER, 12, 3, NFT_REG_1),
       require_equal(NFT_REG_1, {10, 1, 2})},  // a prefix
      {source4(), mask, require_equal(NFT_REG_1, address)},
      {source4(), unequal},
      {source4(), require_equal(NFT_REG_1, {10, 1, 2, 3, 4})},
      {require_equal(NFT_REG_1, address)},
  };
  for (const Rule& rule : rules) EXPECT_FALSE(decoded(rule).source);
}

TEST(ForeignRule, NothingIsReadFromNothing) {
  const ForeignRule rule = decode_foreign_rule(Attributes());
  EXPECT_EQ(rule.chain + rule.comment + rule.target + rule.in_link, "");
  EXPECT_EQ(rule.handle, 0U);
}

}  // namespace
}  // namespace podwire::kernel
