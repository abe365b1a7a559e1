// Networks that cannot work as they are configured on this node.
#include "shim/netns-test/doctor_node.h"

namespace podwire::netns {
namespace {

class DoctorNetworksTest : public DoctorTest {
 protected:
  /// A routed network of its own range on its own bridge; `more` are further members of the plugin.
  void network(const std::string& name, const std::string& bridge, const std::string& range,
               const std::string& more = "") const {
    configure("60-" + name + ".conflist",
              list_of(name, R"("bridge": ")" + bridge + R"(", "isGateway": true,)" + more +
                                R"("ipam": {"type": "host-local", "ranges": [[)" + range + "]]}"));
  }
  [[nodiscard]] std::string message(const std::string& expected) const { return only(expected).message; }
};

TEST_F(DoctorNetworksTest, NoNetworkAtAll) {
  node_.sh("rm /run/net.d/*");
  EXPECT_EQ(message("warning conf-files"), "no network is configured in /run/net.d");
}

TEST_F(DoctorNetworksTest, AFileThatCannotBeLoaded) {
  configure("60-broken.conflist", "{\"cniVersion\": \"1.1.0\", \"name\": \"broken\",");
  EXPECT_NE(message("problem conf-files")
                .find("/run/net.d/60-broken.conflist: error parsing configuration list: invalid "
                      "JSON at line 1"),
            std::string::npos);
}

TEST_F(DoctorNetworksTest, AConfigurationThatAnAddWouldRefuse) {
  network("odd", "dr1", R"({"subnet": "10.213.1.0/24"})", R"("vlan": 5000,)");
  EXPECT_NE(message("problem conf-files").find("network \"odd\": ADD would fail: invalid VLAN ID 5000"),
            std::string::npos)
      << message("problem conf-files");
  network("odd", "dr1", R"({"subnet": "10.213.1.1/24"})");
  EXPECT_NE(message("problem conf-files")
                .find("network \"odd\": ADD would fail: invalid range set 0: Network has host bits"),
            std::string::npos)
      << message("problem conf-files");
}

TEST_F(DoctorNetworksTest, ANameThatIsDefinedTwice) {
  node_.sh("cp /run/net.d/50-doctor.conflist /run/net.d/60-copy.conflist");
  EXPECT_EQ(message("warning conf-files"),
            "network \"doctor\" is defined twice, in /run/net.d/50-doctor.conflist and in "
            "/run/net.d/60-copy.conflist");
}

TEST_F(DoctorNetworksTest, AnotherFileThatRuntimesTakeFirst) {
  configure("10-other.conflist",
            R"({"cniVersion": "1.0.0", "name": "other", "plugins": [{"type": "loopback"}]})");
  node_.sh("mkdir /run/cni-bin; cp /usr/lib/cni/loopback /run/cni-bin");
  // The node's own search path has no loopback plugin.
  EXPECT_EQ(diagnosis(), (Diagnosis{"warning conf-order", "problem plugins"}));
  const Said order = bad().front();
  EXPECT_EQ(order.message,
            "container runtimes take the first file, /run/net.d/10-other.conflist, and not podwire's "
            "/run/net.d/50-doctor.conflist");
  cure(order);
  EXPECT_EQ(diagnosis(), Diagnosis{"problem plugins"});
}

TEST_F(DoctorNetworksTest, ARuntimeThatTakesOneOfSeveral) {
  network("second", "dr1", R"({"subnet": "10.213.1.0/24"})");
  EXPECT_EQ(diagnosis(), Diagnosis{});
  node_.sh("mkdir /run/containerd; : > /run/containerd/containerd.sock");
  EXPECT_EQ(message("warning conf-order"),
            "containerd takes /run/net.d/50-doctor.conflist and none of the 1 other files");
}

TEST_F(DoctorNetworksTest, APluginThatIsNotThere) {
  configure("60-chain.conflist",
            R"({"cniVersion": "1.0.0", "name": "chain", "plugins": [
                 {"type": "bridge", "bridge": "dr1", "ipam": {"type": "nowhere"}}, {"type": "portmap"}]})");
  const std::vector<Said> all = bad();
  ASSERT_EQ(diagnosis(), (Diagnosis{"problem plugins", "problem plugins"}));
  EXPECT_EQ(all[0].message,
            "network \"chain\" names the plugin \"nowhere\", which is not in " + our_plugins());
  EXPECT_EQ(all[1].message,
            "network \"chain\" names the plugin \"portmap\", which is not in " + our_plugins());
}

TEST_F(DoctorNetworksTest, APluginThatMayNotBeExecuted) {
  node_.sh("mkdir /run/cni-bin; cp " + our_plugins() + "/bridge " + our_plugins() +
           "/host-local /run/cni-bin;" + "chmod 644 /run/cni-bin/host-local; mount -o remount,exec /run");
  const Completed done =
      podwire({"doctor", "--quiet", "--conf-dir", kNetworks, "--plugin-dir", "/run/cni-bin"});
  EXPECT_EQ(done.out,
            "networks\n  problem  plugins           network \"doctor\": /run/cni-bin/host-local may not be "
            "executed\n"
            "                             fix: chmod 755 /run/cni-bin/host-local\n1 problem.\n");
}

TEST_F(DoctorNetworksTest, APluginThatIsAnotherProjects) {
  node_.sh(
      "mkdir /run/cni-bin; cp /usr/lib/cni/bridge /usr/lib/cni/host-local /run/cni-bin; mount -o "
      "remount,exec /run");
  const std::vector<std::string> arguments{"doctor",       "--quiet",      "--conf-dir",   kNetworks,
                                           "--plugin-dir", "/run/cni-bin", "--plugin-dir", our_plugins()};
  const Completed done = podwire(arguments);
  EXPECT_EQ(done.status, 0);
  EXPECT_EQ(done.out,
            "networks\n"
            "  warning  plugins           network \"doctor\": the plugin \"bridge\" is /run/cni-bin/bridge, "
            "which is "
            "not podwire's\n"
            "                             fix: install -m 755 " +
                our_plugins() +
                "/bridge /run/cni-bin/bridge\n"
                "  warning  plugins           network \"doctor\": the plugin \"host-local\" is "
                "/run/cni-bin/host-local, "
                "which is not podwire's\n"
                "                             fix: install -m 755 " +
                our_plugins() + "/host-local /run/cni-bin/host-local\n2 warnings.\n");
  node_.sh("install -m 755 " + our_plugins() + "/bridge /run/cni-bin/bridge; install -m 755 " +
           our_plugins() + "/host-local /run/cni-bin/host-local");
  EXPECT_EQ(must(arguments), "");
}

TEST_F(DoctorNetworksTest, ABridgeWhoseNameIsTaken) {
  node_.sh("ip link add dr0 type veth peer name dr0p");
  EXPECT_EQ(message("problem bridges"),
            "network \"doctor\" wants the bridge dr0, but that link is of kind veth");
}

TEST_F(DoctorNetworksTest, ABridgeThatIsDown) {
  add_pod("web");
  node_.sh("ip link set dr0 down");
  // With the bridge its IPv6 address goes, and so the host is no router for IPv6 any more.
  const Said said = only("problem bridges");
  EXPECT_EQ(said.message, "bridge dr0 is down: its pods are cut off");
  cure(said);
  EXPECT_TRUE(holds("$(cat /sys/class/net/dr0/flags 2>/dev/null || echo 1) -ne 0"));
}

TEST_F(DoctorNetworksTest, ABridgeWithAnotherAddress) {
  network("second", "dr0", R"({"subnet": "10.213.1.0/24"})");
  add_pod("web");
  const Said said = only("problem bridges");
  EXPECT_EQ(
      said.message,
      "ADD to network \"second\" would fail: dr0 has the address 10.213.0.1/24 already, and the network's "
      "gateway is 10.213.1.1/24");
  const Completed added =
      podwire({"pod", "add", "db", "--net", "/run/net.d/60-second.conflist", "--plugin-dir", our_plugins()});
  EXPECT_NE(added.err.find("already has an IP address different from 10.213.1.1/24"), std::string::npos)
      << added.err;
  network("second", "dr0", R"({"subnet": "10.213.1.0/24"})", R"("forceAddress": true,)");
  EXPECT_EQ(diagnosis(), Diagnosis{});
}

// This kernel has no VLAN filtering; one that has it would be content with the network.
TEST_F(DoctorNetworksTest, VlansOnAKernelWithoutThem) {
  network("vlans", "dr1", R"({"subnet": "10.213.1.0/24"})", R"("vlan": 10,)");
  const bool able = node_
                        .run({"sh", "-c",
                              "ip link add t type bridge vlan_filtering 1; ip -d link show t | grep -q "
                              "'vlan_filtering 1'; s=$?; ip link delete t; exit $s"})
                        .ok();
  if (able) {
    EXPECT_EQ(diagnosis(), Diagnosis{});
  } else {
    const std::string said = message("problem kernel-features");
    EXPECT_TRUE(said.starts_with("this kernel has no VLAN filtering on bridges (")) << said;
    EXPECT_TRUE(said.ends_with("), needed for the keys vlan and vlanTrunk")) << said;
  }
}

TEST_F(DoctorNetworksTest, ABridgeThatDoesNotFilterByVlan) {
  node_.sh("ip link add dr1 type bridge");
  network("vlans", "dr1", R"({"subnet": "10.213.1.0/24"})", R"("vlan": 10,)");
  EXPECT_EQ(bad().back().message, "network \"vlans\" uses VLANs, but bridge dr1 does not filter by VLAN");
}

TEST_F(DoctorNetworksTest, AnUplinkWithASmallerMtu) {
  node_.sh("ip link set uplink mtu 1400");
  EXPECT_NE(message("warning mtu").find("send packets of 1500 bytes, the uplink uplink takes 1400"),
            std::string::npos);
}

TEST_F(DoctorNetworksTest, RangesThatOverlap) {
  network("second", "dr1",
          R"({"subnet": "10.213.0.0/16", "rangeStart": "10.213.0.200", "rangeEnd": "10.213.0.210"})");
  EXPECT_EQ(message("problem ranges"),
            "networks \"doctor\" and \"second\" give out the same addresses: 10.213.0.1-10.213.0.254 and "
            "10.213.0.200-10.213.0.210");
}

TEST_F(DoctorNetworksTest, ARangeWithAnAddressOfTheHost) {
  node_.sh("ip address add 10.213.0.9/32 dev uplink");
  EXPECT_EQ(message("problem ranges"),
            "network \"doctor\" could give a pod 10.213.0.9, which this host has on uplink");
}

TEST_F(DoctorNetworksTest, ASubnetOfAnotherLink) {
  node_.sh(
      "ip link add docker0 type bridge; ip address add 10.213.0.1/24 dev docker0; ip link set docker0 up");
  EXPECT_EQ(message("problem ranges"),
            "network \"doctor\" uses 10.213.0.0/24, and docker0 has 10.213.0.1/24: pods with these addresses "
            "are not reached");
  node_.sh("ip address flush dev docker0; ip address add 10.200.0.1/8 dev docker0");
  EXPECT_EQ(message("warning ranges"),
            "network \"doctor\" uses 10.213.0.0/24, and docker0 has 10.200.0.1/8: hosts with the addresses "
            "of pods are not "
            "reached");
}

TEST_F(DoctorNetworksTest, ARouteIntoTheRange) {
  add_pod("web");
  node_.sh("ip route add 10.213.0.128/25 via 192.0.2.2; ip route add 10.0.0.0/8 via 192.0.2.2");
  EXPECT_EQ(message("problem ranges"),
            "network \"doctor\" uses 10.213.0.0/24, and the host routes 10.213.0.128/25 to uplink: "
            "pods with these addresses are not reached");
}

TEST_F(DoctorNetworksTest, APoolThatRunsOut) {
  network("tiny", "dr1", R"({"subnet": "10.213.1.0/28"})");
  const std::string lease = "printf 'p%s\\r\\neth0' $i > /var/lib/cni/networks/tiny/10.213.1.$i; ";
  node_.sh("mkdir -p /var/lib/cni/networks/tiny; for i in $(seq 2 13); do " + lease + "done");
  EXPECT_EQ(message("warning pools"),
            "network \"tiny\": 12 of 13 addresses of 10.213.1.1-10.213.1.14 are leased (92 %)");
  node_.sh("i=14; " + lease);
  EXPECT_EQ(message("problem pools"),
            "network \"tiny\": ADD would fail: no IP addresses available in range set: "
            "10.213.1.1-10.213.1.14");
  node_.sh("rm /var/lib/cni/networks/tiny/10.*; mount -t tmpfs -o ro none /var/lib/cni");
  EXPECT_NE(bad().front().message.find("cannot keep leases in /var/lib/cni/networks/"), std::string::npos);
  node_.sh("umount /var/lib/cni");
}

}  // namespace
}  // namespace podwire::netns
