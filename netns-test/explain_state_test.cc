// `podwire explain` on a node that is in use, or in a mess, or by somebody who may not look everywhere.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <initializer_list>

#include "libcni/plan/owner.h"
#include "netns-test/cni.h"
#include "netns-test/explain_stage.h"

namespace podwire::netns {
namespace {

const std::string kMasquerade = list_of(R"("ipMasq":true,"isDefaultGateway":true,)" + kDual);

TEST(ExplainState, TheNextPod) {
  for_every_conflist([](const std::string& name, const std::string& text) {
    expect_same({.name = name.c_str(), .list = text, .prepare = first_pod()});
  });
  expect_same({.name = "macspoofchk",
               .list = list_of(R"("macspoofchk":true,)" + kGateway + kPool),
               .prepare = first_pod()});
  // Nothing of the node is made twice: what is left are the pod's own steps.
  const ExplainStage stage(kMasquerade, first_pod());
  const std::string lines = stage.explain({}).out;
  for (const char* shared : {"type bridge", "add rule", "add chain", "ip_forward=1", "mkdir"}) {
    EXPECT_EQ(lines.find(shared), std::string::npos) << shared << " in\n" << lines;
  }
  EXPECT_NE(lines.find("(is in place)"), std::string::npos);
}

/// What is in a node before, and a name for it.
struct State {
  const char* name;
  std::string prepare;
};

void expect_same_in(const std::string& list, std::initializer_list<State> states) {
  for (const State& state : states) expect_same({.name = state.name, .list = list, .prepare = state.prepare});
}

/// Whatever somebody did to podwire's tables, the lines mend it as the next ADD does.
TEST(ExplainState, MasqueradeChainInEveryState) {
  const std::string no_chain =
      first_pod() + "nft flush chain inet podwire postrouting; nft delete chain inet podwire postrouting; ";
  expect_same_in(
      kMasquerade,
      {{"flushed", first_pod() + "nft flush ruleset"},
       {"another rule", first_pod() + "nft add rule inet podwire postrouting accept"},
       {"no rules", first_pod() + "nft flush chain inet podwire postrouting"},
       {"no chain", no_chain},
       {"another priority",
        no_chain + "nft 'add chain inet podwire postrouting { type nat hook postrouting priority 50; }'"},
       {"dormant", first_pod() + "nft 'add table inet podwire { flags dormant; }'"},
       {"a table of somebody", "nft add table inet podwire; nft add chain inet podwire mine"}});
}

TEST(ExplainState, MasqueradeElementsOfOthers) {
  const std::string sets =
      "nft add table inet podwire; nft 'add set inet podwire nomasq4 { type ipv4_addr; flags interval; }'; ";
  const auto exempt = [&](const char* elements) {
    return sets + fmt::format("nft 'add element inet podwire nomasq4 {{ {} }}'", elements);
  };
  const auto owned = [](const char* owner) {
    return first_pod() +
           fmt::format(R"(nft 'add element inet podwire masq4 {{ 10.1.2.3 comment "{}" }}')", owner);
  };
  expect_same_in(kMasquerade,
                 {{"a wider exemption", exempt(R"(10.0.0.0/8 comment "mine")")},
                  {"narrower ones", exempt(R"(10.1.2.128/25 comment "mine", 10.1.2.7, 10.2.0.0/16)")},
                  {"everything exempt", exempt("0.0.0.0/0")},
                  {"an address of a dead pod", owned("podwire:testnet/dead/eth0")},
                  {"its own address", owned("podwire:testnet/POD/eth0")}});
}

TEST(ExplainState, MacGuardInEveryState) {
  const std::string port = plan::host_veth_name({"testnet", "POD", "eth0"});
  const std::string other_mac =
      fmt::format(R"(nft 'add element bridge podwire macguard {{ "{0}" . 02:00:00:00:00:09 }}';)"
                  R"(nft 'add element bridge podwire macguard_ports {{ "{0}" comment "dead" }}')",
                  port);
  expect_same_in(list_of(R"("macspoofchk":true,)" + kPool),
                 {{"flushed", first_pod() + "nft flush ruleset"},
                  {"no rules", first_pod() + "nft flush chain bridge podwire prerouting"},
                  {"dormant", first_pod() + "nft 'add table bridge podwire { flags dormant; }'"},
                  {"another address", first_pod() + other_mac}});
}

/// A normal user reads neither nftables nor the leases of others; the lines say so, and do right all the
/// same.
TEST(ExplainState, WithoutRoot) {
  const std::string list = list_of(R"("ipMasq":true,"macspoofchk":true,"isDefaultGateway":true,)" + kDual);
  // Wherever the build is, on /mnt everybody can reach it.
  const std::string mount = fmt::format("mount --bind {} /mnt; ", our_plugins());
  for (const std::string& prepare : {mount, mount + first_pod(), mount + first_pod() + "nft flush ruleset"}) {
    SCOPED_TRACE(prepare);
    const ExplainStage by_hand(list, prepare);
    const ExplainStage by_plugin(list, prepare);
    const Snapshot before = by_hand.everything();
    const Completed explained = by_hand.node.run(
        Words{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "/mnt/podwire", "explain"} +
        by_hand.attachment());
    ASSERT_TRUE(explained.ok()) << explained.err;
    EXPECT_TRUE(unchanged(before, by_hand.everything())) << "by looking at it";
    EXPECT_NE(explained.out.find("# Note: nftables can be read by root only"), std::string::npos);
    EXPECT_NE(explained.out.find("# Note: only root can look into /run/netns/POD"), std::string::npos);
    EXPECT_EQ(explained.out.find("last_reserved_ip.0: an ADD may") != std::string::npos, prepare != mount);
    expect_same_outcome(by_hand, by_plugin, explained.out, {});
  }
}

/// The code, and the message behind the name of plugin or network, "error 7: ...". What the plugin itself
/// says on its stderr comes before it.
std::string refusal_of(const Completed& done) {
  constexpr std::string_view kAction = "(add): ";
  const auto action = done.err.find(kAction);
  const auto start = done.err.rfind("error ", action);
  if (start == std::string::npos || action == std::string::npos) return done.err;
  return done.err.substr(start, done.err.find(':', start) + 2 - start) +
         done.err.substr(action + kAction.size());
}

/// explain fails where the ADD would, with its code and message, prints no line, and changes nothing.
TEST(ExplainState, WhatAnAddWouldRefuse) {
  struct Refusal {
    std::string list;
    std::string prepare;
    const char* error;
    Words options = {"--netns", "/run/netns/POD", "--id", "POD"};
  };
  const Words twice{"--netns", "/run/netns/other", "--id", "one"};
  const std::string other = "ip netns add other; ";
  const std::string tiny = R"("ipam":{"type":"host-local","subnet":"10.1.2.0/30"})";
  const Refusal refusals[] = {
      {list_of(kPool), "ip link add br0 type veth", "error 102: \"br0\" already exists but is not a bridge"},
      {list_of(kGateway + kPool), "ip link add br0 type bridge; ip addr add 10.9.9.1/24 dev br0",
       "error 103: \"br0\" already has an IP address different from 10.1.2.1/24"},
      {list_of(tiny), first_pod(), "error 104: failed to allocate for range 0: no IP addresses available"},
      {list_of(kPool), "ip -n POD link add eth0 type veth",
       "error 101: interface \"eth0\" already exists in the netns"},
      {list_of(R"("ipam":{})"), first_pod() + other, "error 101: host link ", twice},
      {list_of(kPool), first_pod() + other, "error 106: failed to allocate for range 0: 10.1.2.2 has been ",
       twice},
      {list_of(R"("vlan":5000)"), ":", "error 7: invalid VLAN ID 5000"},
      {list_of(R"("logLevel":"loud")"), ":", "error 7: "},
  };
  for (const Refusal& refusal : refusals) {
    SCOPED_TRACE(refusal.error);
    const ExplainStage stage(refusal.list, refusal.prepare);
    const Snapshot before = stage.everything();
    const Completed refused = stage.podwire(Words{"explain", kList} + refusal.options);
    EXPECT_EQ(refused.status, 1);
    EXPECT_EQ(refused.out, "");
    EXPECT_TRUE(refusal_of(refused).starts_with(refusal.error)) << refused.err;
    EXPECT_TRUE(unchanged(before, stage.everything()));
    EXPECT_EQ(refusal_of(refused), refusal_of(stage.podwire(Words{"cni", "add", kList} + refusal.options)));
  }
}

/// The kernel allows names that nft and sysctl have no spelling for.
TEST(ExplainState, WhatCannotBeWritten) {
  const ExplainStage stage(list_of(R"("ipMasq":true,)" + kPool), ":");
  EXPECT_TRUE(stage.explain({"--ifname", "a\"b"}).err.starts_with("error 4: nft has no spelling"));
  EXPECT_TRUE(stage.explain({"--ifname", "a=b"}).err.starts_with("error 4: sysctl has no spelling"));
}

}  // namespace
}  // namespace podwire::netns
