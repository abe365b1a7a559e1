// Rules and set elements as bytes: what is sent, and what is made of what comes back.
#include <fmt/format.h>
#include <gtest/gtest.h>
#include <linux/netfilter/nf_tables.h>
#include <linux/netfilter/nfnetlink.h>

#include <cstring>

#include "libcni/kernel/nft_base.h"
#include "libcni/kernel/nft_batch.h"
#include "libcni/kernel/nft_rule.h"
#include "libcni/kernel/nft_set.h"

namespace podwire::kernel {
namespace {

using Bytes = std::vector<std::uint8_t>;

constexpr SetName kSet{.family = 1, .table = "t", .set = "s"};

/// Everything behind the nfgenmsg.
Bytes body(Message& message) {
  const auto* start = reinterpret_cast<const std::uint8_t*>(message.nl_header());
  return {start + NLMSG_LENGTH(sizeof(nfgenmsg)), start + message.nl_header()->nlmsg_len};
}

Message with_rule(const Rule& rule) {
  Message message = nft_message(NFT_MSG_NEWRULE, 0, 1);
  encode_expressions(message, rule);
  return message;
}

bool reads_as(const Rule& written, const Rule& expected) {
  Message message = with_rule(written);
  return same_expressions(expected, nft_attributes(*message.nl_header()));
}

std::vector<SetElement> decoded(Message& message) {
  std::vector<SetElement> elements;
  decode_elements(*message.nl_header(), [&](SetElement element) { elements.push_back(std::move(element)); });
  return elements;
}

TEST(Attributes, ReadsListsAndNumbers) {
  const Bytes bytes{8, 0, 1, 0, 0, 0, 1, 2, 6, 0, 2, 0x80, 'h', 'i', 0, 0, 7, 0, 3, 0, 'x', 0, 'y'};
  const Attributes attributes(bytes);
  EXPECT_EQ(attributes.be32(1), 0x102U);
  EXPECT_EQ(attributes.text(2), "hi");  // NLA_F_NESTED is no part of the type
  EXPECT_EQ(attributes.text(3), "x");
  EXPECT_EQ(attributes.be32(2), std::nullopt);
  EXPECT_EQ(attributes.find(4), std::nullopt);
}

TEST(Attributes, StopsAtLengthsThatCannotBe) {
  const Bytes good{4, 0, 1, 0};
  for (const Bytes& tail :
       {Bytes{3, 0, 2, 0}, Bytes{0, 0, 2, 0}, Bytes{9, 0, 2, 0, 1, 2, 3, 4}, Bytes{4, 0, 2}}) {
    Bytes bytes = good;
    bytes.insert(bytes.end(), tail.begin(), tail.end());
    EXPECT_TRUE(Attributes(bytes).find(1));
    EXPECT_FALSE(Attributes(bytes).find(2));
  }
}

TEST(NftRule, EncodesLookupAsNftDoes) {
  Message message = with_rule({require_not_in(NFT_REG_1, "nomasq6")});
  // clang-format off
  EXPECT_EQ(body(message),
            (Bytes{52, 0, 4, 0x80,  // NFTA_RULE_EXPRESSIONS
                   48, 0, 1, 0x80,  // NFTA_LIST_ELEM
                   11, 0, 1, 0, 'l', 'o', 'o', 'k', 'u', 'p', 0, 0,
                   32, 0, 2, 0x80,  // NFTA_EXPR_DATA
                   12, 0, 1, 0, 'n', 'o', 'm', 'a', 's', 'q', '6', 0,
                   8, 0, 2, 0, 0, 0, 0, 1,     // NFTA_LOOKUP_SREG: NFT_REG_1
                   8, 0, 5, 0, 0, 0, 0, 1}));  // NFTA_LOOKUP_FLAGS: NFT_LOOKUP_F_INV
  // clang-format on
}

TEST(NftRule, ReadsBackWhatItWrote) {
  for (const Rule& rule : masquerade_table().rules) EXPECT_TRUE(reads_as(rule, rule));
  for (const Rule& rule : mac_guard_table().rules) EXPECT_TRUE(reads_as(rule, rule));
}

TEST(NftRule, SeesEveryAlteration) {
  const Rule rule = masquerade_table().rules[0];
  EXPECT_FALSE(reads_as(masquerade_table().rules[1], rule));
  for (std::size_t i = 0; i < rule.size(); ++i) {
    Rule shorter = rule;
    shorter.erase(shorter.begin() + static_cast<std::ptrdiff_t>(i));
    EXPECT_FALSE(reads_as(shorter, rule)) << i;
    EXPECT_FALSE(reads_as(rule, shorter)) << i;
    Rule renamed = rule;
    renamed[i].name = "other";
    EXPECT_FALSE(reads_as(renamed, rule)) << i;
    for (std::size_t field = 0; field < rule[i].fields.size(); ++field) {
      Rule altered = rule;
      altered[i].fields[field].value = std::uint32_t{77};
      EXPECT_FALSE(reads_as(altered, rule)) << i << "." << field;
    }
  }
  EXPECT_FALSE(reads_as({require_in(NFT_REG_1, "s")}, {require_not_in(NFT_REG_1, "s")}));
  EXPECT_FALSE(reads_as({require_in(NFT_REG_1, "s2")}, {require_in(NFT_REG_1, "s")}));
}

TEST(NftSet, EncodesElementWithItsOwnerAsComment) {
  const SetElement element{.key = {10, 1, 2, 3}, .owner = "own", .interval_end = true};
  auto messages = encode_elements(NFT_MSG_NEWSETELEM, 0, kSet, std::span(&element, 1));
  ASSERT_EQ(messages.size(), 1U);
  // clang-format off
  EXPECT_EQ(body(messages[0]),
            (Bytes{6, 0, 1, 0, 't', 0, 0, 0,
                   6, 0, 2, 0, 's', 0, 0, 0,
                   40, 0, 3, 0x80,           // NFTA_SET_ELEM_LIST_ELEMENTS
                   36, 0, 1, 0x80,           // NFTA_LIST_ELEM
                   8, 0, 3, 0, 0, 0, 0, 1,   // NFTA_SET_ELEM_FLAGS: NFT_SET_ELEM_INTERVAL_END
                   12, 0, 1, 0x80,           // NFTA_SET_ELEM_KEY
                   8, 0, 1, 0, 10, 1, 2, 3,  // NFTA_DATA_VALUE
                   10, 0, 6, 0, 0, 4, 'o', 'w', 'n', 0, 0, 0}));  // NFTA_SET_ELEM_USERDATA: comment, 4 bytes
  // clang-format on
}

TEST(NftSet, DeletionNamesTheKeyOnly) {
  const SetElement element{.key = {10, 1, 2, 3}, .owner = "own"};
  auto messages = encode_elements(NFT_MSG_DELSETELEM, 0, kSet, std::span(&element, 1));
  ASSERT_EQ(messages.size(), 1U);
  EXPECT_EQ(decoded(messages[0]).front().owner, "");
  EXPECT_EQ(decoded(messages[0]).front().key, element.key);
}

TEST(NftSet, ManyElementsTakeSeveralMessagesOfOnePageEach) {
  constexpr std::uint8_t kCount = 250;
  std::vector<SetElement> elements;
  elements.reserve(kCount);
  for (std::uint8_t i = 0; i < kCount; ++i) {
    elements.push_back({.key = Bytes(16, i), .owner = std::string(static_cast<std::size_t>(i % 129), 'o')});
  }
  std::vector<SetElement> back;
  for (Message& message : encode_elements(NFT_MSG_NEWSETELEM, 0, kSet, elements)) {
    EXPECT_LE(message.nl_header()->nlmsg_len, 4096U);
    for (SetElement& element : decoded(message)) back.push_back(std::move(element));
  }
  ASSERT_EQ(back.size(), elements.size());
  for (std::size_t i = 0; i < back.size(); ++i) {
    EXPECT_EQ(back[i].key, elements[i].key);
    EXPECT_EQ(back[i].owner, elements[i].owner);
  }
  EXPECT_TRUE(encode_elements(NFT_MSG_NEWSETELEM, 0, kSet, {}).empty());
}

std::string owner_in(const Bytes& userdata) {
  Message message = nft_message(NFT_MSG_NEWSETELEM, 0, 1);
  message.nest(NFTA_SET_ELEM_LIST_ELEMENTS, [&](Message& list) {
    list.nest(NFTA_LIST_ELEM, [&](Message& element) {
      element.nest(NFTA_SET_ELEM_KEY, [](Message& key) { key.put_bytes(NFTA_DATA_VALUE, Bytes{1}); });
      element.put_bytes(NFTA_SET_ELEM_USERDATA, userdata);
    });
  });
  return decoded(message).at(0).owner;
}

TEST(NftSet, FindsTheCommentInUserData) {
  EXPECT_EQ(owner_in({0, 3, 'a', 'b', 0}), "ab");
  EXPECT_EQ(owner_in({1, 4, 1, 0, 0, 0, 0, 2, 'a', 0}), "a");  // behind nft's element flags
  EXPECT_EQ(owner_in({0, 2, 'a', 'b'}), "ab");                 // not terminated
  EXPECT_EQ(owner_in({0, 9, 'a', 'b', 0}), "");                // longer than it is
  EXPECT_EQ(owner_in({0}), "");
  EXPECT_EQ(owner_in({}), "");
}

TEST(NftSet, TakesNothingFromMessagesOfOtherKinds) {
  Message empty = nft_message(NFT_MSG_NEWSETELEM, 0, 1);
  EXPECT_TRUE(decoded(empty).empty());
  nlmsghdr short_message{
      .nlmsg_len = sizeof(nlmsghdr), .nlmsg_type = 0, .nlmsg_flags = 0, .nlmsg_seq = 0, .nlmsg_pid = 0};
  decode_elements(short_message, [](const SetElement&) { FAIL(); });
}

}  // namespace
}  // namespace podwire::kernel
