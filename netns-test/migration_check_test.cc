// CHECK of pods that the reference made: what it sets is verified and named when it is gone, what only
// podwire sets is not asked for.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "netns-test/migration.h"

namespace podwire::netns {
namespace {

class MigrationCheck : public Migration {
 protected:
  static std::string conf(std::string_view more = R"("ipMasq":true,"macspoofchk":true,"hairpinMode":true,)",
                          std::string_view version = "1.0.0") {
    return bridge_conf(
        version, fmt::format(R"("isDefaultGateway":true,{}{})", more, ipam({"10.1.2.0/24", "fd00:1::/64"})));
  }
  void make(const std::string& configuration = conf()) {
    added_ = call("ADD", configuration, pod_);
    ASSERT_TRUE(succeeds(added_));
    to_podwire();
  }
  [[nodiscard]] Reply check(const std::string& configuration = conf()) {
    return call("CHECK", with_prev(configuration, added_), pod_);
  }
  [[nodiscard]] std::string host_end() const { return added_.at("/interfaces/1/name"); }

  Pod pod_{node_, "pod1"};
  Reply added_;
};

TEST_F(MigrationCheck, UnalteredPodPassesInEveryVersion) {
  for (const char* version : {"0.4.0", "1.0.0"}) {
    const std::string configuration = conf(R"("ipMasq":true,"macspoofchk":true,)", version);
    make(configuration);
    EXPECT_TRUE(succeeds(check(configuration))) << version;
    ASSERT_TRUE(succeeds(call("DEL", configuration, pod_)));
    to_reference();
  }
}

TEST_F(MigrationCheck, Layer2PodPasses) {
  const std::string configuration = bridge_conf("1.0.0", R"("macspoofchk":true)");
  make(configuration);
  EXPECT_TRUE(succeeds(check(configuration)));
  node_.sh("nft flush chain bridge nat PREROUTING");
  EXPECT_TRUE(fails_with(check(configuration), Code::kMissing, "source MAC check"));
}

TEST_F(MigrationCheck, WhatOnlyPodwireSetsIsNotAskedFor) {
  make();
  pod_.sh(
      "cd /proc/sys/net; echo 0 > ipv4/conf/eth0/arp_notify; echo 0 > ipv6/conf/eth0/ndisc_notify;"
      "echo 1 > ipv6/conf/eth0/accept_dad; echo 0 > ipv6/conf/eth0/keep_addr_on_down");
  node_.sh("echo 1 > /proc/sys/net/ipv6/conf/br0/accept_ra");
  EXPECT_TRUE(succeeds(check()));
}

TEST_F(MigrationCheck, AlteredPodIsNamed) {
  struct Alteration {
    bool in_pod;
    const char* command;
    const char* said;
  };
  const std::string chain = "CNI-169623ab7b5aa875a3760ba1";
  const Alteration alterations[] = {
      {true, "ip address del 10.1.2.2/24 dev eth0; ip route add default via 10.1.2.1 dev eth0 onlink",
       "eth0 does not have address 10.1.2.2/24"},
      {true, "ip address del fd00:1::2/64 dev eth0", "eth0 does not have address fd00:1::2/64"},
      {true, "ip route del default", "route 0.0.0.0/0 via 10.1.2.1 dev eth0 is missing"},
      {true, "ip link set eth0 down", "eth0 in the netns is down"},
      {true, "ip link set eth0 address 02:00:00:00:00:99", "eth0 has MAC 02:00:00:00:00:99"},
      {true, "ip link del eth0", "does not exist"},
      {false, "ip link set $VETH down", "is down"},
      {false, "ip link set $VETH nomaster", "is not a port of bridge \"br0\""},
      {false, "bridge link set dev $VETH hairpin off", "hairpin mode of $VETH is false, expected true"},
      {false, "ip address del 10.1.2.1/24 dev br0", "br0 does not have address 10.1.2.1/24"},
      {false, "sysctl -qw net.ipv4.ip_forward=0", "sysctl net/ipv4/ip_forward is 0, expected 1"},
      {false, "rm /var/lib/cni/networks/testnet/10.1.2.2 /var/lib/cni/networks/testnet/fd00:1::2",
       "Failed to find address added by container pod1"},
      {false, "iptables -t nat -F CNI-169623ab7b5aa875a3760ba1",
       "10.1.2.2 is not masqueraded any more: chain CNI-169623ab7b5aa875a3760ba1 of table ip nat has no "
       "masquerading "
       "rule"},
      {false, "ip6tables -t nat -F CNI-169623ab7b5aa875a3760ba1",
       "fd00:1::2 is not masqueraded any more: chain"},
      {false, "iptables -t nat -F POSTROUTING",
       "no rule in POSTROUTING jumps to chain CNI-169623ab7b5aa875a3760ba1 of table ip nat"},
      {false, "iptables -t nat -F; iptables -t nat -X", "of table ip nat is gone"},
      {false, "nft flush ruleset", "the source MAC check of $VETH is missing"},
      {false, "nft flush chain bridge nat PREROUTING", "leads it to chain cni-br-iface-pod1-eth0"},
      {false, "nft flush chain bridge nat cni-br-iface-pod1-eth0",
       "does not jump to cni-br-iface-pod1-eth0-mac"},
      {false, "nft flush chain bridge nat cni-br-iface-pod1-eth0-mac", "does not drop everything but"},
  };
  for (const Alteration& alteration : alterations) {
    SCOPED_TRACE(alteration.command);
    make();
    ASSERT_TRUE(succeeds(check()));
    const std::string veth = "VETH=" + host_end() + "; ";
    const std::string command = veth + alteration.command;
    if (alteration.in_pod) {
      pod_.sh(command);
    } else {
      node_.sh(command);
    }
    std::string said = alteration.said;
    if (const auto at = said.find("$VETH"); at != std::string::npos) said.replace(at, 5, host_end());
    EXPECT_TRUE(fails_with(check(), Code::kMissing, said));
    EXPECT_TRUE(succeeds(call("DEL", conf(), pod_)));
    node_.sh("ip link del br0; nft flush ruleset; rm -rf /var/lib/cni/networks/testnet");
    to_reference();
  }
}

TEST_F(MigrationCheck, RulesOfNewerReleasesCount) {
  const std::string plain = conf("");
  make(plain);
  const std::string masqueraded = conf(R"("ipMasq":true,)");
  EXPECT_TRUE(
      fails_with(check(masqueraded), Code::kMissing, "table inet cni_plugins_masquerade has no rule for it"));
  masquerade_by_rules({.network = "testnet", .container_id = "pod1", .ifname = "eth0"}, {"10.1.2.2/24"});
  EXPECT_TRUE(fails_with(check(masqueraded), Code::kMissing, "fd00:1::2 is not masqueraded any more"));
  masquerade_by_rules({.network = "testnet", .container_id = "pod1", .ifname = "eth0"}, {"fd00:1::2/64"});
  EXPECT_TRUE(succeeds(check(masqueraded)));
  node_.sh("nft flush chain inet cni_plugins_masquerade postrouting");
  EXPECT_TRUE(fails_with(check(masqueraded), Code::kMissing, "10.1.2.2 is not masqueraded any more"))
      << "the rules are not reached";
}

TEST_F(MigrationCheck, RulesOfAnotherPodDoNotCount) {
  make(conf(""));
  masquerade_by_rules({.network = "testnet", .container_id = "pod2", .ifname = "eth0"},
                      {"10.1.2.2/24", "fd00:1::2/64"});
  EXPECT_TRUE(
      fails_with(check(conf(R"("ipMasq":true,)")), Code::kMissing, "10.1.2.2 is not masqueraded any more"));
}

TEST_F(MigrationCheck, PodOfPodwireStaysAsStrict) {
  to_podwire();
  const auto readded = [&] {
    EXPECT_TRUE(succeeds(call("DEL", conf(), pod_)));
    return call("ADD", conf(), pod_);
  };
  added_ = readded();
  ASSERT_TRUE(succeeds(check()));
  node_.sh("nft delete table bridge podwire");
  EXPECT_TRUE(fails_with(check(), Code::kMissing, "the source MAC check"));
  added_ = readded();
  node_.sh("nft delete table inet podwire");
  masquerade_by_rules({.network = "testnet", .container_id = "pod1", .ifname = "eth0"},
                      {added_.at("/ips/0/address"), added_.at("/ips/1/address")});
  EXPECT_TRUE(fails_with(check(), Code::kMissing, "table inet podwire"))
      << "the reference's rules are not its own";
}

}  // namespace
}  // namespace podwire::netns
