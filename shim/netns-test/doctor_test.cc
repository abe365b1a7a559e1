// podwire doctor on a node where all is well, and what it says of the machine as a whole.
#include <algorithm>

#include "netns-test/snapshot.h"
#include "shim/netns-test/doctor_node.h"

namespace podwire::netns {
namespace {

TEST_F(DoctorTest, FindsNothingOnAFreshNode) {
  EXPECT_EQ(diagnosis(), Diagnosis{});
}

TEST_F(DoctorTest, FindsNothingWhereAllIsWell) {
  add_pod("web");
  add_pod("db");
  // Attached without podwire's pods, with the results in the usual cache, and in one that nobody else knows.
  const Pod plain(node_, "plain");
  const Pod elsewhere(node_, "elsewhere");
  must({"cni", "add", kNetwork, "--netns", plain.netns(), "--id", "plain", "--plugin-dir", our_plugins()});
  must({"cni", "add", kNetwork, "--netns", elsewhere.netns(), "--id", "elsewhere", "--plugin-dir",
        our_plugins(), "--cache-dir", "/run/elsewhere"});
  EXPECT_EQ(diagnosis(), Diagnosis{});
}

// The reference plugins share the pool: their pods have leases, but no link with podwire's tag.
TEST_F(DoctorTest, DoesNotTakeOtherPluginsPodsForLeftovers) {
  add_pod("web");
  const Pod theirs(node_, "theirs");
  node_.write(
      "/run/theirs.conflist",
      R"({"cniVersion": "1.0.0", "name": "doctor", "plugins": [{"type": "bridge", "bridge": "dr0", "isGateway": true,
                  "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.213.0.0/24"}]]}}]})");
  must({"cni", "add", "/run/theirs.conflist", "--netns", theirs.netns(), "--id", "theirs", "--plugin-dir",
        kReferencePlugins, "--cache-dir", "/run/elsewhere"});
  node_.sh("touch -d '2 hours ago' /var/lib/cni/networks/doctor/10.*");
  EXPECT_EQ(diagnosis(), Diagnosis{});
}

// ADD and DEL leave half of an attachment for moments.
TEST_F(DoctorTest, DoesNotTakeWorkUnderWayForLeftovers) {
  add_pod("web");
  const std::string podwire = our_plugins() + "/podwire";
  const auto repeat = [&](const std::string& work) {
    const Inside inside(node_);
    return Process::start({.argv = {"sh", "-c", "while [ ! -e /run/stop ]; do " + work + "; done"}});
  };
  const auto come_and_go = [&](const std::string& name) {
    return podwire + " pod add " + name + " --net " + kNetwork + " --plugin-dir " + our_plugins() +
           " >/dev/null && " + podwire + " pod rm " + name + " && echo >> /run/rounds";
  };
  std::vector<Process> busy;
  busy.push_back(repeat(come_and_go("a")));
  busy.push_back(repeat(come_and_go("b")));
  busy.push_back(repeat(podwire + " pod exec web -- true"));
  ASSERT_TRUE(wait_until([&] { return holds("-e /run/rounds"); }));
  for (int i = 0; i < 8; ++i) {
    for (const Said& said : bad())
      ADD_FAILURE() << said.severity << " " << said.check << ": " << said.message;
  }
  node_.sh(": > /run/stop");
  for (Process& process : busy) {
    const Completed done = process.wait();
    EXPECT_EQ(done.status, 0) << done.err;
  }
  EXPECT_GT(std::stoi(node_.sh("wc -l < /run/rounds")), 4);
}

TEST_F(DoctorTest, ChangesNothing) {
  add_pod("web");
  node_.sh("nft flush ruleset; iptables-nft -P FORWARD DROP; rm /var/lib/cni/networks/doctor/10.213.0.2");
  const auto before = snapshot(node_);
  const std::string pod_before = in_pod("web", "ip -d address; ip route");
  EXPECT_FALSE(bad().empty());
  EXPECT_TRUE(unchanged(before, snapshot(node_)));
  EXPECT_EQ(in_pod("web", "ip -d address; ip route"), pod_before);
}

TEST_F(DoctorTest, PrintsFixesAndCounts) {
  node_.sh("sysctl -qw net.ipv4.ip_forward=1");
  add_pod("web");
  node_.sh("sysctl -qw net.ipv4.ip_forward=0");
  const Completed done = podwire(doctor());
  EXPECT_EQ(done.status, 1);
  EXPECT_NE(
      done.out.find(
          "  problem  forwarding        net.ipv4.ip_forward is 0: nothing is routed for the 1 pod on dr0\n"
          "                             fix: sysctl -w net.ipv4.ip_forward=1\n"),
      std::string::npos)
      << done.out;
  EXPECT_TRUE(done.out.starts_with("kernel\n  ok       kernel-version    Linux ")) << done.out;
  EXPECT_TRUE(done.out.ends_with("\n1 problem.\n")) << done.out;
  const Completed quiet = podwire(doctor({"--quiet"}));
  EXPECT_TRUE(quiet.out.starts_with("sysctls\n  problem  forwarding")) << quiet.out;
  node_.sh("sysctl -qw net.ipv4.ip_forward=1");
  EXPECT_EQ(must(doctor({"--quiet"})), "");
}

TEST_F(DoctorTest, SaysWhatItCannotCheckWithoutRoot) {
  add_pod("web");
  node_.sh("mkdir /run/bin; mount -o remount,exec /run; cp " + our_plugins() + "/* /run/bin");
  const Completed done = node_.run({"setpriv", "--reuid=65534", "--clear-groups", "/run/bin/podwire",
                                    "doctor", "--conf-dir", kNetworks, "--json"});
  EXPECT_EQ(done.status, 0) << done.out << done.err;
  const Json report = Json::parse(done.out).value_or(Json());
  EXPECT_EQ(at(report.view(), "/problems") + at(report.view(), "/warnings"), "00") << done.out;
  for (const char* check : {"kernel-features", "links", "pools", "leases", "masquerade", "nft-elements",
                            "pods", "forward-filter"}) {
    const auto array = report.view().find("findings")->elements().value();
    EXPECT_TRUE(std::ranges::any_of(array,
                                    [&](const JsonView& finding) {
                                      return at(finding, "/check") == check &&
                                             at(finding, "/severity") == "skipped";
                                    }))
        << check << done.out;
  }
}

}  // namespace
}  // namespace podwire::netns
