// The names that the reference gives: values read off its own objects and its own tests.
#include "libcni/plan/reference.h"

#include <gtest/gtest.h>

namespace podwire::plan::reference {
namespace {

const spec::Attachment kOne{.network = "unit-test", .container_id = "one", .ifname = "eth0"};

TEST(ReferenceNames, ChainOfContainerAndNetwork) {
  EXPECT_EQ(chain_name({"testnet", "pod1"}), "CNI-169623ab7b5aa875a3760ba1");
  EXPECT_EQ(chain_name({"testnet", "pod2"}), "CNI-c01fb29f5fcd1d5c72df1b47");
  EXPECT_EQ(chain_name({"ab", "c"}), chain_name({"a", "bc"})) << "the reference's own ambiguity";
}

TEST(ReferenceNames, CommentNamesTheOwner) {
  const ChainOwner owner{.network = "testnet", .container_id = "pod1"};
  EXPECT_EQ(chain_comment(owner), R"(name: "testnet" id: "pod1")");
  EXPECT_EQ(parse_chain_comment(chain_comment(owner)), owner);
}

TEST(ReferenceNames, OtherCommentsNameNobody) {
  for (const char* comment :
       {"", "name: ", R"(name: ")", R"(name: "a" id: ")", R"(name: "a" id: "b)", R"(name: "" id: "b")",
        R"(name: "a" id: "")", R"(dnat name: "a" id: "b")", R"(name: "a" id: "b" )", R"(name: "a"b" id: "c")",
        R"(name: "a" id: "b"c")", R"(name: "a" id: "b" id: "c")"}) {
    EXPECT_EQ(parse_chain_comment(comment), std::nullopt) << comment;
  }
}

TEST(ReferenceNames, KeyOfARule) {
  EXPECT_EQ(rule_key(kOne), "6fd94d501e58f0aa-287fc69eff0574a2");
  EXPECT_EQ(rule_key({.network = "alternate", .container_id = "three", .ifname = "net1"}),
            "82783ef24bdc7036-acb19d111858e348");
  EXPECT_TRUE(rule_key(kOne).starts_with(rule_key_prefix("unit-test")));
}

TEST(ReferenceNames, KeyInAComment) {
  const std::string key = rule_key(kOne);
  EXPECT_EQ(rule_key_in(key + ", net: unit-test, if: eth0, id: one"), key);
  EXPECT_EQ(rule_key_in(key), key);
  for (const std::string& comment :
       {std::string(), key.substr(0, 32), key + "0", key + " ", "x" + key,
        "6FD94D501E58F0AA" + key.substr(16), key.substr(0, 16) + "_" + key.substr(17)}) {
    EXPECT_EQ(rule_key_in(comment), "") << comment;
  }
}

TEST(ReferenceNames, GuardOfAPort) {
  EXPECT_EQ(guard_chain(kOne), "cni-br-iface-one-eth0");
  EXPECT_EQ(guard_mac_chain(kOne), "cni-br-iface-one-eth0-mac");
  EXPECT_EQ(guard_comment(kOne), "macspoofchk-one-eth0");
}

}  // namespace
}  // namespace podwire::plan::reference
