// Firewalls, sysctls and network managers that get in the way of pods.
#include "shim/netns-test/doctor_node.h"

namespace podwire::netns {
namespace {

class DoctorHostTest : public DoctorTest {
 protected:
  /// A pod reaches the outside and gets an answer.
  [[nodiscard]] bool gets_out(const std::string& pod) const {
    return podwire({"pod", "exec", pod, "--", "ping", "-c", "1", "-W", "1", Outside::kAddress4}).ok();
  }
  [[nodiscard]] std::string message(const std::string& expected) const { return only(expected).message; }
};

TEST_F(DoctorHostTest, AForwardPolicyThatDrops) {
  node_.sh("echo 0 > /proc/sys/net/bridge/bridge-nf-call-iptables");
  add_pod("web");
  ASSERT_TRUE(gets_out("web"));
  node_.sh("iptables-nft -P FORWARD DROP");
  ASSERT_FALSE(gets_out("web"));
  EXPECT_EQ(expect_cured("problem forward-filter"),
            "dr0 (IPv4): connections of pods to the outside and answers from the outside to pods are dropped "
            "by policy drop of "
            "chain ip filter FORWARD");
  EXPECT_TRUE(gets_out("web"));
}

TEST_F(DoctorHostTest, BeforeThereIsAnyPod) {
  node_.sh("iptables-nft -P FORWARD DROP; ip6tables-nft -P FORWARD DROP");
  EXPECT_EQ(diagnosis(), (Diagnosis{"problem forward-filter", "problem forward-filter"}));
}

TEST_F(DoctorHostTest, DockersForwardChain) {
  add_pod("web");
  node_.sh(
      "iptables-nft -P FORWARD DROP; iptables-nft -N DOCKER-USER; iptables-nft -A DOCKER-USER -j RETURN;"
      "iptables-nft -A FORWARD -j DOCKER-USER;"
      "iptables-nft -A FORWARD -o docker0 -m conntrack --ctstate RELATED,ESTABLISHED -j ACCEPT;"
      "iptables-nft -A FORWARD -i docker0 -j ACCEPT");
  ASSERT_FALSE(gets_out("web"));
  const Said said = only("problem forward-filter");
  EXPECT_EQ(said.commands, (std::vector<std::string>{"iptables -I DOCKER-USER -i dr0 -j ACCEPT",
                                                     "iptables -I DOCKER-USER -o dr0 -j ACCEPT"}));
  cure(said);
  EXPECT_EQ(diagnosis(), Diagnosis{});
  EXPECT_TRUE(gets_out("web"));
}

// With br_netfilter, pods of one bridge meet the chain too.
TEST_F(DoctorHostTest, BridgedFramesThatMeetTheChain) {
  node_.sh("echo 1 > /proc/sys/net/bridge/bridge-nf-call-iptables");
  add_pod("web");
  add_pod("db");
  node_.sh(
      "iptables-nft -P FORWARD DROP; iptables-nft -A FORWARD -i dr0 -o uplink -j ACCEPT;"
      "iptables-nft -A FORWARD -i uplink -o dr0 -j ACCEPT");
  const std::string ping = "ping -c 1 -W 1 10.213.0.2";
  ASSERT_FALSE(podwire({"pod", "exec", "db", "--", "sh", "-c", ping}).ok());
  EXPECT_EQ(expect_cured("problem forward-filter"),
            "dr0 (IPv4): connections between pods of the bridge are dropped by policy drop of chain ip "
            "filter FORWARD");
  in_pod("db", ping);
}

TEST_F(DoctorHostTest, AChainOfSomebodysOwn) {
  add_pod("web");
  node_.write("/run/rules",
              "table inet mine {\n chain mine {\n  type filter hook forward priority 0; policy drop;\n"
              "  ct state established,related accept\n  iifname \"eth7\" accept\n }\n}\n");
  node_.sh("nft -f /run/rules");
  ASSERT_FALSE(gets_out("web"));
  const std::vector<Said> all = bad();
  ASSERT_EQ(all.size(), 2U);  // IPv4 and IPv6
  EXPECT_NE(all[0].message.find("connections of pods to the outside"), std::string::npos);
  EXPECT_EQ(all[0].message.find("answers"), std::string::npos);
  cure(all[0]);
  EXPECT_EQ(diagnosis(), Diagnosis{});
  EXPECT_TRUE(gets_out("web"));
}

TEST_F(DoctorHostTest, RulesThatCannotBeJudged) {
  add_pod("web");
  node_.sh(
      "echo 0 > /proc/sys/net/bridge/bridge-nf-call-iptables;"
      "iptables-nft -P FORWARD DROP; iptables-nft -A FORWARD -m time --timestart 00:00 -j ACCEPT");
  EXPECT_NE(message("warning forward-filter")
                .find("may be dropped by policy drop of chain ip filter FORWARD; podwire cannot "
                      "tell because of: match time"),
            std::string::npos);
}

TEST_F(DoctorHostTest, RulesOfLegacyIptables) {
  node_.sh("iptables-legacy -P FORWARD ACCEPT");
  EXPECT_NE(message("warning firewall-software").find("iptables-legacy are in force (tables: filter)"),
            std::string::npos);
}

TEST_F(DoctorHostTest, Firewalld) {
  add_pod("web");
  node_.write(
      "/run/rules",
      "table inet firewalld {\n chain filter_FORWARD {\n  type filter hook forward priority 10; policy "
      "accept;\n  ct state { established, related } accept\n  ct state invalid drop\n"
      "  iifname \"lo\" accept\n  reject with icmpx admin-prohibited\n }\n}\n");
  node_.sh("nft -f /run/rules");
  const std::vector<Said> all = bad();
  ASSERT_EQ(diagnosis(), (Diagnosis{"problem forward-filter", "problem forward-filter"}));
  EXPECT_EQ(all.front().commands,
            (std::vector<std::string>{"firewall-cmd --permanent --zone=trusted --add-interface=dr0",
                                      "firewall-cmd --reload"}));
}

TEST_F(DoctorHostTest, Ufw) {
  add_pod("web");
  node_.sh(
      "echo 0 > /proc/sys/net/bridge/bridge-nf-call-iptables;"
      "iptables-nft -P FORWARD DROP; iptables-nft -N ufw-user-forward; iptables-nft -A FORWARD -j "
      "ufw-user-forward");
  EXPECT_EQ(only("problem forward-filter").commands,
            (std::vector<std::string>{"ufw route allow in on dr0", "ufw route allow out on dr0"}));
}

TEST_F(DoctorHostTest, ForwardingThatIsOff) {
  add_pod("web");
  ASSERT_TRUE(gets_out("web"));
  node_.sh("sysctl -qw net.ipv4.ip_forward=0");
  EXPECT_EQ(expect_cured("problem forwarding"),
            "net.ipv4.ip_forward is 0: nothing is routed for the 1 pod on dr0");
  EXPECT_TRUE(gets_out("web"));
  node_.sh("sysctl -qw net.ipv6.conf.all.forwarding=0");
  expect_cured("problem forwarding");
  node_.sh("sysctl -qw net.ipv4.conf.dr0.forwarding=0");
  ASSERT_FALSE(gets_out("web"));
  expect_cured("problem forwarding");
  EXPECT_TRUE(gets_out("web"));
}

TEST_F(DoctorHostTest, AStrictReversePathFilterWithTwoUplinks) {
  node_.sh(
      "ip link add second type veth peer name second-peer; ip link set second up; ip address add "
      "198.51.100.2/24 dev "
      "second; ip route add default via 198.51.100.1 dev second metric 200 onlink;"
      "sysctl -qw net.ipv4.conf.all.rp_filter=0 net.ipv4.conf.uplink.rp_filter=0 "
      "net.ipv4.conf.second.rp_filter=1");
  EXPECT_NE(expect_cured("warning rp-filter")
                .find("net.ipv4.conf.second.rp_filter is strict, and there are 2 uplinks"),
            std::string::npos);
}

TEST_F(DoctorHostTest, ADefaultRouteFromRouterAdvertisements) {
  node_.sh(
      "ip -6 route replace default via 2001:db8:ffff::2 proto ra; sysctl -qw "
      "net.ipv6.conf.uplink.accept_ra=1");
  EXPECT_NE(message("warning accept-ra").find("the first IPv6 pod turns forwarding on"), std::string::npos);
  add_pod("web");
  EXPECT_NE(expect_cured("problem accept-ra").find("the route will expire"), std::string::npos);
}

TEST_F(DoctorHostTest, Ipv6ThatIsSwitchedOff) {
  node_.sh("sysctl -qw net.ipv6.conf.all.disable_ipv6=1");
  EXPECT_EQ(diagnosis(), Diagnosis{"warning ipv6"});
}

TEST_F(DoctorHostTest, NetworkManagers) {
  add_pod("web");
  const std::string port = host_veth("web");
  const std::string index = node_.sh("ip -o link show " + port + " | cut -d: -f1 | tr -d '\\n'");
  node_.write("/run/systemd/netif/links/" + index, "ADMIN_STATE=unmanaged\nOPER_STATE=routable\n");
  EXPECT_EQ(diagnosis(), Diagnosis{});
  node_.write("/run/systemd/netif/links/" + index,
              "ADMIN_STATE=configured\nNETWORK_FILE=/etc/systemd/network/10-all.network\n");
  EXPECT_EQ(message("warning managers"),
            "systemd-networkd manages " + port +
                " (configured, by /etc/systemd/network/10-all.network): it may take its "
                "addresses and routes away");
  node_.sh("rm -r /run/systemd/netif; mkdir -p /run/NetworkManager/devices");
  const Said said = only("warning managers");
  EXPECT_NE(said.commands.front().find("unmanaged-devices+=interface-name:veth*;interface-name:dr0"),
            std::string::npos)
      << said.commands.front();
  node_.write("/run/NetworkManager/conf.d/podwire.conf",
              "[keyfile]\nunmanaged-devices+=interface-name:veth*;interface-name:dr0\n");
  EXPECT_EQ(diagnosis(), Diagnosis{});
}

}  // namespace
}  // namespace podwire::netns
