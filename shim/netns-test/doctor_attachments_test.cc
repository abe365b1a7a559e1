// What is left over, lost or damaged of attachments: the doctor finds it, and its fix mends it.
#include <unistd.h>

#include "libcni/plan/owner.h"
#include "shim/netns-test/doctor_node.h"

namespace podwire::netns {
namespace {

constexpr const char* kLeases = "/var/lib/cni/networks/doctor";

class DoctorAttachmentsTest : public DoctorTest {
 protected:
  /// An attachment that no pod of `podwire pod` stands behind.
  std::string attach(const Pod& pod) const {  // NOLINT(modernize-use-nodiscard)
    return must(
        {"cni", "add", kNetwork, "--netns", pod.netns(), "--id", pod.name(), "--plugin-dir", our_plugins()});
  }
  /// The host's end of an attachment made by attach().
  static std::string plan_name(const Pod& pod) {
    return plan::host_veth_name({"doctor", pod.name(), "eth0"});
  }
  void lease(const std::string& ip, const std::string& id, const std::string& age = "2 hours ago") const {
    const std::string file = std::string(kLeases) + "/" + ip;
    node_.sh("mkdir -p " + std::string(kLeases) + "; printf '%s\\r\\neth0' " + id + " > " + file +
             "; touch -d '" + age + "' " + file);
  }
};

TEST_F(DoctorAttachmentsTest, ALeakedLease) {
  add_pod("web");
  lease("10.213.0.77", "gone");
  lease("fd13:d0c::77", "gone");
  EXPECT_EQ(expect_cured("warning leases"),
            "10.213.0.77, fd13:d0c::77 of network \"doctor\" is leased to gone (eth0), and no interface of "
            "this machine "
            "has it");
  EXPECT_TRUE(holds(std::string("! -e ") + kLeases + "/10.213.0.77"));
}

TEST_F(DoctorAttachmentsTest, AYoungLeaseMayBeOfAnAddUnderWay) {
  lease("10.213.0.77", "coming", "now");
  EXPECT_EQ(diagnosis(), Diagnosis{});
}

TEST_F(DoctorAttachmentsTest, ManyLeakedLeasesAreCollectedAndTheLivingStay) {
  add_pod("web");
  for (int i = 0; i < 7; ++i) lease("10.213.0.9" + std::to_string(i), "gone" + std::to_string(i));
  const Said said = only("warning leases");
  EXPECT_EQ(
      said.message,
      "network \"doctor\" has leases of 7 attachments whose addresses no interface of this machine has");
  in_pod("web", "ping -c 1 -w 5 10.213.0.1");
  EXPECT_EQ(shown("web", "/state"), "running");
}

TEST_F(DoctorAttachmentsTest, LeasesOfANetworkThatNoFileDefines) {
  node_.sh(
      "mkdir -p /var/lib/cni/networks/old; printf 'gone\\r\\neth0' > /var/lib/cni/networks/old/10.213.9.5;"
      "touch -d '2 hours ago' /var/lib/cni/networks/old/10.213.9.5");
  expect_cured("warning leases");
  EXPECT_TRUE(holds("! -e /var/lib/cni/networks/old/10.213.9.5"));
}

TEST_F(DoctorAttachmentsTest, AForeignFileAmongTheLeases) {
  node_.sh(std::string("mkdir -p ") + kLeases + "/10.213.0.50");
  EXPECT_EQ(only("warning leases").message,
            std::string(kLeases) + "/10.213.0.50 is no lease, and nobody gets that address");
}

// The address must be on no interface of the machine, where other tests run pods of the network "doctor".
TEST_F(DoctorAttachmentsTest, APodThatLostItsInterfaceAndThenItsNetns) {
  const std::string subnet = "10.214." + std::to_string(::getpid() % 250);
  configure(
      "60-own.conflist",
      list_of(
          "own",
          R"("bridge": "dr1", "isGateway": true, "ipam": {"type": "host-local", "ranges": [[{"subnet": ")" +
              subnet + R"(.0/24"}]]})"));
  const Pod pod(node_, "p1");
  must({"cni", "add", "/run/net.d/60-own.conflist", "--netns", pod.netns(), "--id", "p1", "--plugin-dir",
        our_plugins()});
  node_.sh("touch -d '2 hours ago' /var/lib/cni/networks/own/10.*; ip link delete " +
           plan::host_veth_name({"own", "p1", "eth0"}));
  EXPECT_EQ(
      only("problem leases").message,
      "p1 (eth0) has lost its interface: no interface of this machine has its address " + subnet + ".2");
  node_.remove_netns(pod);
  expect_cured("warning leases");
  EXPECT_TRUE(holds("! -e /var/lib/cni/results/own-p1-eth0"));
}

TEST_F(DoctorAttachmentsTest, ALinkWhoseLeaseIsLost) {
  add_pod("web");
  const std::string file = std::string(kLeases) + "/10.213.0.2";
  const std::string before = node_.sh("cat " + file + " | od -c; stat -c %a " + file);
  node_.sh("rm " + file);
  EXPECT_NE(expect_cured("problem links").find("the lease of 10.213.0.2 is lost, though " + host_veth("web")),
            std::string::npos);
  EXPECT_EQ(node_.sh("cat " + file + " | od -c; stat -c %a " + file), before);
}

TEST_F(DoctorAttachmentsTest, ALinkThatIsLeftOver) {
  const Pod pod(node_, "p1");
  attach(pod);
  node_.sh("rm /var/lib/cni/results/* /var/lib/cni/networks/doctor/10.* /var/lib/cni/networks/doctor/fd*");
  EXPECT_NE(expect_cured("problem links").find("is left over: 10.213.0.2, fd13:d0c::2 is not leased"),
            std::string::npos);
  EXPECT_EQ(node_.sh("ip -o link show type veth | grep -c dr0 || :"), "0\n");
}

TEST_F(DoctorAttachmentsTest, AnAddressThatIsLeasedToAnother) {
  const Pod pod(node_, "p1");
  attach(pod);
  node_.sh(std::string("printf 'other\\r\\neth0' > ") + kLeases + "/10.213.0.2");
  EXPECT_NE(
      only("problem links").message.find("uses 10.213.0.2, which is leased to podwire:doctor/other/eth0"),
      std::string::npos);
}

TEST_F(DoctorAttachmentsTest, ALinkThatLeadsToNoPod) {
  const Pod pod(node_, "p1");
  attach(pod);
  const std::string alias = "podwire:doctor/p1/eth0=10.213.0.2/24,fd13:d0c::2/64";
  node_.sh("ip link delete " + plan_name(pod) +
           "; ip link add stray type veth peer name stray-peer; ip link set stray alias '" + alias + "'");
  const Said said = only("problem links");
  EXPECT_NE(said.message.find("the other end of stray (podwire:doctor/p1/eth0) is on this host"),
            std::string::npos);
  cure(said);
  EXPECT_FALSE(node_.run({"ip", "link", "show", "stray"}).ok());
}

TEST_F(DoctorAttachmentsTest, AFlushedRuleset) {
  add_pod("web");
  add_pod("db");
  node_.sh("nft flush ruleset");
  const std::vector<Said> all = bad();
  ASSERT_EQ(diagnosis(), (Diagnosis{"problem masquerade", "warning mac-guard", "warning mac-guard"}));
  EXPECT_NE(all.front().message.find("table inet podwire is missing or altered, and 2 pods"),
            std::string::npos);
  cure(all.front());
  EXPECT_EQ(diagnosis(), (Diagnosis{"warning mac-guard", "warning mac-guard"}));
  EXPECT_NE(node_.sh("nft list set inet podwire masq4").find("10.213.0.2"), std::string::npos);
  must({"pod", "rm", "web", "db"});
  add_pod("web");
  EXPECT_EQ(diagnosis(), Diagnosis{});
  // The MAC guard of the others comes back with their own ADD only; that is not told, since links do not say
  // it.
  EXPECT_EQ(diagnosis(), Diagnosis{});
}

TEST_F(DoctorAttachmentsTest, ADormantTable) {
  add_pod("web");
  node_.sh("nft add table inet podwire '{ flags dormant; }'");
  expect_cured("problem masquerade");
}

TEST_F(DoctorAttachmentsTest, AnAlteredChain) {
  add_pod("web");
  node_.sh("nft insert rule inet podwire postrouting return");
  expect_cured("problem masquerade");
}

TEST_F(DoctorAttachmentsTest, AnElementThatIsGone) {
  add_pod("web");
  const std::string before = node_.sh("nft list table inet podwire");
  node_.sh(
      "nft delete element inet podwire masq4 '{ 10.213.0.2 }'; nft delete element inet podwire masq6 '{ "
      "fd13:d0c::2 }'");
  EXPECT_EQ(expect_cured("problem masquerade"), "not masqueraded any more: 10.213.0.2, fd13:d0c::2");
  EXPECT_EQ(node_.sh("nft list table inet podwire"), before);
}

TEST_F(DoctorAttachmentsTest, AStaleElement) {
  add_pod("web");
  node_.sh("nft add element inet podwire masq4 '{ 10.213.0.66 comment \"podwire:doctor/gone/eth0\" }'");
  EXPECT_EQ(expect_cured("warning nft-elements"),
            "10.213.0.66 is still masqueraded for podwire:doctor/gone/eth0, whose link is gone");
}

TEST_F(DoctorAttachmentsTest, AStaleElementOfANetworkThatNoFileDefines) {
  add_pod("web");
  node_.sh(
      "nft add element inet podwire masq4 '{ 10.213.0.66 comment \"podwire:old/gone/eth0\" }';"
      "nft add element inet podwire masq6 '{ fd13:d0c::66 comment \"podwire:old/gone/eth0\" }'");
  expect_cured("warning nft-elements");
}

TEST_F(DoctorAttachmentsTest, AStaleMacGuard) {
  add_pod("web");
  node_.sh(
      "nft add element bridge podwire macguard_ports '{ \"vethgone\" comment \"podwire:doctor/gone/eth0\" "
      "}'");
  EXPECT_EQ(expect_cured("warning nft-elements"),
            "the MAC guard of podwire:doctor/gone/eth0 is left over: its link is gone");
}

TEST_F(DoctorAttachmentsTest, ADeadPod) {
  add_pod("web");
  const std::string holder = shown("web", "/holder");
  node_.sh("kill -9 " + holder);
  ASSERT_TRUE(wait_until([&] { return shown("web", "/state") == "dead"; }));
  EXPECT_EQ(expect_cured("warning pods"),
            "pod web is dead: its processes are gone, its network is still there");
}

TEST_F(DoctorAttachmentsTest, ADamagedPod) {
  node_.sh("mkdir -p -m 700 /run/podwire/pods/web; echo '{' > /run/podwire/pods/web/pod.json");
  EXPECT_EQ(expect_cured("warning pods"), "pod web is damaged");
}

TEST_F(DoctorAttachmentsTest, AnIncompletePodUnlessSomebodyIsAtWorkOnIt) {
  node_.sh("mkdir -p -m 700 /run/podwire/pods/web");
  EXPECT_EQ(only("warning pods").message, "pod web is incomplete");
  Process busy = [&] {
    const Inside inside(node_);
    return Process::start(
        {.argv = {"flock", "-o", "/run/podwire/pods/web", "sh", "-c", "echo > /run/locked; sleep 1000"}});
  }();
  ASSERT_TRUE(wait_until([&] { return holds("-e /run/locked"); }));
  EXPECT_EQ(diagnosis(), Diagnosis{});
}

}  // namespace
}  // namespace podwire::netns
