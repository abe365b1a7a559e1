// Masquerade: who sees which address, and that DEL removes it whatever became of the netns.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include "netns-test/cni.h"
#include "netns-test/node.h"
#include "netns-test/snapshot.h"
#include "netns-test/traffic.h"

namespace podwire::netns {
namespace {

class Masquerade : public testing::Test {
 protected:
  static std::string conf(std::string_view more = "") {
    return bridge_conf("1.1.0", fmt::format(R"("isDefaultGateway":true,"ipMasq":true{},{})", more,
                                            ipam({"10.1.2.0/24", "fd00:1::/64"})));
  }
  Reply call(const char* verb, const Pod& pod, const std::string& configuration = conf()) {
    return exec(node_, {.verb = verb, .conf = configuration, .id = pod.name(), .netns = pod.netns()});
  }
  std::string masqueraded() { return owned_elements(node_); }

  Node node_;
  Outside outside_{node_};
  Pod one_{node_, "pod1"};
  Pod two_{node_, "pod2"};
};

TEST_F(Masquerade, OutsideSeesTheNodeAndPodsSeeEachOther) {
  ASSERT_TRUE(succeeds(call("ADD", one_)));
  ASSERT_TRUE(succeeds(call("ADD", two_)));
  struct Case {
    const Place& client;
    const Place& server;
    const char* address;
    const char* client_seen;
  };
  const Case cases[] = {
      {one_, outside_, Outside::kAddress4, Outside::kNodeAddress4},
      {one_, outside_, Outside::kAddress6, Outside::kNodeAddress6},
      {one_, two_, "10.1.2.3", "10.1.2.2"},
      {two_, one_, "fd00:1::2", "fd00:1::3"},
      {one_, node_, "10.1.2.1", "10.1.2.2"},
      {node_, two_, "fd00:1::3", "fd00:1::1"},
  };
  for (const Case& c : cases) {
    const Exchange tcp = tcp_exchange(c.client, c.server, c.address);
    EXPECT_TRUE(tcp.ok()) << c.address << ": " << tcp.error;
    EXPECT_EQ(tcp.client, c.client_seen) << c.address;
    const Exchange udp = udp_exchange(c.client, c.server, c.address);
    EXPECT_TRUE(udp.ok()) << c.address << ": " << udp.error;
    EXPECT_EQ(udp.client, c.client_seen) << c.address;
  }
}

TEST_F(Masquerade, WithoutItOutsideSeesThePod) {
  const std::string plain =
      bridge_conf("1.1.0", R"("isDefaultGateway":true,)" + ipam({"10.1.2.0/24", "fd00:1::/64"}));
  ASSERT_TRUE(succeeds(call("ADD", one_, plain)));
  outside_.sh("ip route add 10.1.2.0/24 via 192.0.2.1; ip -6 route add fd00:1::/64 via 2001:db8:ffff::1");
  EXPECT_EQ(tcp_exchange(one_, outside_, Outside::kAddress4).client, "10.1.2.2");
  EXPECT_EQ(tcp_exchange(one_, outside_, Outside::kAddress6).client, "fd00:1::2");
}

TEST_F(Masquerade, NoRulePerPod) {
  ASSERT_TRUE(succeeds(call("ADD", one_)));
  const auto rules = [&] {
    return node_.sh("nft -j list ruleset | jq '[.nftables[] | select(.rule)] | length'");
  };
  const std::string with_one = rules();
  ASSERT_TRUE(succeeds(call("ADD", two_)));
  EXPECT_EQ(rules(), with_one);
  EXPECT_EQ(masqueraded(), "10.1.2.2\n10.1.2.3\nfd00:1::2\nfd00:1::3\n");
}

TEST_F(Masquerade, RemovedWhateverBecameOfTheNetns) {
  ASSERT_TRUE(succeeds(call("ADD", two_)));
  const std::string before = masqueraded();
  for (const std::optional<std::string>& netns :
       {std::optional<std::string>(one_.netns()), std::optional<std::string>(""),
        std::optional<std::string>(), std::optional<std::string>("/run/netns/gone")}) {
    ASSERT_TRUE(succeeds(call("ADD", one_)));
    EXPECT_NE(masqueraded(), before);
    ASSERT_TRUE(succeeds(exec(node_, {.verb = "DEL", .conf = conf(), .id = "pod1", .netns = netns})));
    EXPECT_EQ(masqueraded(), before) << "CNI_NETNS=" << netns.value_or("(unset)");
    // The runtime's netns outlived the DEL here; what DEL could not reach in it must not block the next ADD.
    EXPECT_EQ(one_.sh("ip -o link show type veth"), "");
  }
}

TEST_F(Masquerade, TrackedConnectionsGoWithThePod) {
  ASSERT_TRUE(succeeds(call("ADD", one_)));
  ASSERT_TRUE(succeeds(call("ADD", two_)));
  for (const Pod* pod : {&one_, &two_}) {
    ASSERT_TRUE(udp_exchange(*pod, outside_, Outside::kAddress4).ok());
    ASSERT_TRUE(udp_exchange(*pod, outside_, Outside::kAddress6).ok());
  }
  const auto tracked = [&](const char* family, const char* source) {
    return node_.sh(fmt::format("conntrack -L -f {} -s {} 2>/dev/null | wc -l", family, source));
  };
  ASSERT_NE(tracked("ipv4", "10.1.2.2"), "0\n");
  ASSERT_NE(tracked("ipv6", "fd00:1::2"), "0\n");
  ASSERT_TRUE(succeeds(call("DEL", one_)));
  EXPECT_EQ(tracked("ipv4", "10.1.2.2"), "0\n");
  EXPECT_EQ(tracked("ipv6", "fd00:1::2"), "0\n");
  EXPECT_NE(tracked("ipv4", "10.1.2.3"), "0\n") << "another pod's connections stay";
}

TEST_F(Masquerade, FlushedRulesetIsNoticedAndRebuilt) {
  const Reply first = call("ADD", one_);
  ASSERT_TRUE(succeeds(first));
  const std::string elements = masqueraded();
  ASSERT_TRUE(succeeds(call("CHECK", one_, with_prev(conf(), first))));
  node_.sh("nft flush ruleset");
  EXPECT_TRUE(
      fails_with(call("CHECK", one_, with_prev(conf(), first)), Code::kMissing, "table inet podwire"));
  ASSERT_TRUE(succeeds(call("ADD", two_)));
  EXPECT_TRUE(succeeds(call("CHECK", one_, with_prev(conf(), first))));
  EXPECT_EQ(tcp_exchange(one_, outside_, Outside::kAddress4).client, Outside::kNodeAddress4);
  ASSERT_TRUE(succeeds(call("DEL", two_)));
  EXPECT_EQ(masqueraded(), elements);
}

TEST_F(Masquerade, ForeignTablesStayUntouched) {
  node_.sh(
      "nft add table inet mine; nft add chain inet mine c '{ type nat hook postrouting priority 100; }'; "
      "nft add table ip nat; nft add chain ip nat POSTROUTING '{ type nat hook postrouting priority 100; }'; "
      "nft add rule ip nat POSTROUTING ip saddr 10.77.0.0/16 masquerade");
  const auto foreign = [&] { return node_.sh("nft list table inet mine; nft list table ip nat"); };
  const std::string before = foreign();
  ASSERT_TRUE(succeeds(call("ADD", one_)));
  ASSERT_TRUE(succeeds(call("DEL", one_)));
  EXPECT_EQ(foreign(), before);
}

TEST_F(Masquerade, BackendIptablesIsServedByNftables) {
  const std::string iptables = conf(R"(,"ipMasqBackend":"iptables")");
  const Reply add = call("ADD", one_, iptables);
  ASSERT_TRUE(succeeds(add));
  EXPECT_NE(add.err.find("iptables"), std::string::npos) << "one line on stderr says so";
  EXPECT_EQ(masqueraded(), "10.1.2.2\nfd00:1::2\n");
  const Reply quiet = call("ADD", two_, conf(R"(,"ipMasqBackend":"nftables")"));
  ASSERT_TRUE(succeeds(quiet));
  EXPECT_EQ(quiet.err, "");
}

}  // namespace
}  // namespace podwire::netns
