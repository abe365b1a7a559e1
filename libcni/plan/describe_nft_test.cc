// The nf_tables steps in nft's words, for every state that podwire's tables can be in.
#include "libcni/plan/describe_nft.h"

#include <gtest/gtest.h>

#include "libcni/base/text.h"
#include "libcni/plan/nft_text.h"

namespace podwire::plan {
namespace {

constexpr NftTableState kIntact{.table = true, .chain = true, .intact = true};

Ip ip(std::string_view text) {
  return Ip::parse(text).value();
}
Cidr cidr(std::string_view text) {
  return Cidr::parse(text).value();
}

/// Statements of all commands, without the shell's frame.
template <typename Kind>
std::vector<std::string> statements(const Kind& step, Observed& observed) {
  std::vector<std::string> out;
  const Commands commands = nft_commands(step, observed).value();
  for (const std::string& command : commands) {
    if (command.starts_with("nft '")) {
      out.push_back(command.substr(5, command.size() - 6));
      continue;
    }
    std::vector<std::string> lines = split(command, '\n');
    EXPECT_EQ(lines.front(), "nft -f - <<'EOF'");
    EXPECT_EQ(lines.back(), "EOF");
    out.insert(out.end(), lines.begin() + 1, lines.end() - 1);
  }
  return out;
}

Observed intact() {
  Observed observed{.masquerade = kIntact, .mac_guard = kIntact};
  observed.exempt = {multicast_destinations().begin(), multicast_destinations().end()};
  return observed;
}

using Lines = std::vector<std::string>;

const AddMasquerade kStep{.owner = "o", .addresses = {*Ip::parse("10.1.2.3"), *Ip::parse("fd00::3")}};
const std::string kAdd4 = "add element inet podwire masq4 { 10.1.2.3 comment \"o\" }";
const std::string kAdd6 = "add element inet podwire masq6 { fd00::3 comment \"o\" }";
const std::string kHook =
    "add chain inet podwire postrouting { type nat hook postrouting priority srcnat; policy accept; }";

TEST(NftText, Rules) {
  EXPECT_EQ(rule_text(masquerade_table().rules[1]),
            "ip6 saddr @masq6 ip6 daddr != @nomasq6 masquerade fully-random");
  EXPECT_EQ(rule_text(mac_guard_table().rules[0]),
            "iifname @macguard_ports iifname . ether saddr != @macguard drop");
}

TEST(NftText, OneStatementIsOneWordSeveralAreOneTransaction) {
  EXPECT_EQ(nft_command({}), "");
  EXPECT_EQ(nft_command({"add table inet x"}), "nft 'add table inet x'");
  EXPECT_EQ(nft_command({"a", "b"}), "nft -f - <<'EOF'\na\nb\nEOF");
}

TEST(DescribeNft, AFreshNodeGetsEverything) {
  Observed observed;
  EXPECT_EQ(
      statements(kStep, observed),
      (Lines{
          "add table inet podwire", "add set inet podwire masq4 { type ipv4_addr; }",
          "add set inet podwire masq6 { type ipv6_addr; }",
          "add set inet podwire nomasq4 { type ipv4_addr; flags interval; }",
          "add set inet podwire nomasq6 { type ipv6_addr; flags interval; }", kHook,
          "add rule inet podwire postrouting ip saddr @masq4 ip daddr != @nomasq4 masquerade fully-random",
          "add rule inet podwire postrouting ip6 saddr @masq6 ip6 daddr != @nomasq6 masquerade fully-random",
          "add element inet podwire nomasq4 { 224.0.0.0/4 comment \"podwire\" }",
          "add element inet podwire nomasq6 { ff00::/8 comment \"podwire\" }", kAdd4, kAdd6}));
  EXPECT_EQ(statements(kStep, observed), Lines{}) << "what it made is there";
}

TEST(DescribeNft, AnIntactTableGetsTheElements) {
  Observed observed = intact();
  observed.tagged = {{.owner = "other", .address = ip("10.1.2.9")}};
  EXPECT_EQ(statements(kStep, observed), (Lines{kAdd4, kAdd6}));
}

TEST(DescribeNft, AnElementOfAnotherOwnerIsTakenOver) {
  Observed observed = intact();
  observed.masqueraded = {{.owner = "dead", .address = ip("10.1.2.3")},
                          {.owner = "o", .address = ip("fd00::3")}};
  EXPECT_EQ(statements(kStep, observed), (Lines{"delete element inet podwire masq4 { 10.1.2.3 }", kAdd4}));
}

TEST(DescribeNft, AnAlteredChainIsMadeAnewWithWhatTheTagsSay) {
  Observed observed = intact();
  observed.masquerade = NftTableState{.table = true, .chain = true};
  observed.tagged = {{.owner = "t", .address = ip("10.1.2.9")}, {.owner = "old", .address = ip("10.1.2.3")}};
  const Lines lines = statements(kStep, observed);
  EXPECT_EQ(lines[5], "flush chain inet podwire postrouting");
  EXPECT_EQ(lines[6], "delete chain inet podwire postrouting");
  EXPECT_EQ(lines[7], kHook);
  EXPECT_EQ(Lines(lines.begin() + 10, lines.end()),
            (Lines{kAdd4, kAdd6, "add element inet podwire masq4 { 10.1.2.9 comment \"t\" }"}));
}

TEST(DescribeNft, WhatCannotBeReadIsWrittenFromTheBeginning) {
  Observed observed{.masquerade = std::nullopt, .mac_guard = std::nullopt};
  const Lines lines = statements(kStep, observed);
  EXPECT_EQ(lines[5], kHook);
  EXPECT_EQ(lines[6], "flush chain inet podwire postrouting");
  EXPECT_TRUE(lines[7].starts_with("add rule"));
  const AddMacGuard guard{.owner = "o", .link = "veth1", .mac = *Mac::parse("02:00:00:00:00:01")};
  const Lines guarded = statements(guard, observed);
  EXPECT_EQ(guarded[4], "flush chain bridge podwire prerouting");
}

TEST(DescribeNft, ADormantTableIsWokenByItself) {
  Observed observed;
  observed.masquerade = NftTableState{.table = true, .dormant = true};
  const auto commands = nft_commands(kStep, observed).value();
  ASSERT_EQ(commands.size(), 2U);
  EXPECT_EQ(commands[0], "nft 'add table inet podwire'");
}

TEST(DescribeNft, ExemptionsCoverEachOther) {
  const EnsureNoMasquerade step{.owner = "n", .destinations = {cidr("10.1.2.0/24"), cidr("fd00::/64")}};
  Observed covered = intact();
  covered.exempt.push_back({.owner = "x", .destination = cidr("10.0.0.0/8")});
  EXPECT_EQ(statements(step, covered), Lines{"add element inet podwire nomasq6 { fd00::/64 comment \"n\" }"});
  Observed narrower = intact();
  narrower.exempt.push_back({.owner = "x", .destination = cidr("10.1.2.128/25")});
  narrower.exempt.push_back({.owner = "x", .destination = cidr("10.1.3.0/24")});
  EXPECT_EQ(statements(step, narrower),
            (Lines{"delete element inet podwire nomasq4 { 10.1.2.128/25 }",
                   "add element inet podwire nomasq4 { 10.1.2.0/24 comment \"n\" }",
                   "add element inet podwire nomasq6 { fd00::/64 comment \"n\" }"}));
}

/// Neither chain nor rules: whoever masquerades later must still find them missing.
TEST(DescribeNft, ExemptionsAloneMakeTheirSets) {
  const EnsureNoMasquerade step{.owner = "n", .destinations = {cidr("10.1.2.0/24")}};
  Observed observed;
  const Lines lines = statements(step, observed);
  EXPECT_EQ(
      Lines(lines.begin(), lines.begin() + 3),
      (Lines{"add table inet podwire", "add set inet podwire nomasq4 { type ipv4_addr; flags interval; }",
             "add set inet podwire nomasq6 { type ipv6_addr; flags interval; }"}));
  EXPECT_EQ(lines.size(), 6U);
  EXPECT_FALSE(observed.masquerade->intact);
}

TEST(DescribeNft, MacGuard) {
  const AddMacGuard step{.owner = "o", .link = "veth1", .mac = *Mac::parse("02:00:00:00:00:01")};
  const std::string port = "add element bridge podwire macguard_ports { \"veth1\" comment \"o\" }";
  const std::string mac =
      "add element bridge podwire macguard { \"veth1\" . 02:00:00:00:00:01 comment \"o\" }";
  Observed fresh;
  EXPECT_EQ(statements(step, fresh),
            (Lines{"add table bridge podwire", "add set bridge podwire macguard_ports { type ifname; }",
                   "add set bridge podwire macguard { type ifname . ether_addr; }",
                   "add chain bridge podwire prerouting { type filter hook prerouting priority dstnat; "
                   "policy accept; }",
                   "add rule bridge podwire prerouting iifname @macguard_ports iifname . ether saddr != "
                   "@macguard drop",
                   port, mac}));
  EXPECT_EQ(statements(step, fresh), Lines{});
  Observed other = intact();
  other.guarded = {{.owner = "o", .link = "veth1", .mac = std::nullopt},
                   {.owner = "o", .link = "veth1", .mac = Mac::parse("02:00:00:00:00:09").value()},
                   {.owner = "p", .link = "veth2", .mac = Mac::parse("02:00:00:00:00:09").value()}};
  EXPECT_EQ(statements(step, other),
            (Lines{"delete element bridge podwire macguard { \"veth1\" . 02:00:00:00:00:09 }", mac}));
}

}  // namespace
}  // namespace podwire::plan
