// `podwire explain` on a node that is in use, or in a mess, or by somebody who may not look everywhere.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "libcni/plan/owner.h"
#include "netns-test/cni.h"
#include "netns-test/explain_stage.h"

namespace podwire::netns {
namespace {

TEST(ExplainState, TheNextPod) {
  for_every_conflist([](const std::string& name, const std::string& text) {
    expect_same({.name = name.c_str(), .list = text, .prepare = first_pod()});
  });
  expect_same({.name = "macspoofchk",
               .list = list_of(R"("macspoofchk":true,)" + kGateway + kPool),
               .prepare = first_pod()});
  // Nothing of the node is made twice: what is left are the pod's own steps.
  const ExplainStage stage(list_of(R"("ipMasq":true,"isDefaultGateway":true,)" + kDual), first_pod());
  const std::string lines = stage.explain({}).out;
  for (const char* shared : {"type bridge", "add rule", "add chain", "ip_forward=1", "mkdir"}) {
    EXPECT_EQ(lines.find(shared), std::string::npos) << shared << " in\n" << lines;
  }
  EXPECT_NE(lines.find("(is in place)"), std::string::npos);
}

/// Whatever somebody did to podwire's tables, the lines mend it as the next ADD does.
TEST(ExplainState, NftablesInEveryState) {
  const std::string masquerade = list_of(R"("ipMasq":true,"isDefaultGateway":true,)" + kDual);
  const std::string guard = list_of(R"("macspoofchk":true,)" + kPool);
  const std::string sets =
      "nft add table inet podwire; nft 'add set inet podwire nomasq4 { type ipv4_addr; flags interval; }'; ";
  const std::string port = plan::host_veth_name({"testnet", "POD", "eth0"});
  const Variant variants[] = {
      {"flushed", masquerade, {}, first_pod() + "nft flush ruleset"},
      {"another rule", masquerade, {}, first_pod() + "nft add rule inet podwire postrouting accept"},
      {"no rules", masquerade, {}, first_pod() + "nft flush chain inet podwire postrouting"},
      {"no chain",
       masquerade,
       {},
       first_pod() + "nft flush chain inet podwire postrouting; nft delete chain inet podwire postrouting"},
      {"another priority",
       masquerade,
       {},
       first_pod() + "nft flush chain inet podwire postrouting; nft delete chain inet podwire postrouting; "
                     "nft 'add chain inet podwire postrouting { type nat hook postrouting priority 50; }'"},
      {"dormant", masquerade, {}, first_pod() + "nft 'add table inet podwire { flags dormant; }'"},
      {"a table of somebody", masquerade, {}, "nft add table inet podwire; nft add chain inet podwire mine"},
      {"a wider exemption",
       masquerade,
       {},
       sets + R"(nft 'add element inet podwire nomasq4 { 10.0.0.0/8 comment "mine" }')"},
      {"narrower exemptions",
       masquerade,
       {},
       sets +
           R"(nft 'add element inet podwire nomasq4 { 10.1.2.128/25 comment "mine", 10.1.2.7, 10.2.0.0/16 }')"},
      {"everything exempt", masquerade, {}, sets + "nft 'add element inet podwire nomasq4 { 0.0.0.0/0 }'"},
      {"an address of a dead pod",
       masquerade,
       {},
       first_pod() +
           R"(nft 'add element inet podwire masq4 { 10.1.2.3 comment "podwire:testnet/dead/eth0" }')"},
      {"its own address",
       masquerade,
       {},
       first_pod() +
           R"(nft 'add element inet podwire masq4 { 10.1.2.3 comment "podwire:testnet/POD/eth0" }')"},
      {"guard flushed", guard, {}, first_pod() + "nft flush ruleset"},
      {"guard without rules", guard, {}, first_pod() + "nft flush chain bridge podwire prerouting"},
      {"guard dormant", guard, {}, first_pod() + "nft 'add table bridge podwire { flags dormant; }'"},
      {"guard with another address",
       guard,
       {},
       first_pod() +
           fmt::format(R"(nft 'add element bridge podwire macguard {{ "{0}" . 02:00:00:00:00:09 }}';)"
                       R"(nft 'add element bridge podwire macguard_ports {{ "{0}" comment "dead" }}')",
                       port)},
  };
  for (const Variant& variant : variants) expect_same(variant);
}

/// A normal user reads neither nftables nor the leases of others; the lines say so, and do right all the
/// same.
TEST(ExplainState, WithoutRoot) {
  const std::string list = list_of(R"("ipMasq":true,"macspoofchk":true,"isDefaultGateway":true,)" + kDual);
  const std::string copy = fmt::format("mkdir /run/bin; cp {}/podwire /run/bin; ", our_plugins());
  for (const std::string& prepare : {copy, copy + first_pod(), copy + first_pod() + "nft flush ruleset"}) {
    SCOPED_TRACE(prepare);
    const ExplainStage by_hand(list, prepare);
    const ExplainStage by_plugin(list, prepare);
    const Snapshot before = by_hand.everything();
    const Completed explained = by_hand.node.run(
        Words{"setpriv", "--reuid=65534", "--regid=65534", "--clear-groups", "/run/bin/podwire", "explain"} +
        by_hand.attachment());
    ASSERT_TRUE(explained.ok()) << explained.err;
    EXPECT_TRUE(unchanged(before, by_hand.everything())) << "by looking at it";
    EXPECT_NE(explained.out.find("# Note: nftables can be read by root only"), std::string::npos);
    EXPECT_NE(explained.out.find("# Note: only root can look into /run/netns/POD"), std::string::npos);
    EXPECT_EQ(explained.out.find("last_reserved_ip.0: an ADD may") != std::string::npos, prepare != copy);
    expect_same_outcome(by_hand, by_plugin, explained.out, {});
  }
}

/// explain fails where the ADD would, prints no line, and changes nothing.
TEST(ExplainState, WhatAnAddWouldRefuse) {
  struct Refusal {
    const char* name;
    std::string list;
    std::string prepare;
    const char* error;
    Words options = {};
  };
  const std::string tiny = R"("ipam":{"type":"host-local","subnet":"10.1.2.0/30"})";
  const Refusal refusals[] = {
      {"another kind of link", list_of(kPool), "ip link add br0 type veth",
       "error 102: network \"testnet\" would fail (add): \"br0\" already exists but is not a bridge"},
      {"another address", list_of(kGateway + kPool),
       "ip link add br0 type bridge; ip addr add 10.9.9.1/24 dev br0",
       "error 103: plugin type=\"bridge\" name=\"testnet\" would fail (add): \"br0\" already has an IP "
       "address "
       "different from 10.1.2.1/24"},
      {"an exhausted pool", list_of(tiny), first_pod(),
       "error 104: plugin type=\"bridge\" name=\"testnet\" would fail (add): failed to allocate for range 0: "
       "no IP "
       "addresses available in range set: 10.1.2.1-10.1.2.2"},
      {"the interface", list_of(kPool), "ip -n POD link add eth0 type veth",
       "error 101: plugin type=\"bridge\" name=\"testnet\" would fail (add): interface \"eth0\" already "
       "exists in "
       "the netns"},
      {"the attachment",
       list_of(R"("ipam":{})"),
       first_pod(),
       "error 101: network \"testnet\" would fail (add): host link",
       {"--netns", "other", "--id", "one"}},
      {"its lease",
       list_of(kPool),
       first_pod(),
       "error 106: plugin type=\"bridge\" name=\"testnet\" would fail (add): failed to allocate for range 0: "
       "10.1.2.2 "
       "has been allocated to one",
       {"--netns", "other", "--id", "one"}},
      {"a key", list_of(R"("vlan":5000)"), ":",
       "error 7: plugin type=\"bridge\" name=\"testnet\" would fail (add): invalid VLAN ID 5000"},
      {"an ifname that nft cannot write",
       list_of(R"("ipMasq":true,)" + kPool),
       ":",
       "error 4: nft has no spelling",
       {"--ifname", "a\"b"}},
      {"a link that sysctl cannot write",
       list_of(kPool),
       ":",
       "error 4: sysctl has no spelling",
       {"--ifname", "a=b"}},
  };
  for (const Refusal& refusal : refusals) {
    SCOPED_TRACE(refusal.name);
    const ExplainStage stage(refusal.list, refusal.prepare);
    const Snapshot before = stage.everything();
    const Completed refused = stage.podwire(Words{"explain", kList} + refusal.options);
    EXPECT_EQ(refused.status, 1);
    EXPECT_EQ(refused.out, "");
    EXPECT_TRUE(refused.err.starts_with(refusal.error)) << refused.err;
    EXPECT_TRUE(unchanged(before, stage.everything()));
  }
}

}  // namespace
}  // namespace podwire::netns
