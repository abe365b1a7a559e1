// Pods that work: what they share, what they show, what they reach.
#include <unistd.h>

#include <csignal>

#include "shim/netns-test/shim_node.h"

namespace podwire::netns {
namespace {

TEST_F(ShimTest, APodHasTheAddressThatItsResultSays) {
  add("web", kFullList);
  EXPECT_EQ(shown("web", "/state"), "running");
  EXPECT_EQ(shown("web", "/networks/0/ips/0"), "10.77.0.2/24");
  const std::string mac = shown("web", "/networks/0/mac");
  EXPECT_EQ(in_pod("web", "cat /sys/class/net/eth0/address"), mac + "\n");
  EXPECT_NE(in_pod("web", "ip -4 -o addr show dev eth0").find(" 10.77.0.2/24 "), std::string::npos);
  EXPECT_NE(in_pod("web", "ip -4 -o addr show dev lo up").find(" 127.0.0.1/8 "), std::string::npos);
  EXPECT_EQ(in_pod("web", "hostname"), "web\n");
  EXPECT_EQ(in_pod("web", "cat /etc/resolv.conf"), "nameserver 10.77.0.53\nsearch pod.test\n");
}

TEST_F(ShimTest, TheNodeKeepsItsOwnNameAndFiles) {
  const std::string before = node_.sh("hostname; cat /etc/resolv.conf; ls /dev/shm");
  add("web", kFullList);
  in_pod("web", "hostname; echo x > /dev/shm/podwire-test; echo x > /run/podwire/volume/x");
  EXPECT_EQ(node_.sh("hostname; cat /etc/resolv.conf; ls /dev/shm"), before);
  EXPECT_EQ(in_pod("web", "ls /run/podwire"), "volume\n");  // other pods' state is not for a pod to see
}

TEST_F(ShimTest, ACommandHoldsNoOtherPodsNamespaces) {
  add("a", kFullList);
  add("b", kFullList);
  EXPECT_EQ(in_pod("a", "grep -c ' /run/podwire/pods/' /proc/self/mountinfo || :"), "0\n");
}

TEST_F(ShimTest, ContainersOfAPodShareWhatAPodShares) {
  add("web", kFullList);
  Process sleeper = start_in_pod("web", "ipcmk -M 4096 >/dev/null; echo up > /dev/shm/up; exec sleep 1000");
  ASSERT_TRUE(
      wait_until([&] { return podwire({"pod", "exec", "web", "--", "test", "-e", "/dev/shm/up"}).ok(); }));
  EXPECT_NE(in_pod("web", "ps -e -o comm").find("sleep"), std::string::npos);
  EXPECT_NE(in_pod("web", "ipcs -m").find("4096"), std::string::npos);
  EXPECT_EQ(node_.sh("ipcs -m").find("4096"), std::string::npos);
  in_pod("web", "echo shared > /run/podwire/volume/file");
  EXPECT_EQ(in_pod("web", "cat /run/podwire/volume/file"), "shared\n");
}

TEST_F(ShimTest, ContainersOfAPodMeetOnLocalhostAndOutliveEachOther) {
  add("web", kFullList);
  const std::string before = in_pod("web", "ip -o addr show dev eth0; cat /sys/class/net/eth0/address");
  for (const char* life : {"first", "second"}) {
    Process server = start_in_pod("web", std::string("echo ") + life +
                                             " > /run/podwire/volume/index.html;"
                                             "exec busybox httpd -f -p 127.0.0.1:80 -h /run/podwire/volume");
    std::string answer;
    ASSERT_TRUE(wait_until([&] {
      const Completed got =
          podwire({"pod", "exec", "web", "--", "busybox", "wget", "-qO-", "http://127.0.0.1/"});
      answer = got.out;
      return got.ok();
    }));
    EXPECT_EQ(answer, std::string(life) + "\n");
    in_pod("web", "kill $(pidof busybox)");
    EXPECT_EQ(server.wait().status, 128 + SIGTERM);
  }
  EXPECT_EQ(in_pod("web", "ip -o addr show dev eth0; cat /sys/class/net/eth0/address"), before);
}

TEST_F(ShimTest, PodsReachEachOtherAndArePublishedToTheOutside) {
  const Outside outside(node_);
  node_.sh("sysctl -qw net.ipv4.ip_forward=1");
  add("web", kFullList, {"--port", "8080:80"});
  add("client", kFullList);
  Process server = start_in_pod("web",
                                "echo hello > /run/podwire/volume/index.html;"
                                "exec busybox httpd -f -p 80 -h /run/podwire/volume");
  ASSERT_TRUE(wait_until([&] {
    return podwire({"pod", "exec", "client", "--", "busybox", "wget", "-qO-", "http://10.77.0.2/"}).out ==
           "hello\n";
  }));
  EXPECT_EQ(outside.sh("busybox wget -qO- http://192.0.2.1:8080/"), "hello\n");
  EXPECT_EQ(shown("web", "/networks/0/ports/0"), "8080:80/tcp");
}

TEST_F(ShimTest, AddressAndMacAsAskedFor) {
  add("db", kFullList, {"--ip", "10.77.0.99", "--mac", "02:00:00:00:00:99"});
  EXPECT_EQ(shown("db", "/networks/0/ips"), R"(["10.77.0.99/24"])");
  EXPECT_EQ(in_pod("db", "cat /sys/class/net/eth0/address"), "02:00:00:00:00:99\n");
}

TEST_F(ShimTest, SeveralNetworksAreSeveralInterfaces) {
  add("gw", kTinyList, {"--net", kFullList, "--ip", "eth1=10.77.0.7", "--mac", "02:00:00:00:00:07"});
  EXPECT_EQ(shown("gw", "/networks/0/ifname") + shown("gw", "/networks/0/ips/0"), "eth010.78.0.2/30");
  EXPECT_EQ(shown("gw", "/networks/1/ifname") + shown("gw", "/networks/1/ips/0"), "eth110.77.0.7/24");
  EXPECT_EQ(in_pod("gw", "cat /sys/class/net/eth1/address"), "02:00:00:00:00:07\n");
  must({"pod", "rm", "gw"});
  EXPECT_TRUE(no_pod_left());
}

TEST_F(ShimTest, ListsPods) {
  EXPECT_EQ(must({"pod", "ls", "--json"}), "[]\n");
  add("b", kFullList);
  add("a", kFullList, {"--port", "81:81/udp"});
  EXPECT_EQ(must({"pod", "ls", "-q"}), "a\nb\n");
  const Json listed = Json::parse(must({"pod", "ls", "--json"})).value();
  EXPECT_EQ(at(listed.view(), "/0/name") + at(listed.view(), "/1/name"), "ab");
  EXPECT_EQ(at(listed.view(), "/1/networks/0/ips/0"), "10.77.0.2/24");
  const std::string table = must({"pod", "ls"});
  EXPECT_NE(table.find("a     running  fullnet   10.77.0.3/24  81:81/udp"), std::string::npos) << table;
}

TEST_F(ShimTest, AnotherRunDirectoryIsAnotherSetOfPods) {
  add("web", kFullList, {"--run-dir", "/run/other"});
  EXPECT_EQ(must({"pod", "ls", "-q"}), "");
  EXPECT_EQ(must({"pod", "ls", "-q", "--run-dir", "/run/other"}), "web\n");
  EXPECT_EQ(must({"pod", "exec", "web", "--run-dir", "/run/other", "--", "ls", "/run/podwire"}), "volume\n");
  must({"pod", "rm", "web", "--run-dir", "/run/other"});
  EXPECT_FALSE(holds("-e /run/other/pods/web"));
}

TEST_F(ShimTest, ExecHandsOnStatusInputAndSignals) {
  add("web", kFullList);
  EXPECT_EQ(podwire({"pod", "exec", "web", "--", "sh", "-c", "exit 7"}).status, 7);
  EXPECT_EQ(podwire({"pod", "exec", "web", "--", "sh", "-c", "kill -9 $$"}).status, 128 + SIGKILL);
  EXPECT_EQ(podwire({"pod", "exec", "web", "--", "no-such-command"}).status, 127);
  EXPECT_EQ(podwire({"pod", "exec", "web", "--", "/etc/passwd"}).status, 126);
  EXPECT_EQ(podwire({"pod", "exec", "none", "--", "true"}).status, 125);
  Command cat = command({"pod", "exec", "web", "--", "cat"});
  cat.input = "through";
  EXPECT_EQ(node_.run(cat).out, "through");

  Process trapping =
      start_in_pod("web", "trap 'exit 42' TERM; echo > /run/podwire/volume/up; sleep 1000 & wait");
  ASSERT_TRUE(wait_until([&] { return holds("-e /run/podwire/pods/web/volume/up"); }));
  ASSERT_EQ(::kill(trapping.pid(), SIGTERM), 0);
  EXPECT_EQ(trapping.wait().status, 42);
}

TEST_F(ShimTest, OrphansAreReaped) {
  add("web", kFullList);
  // The shell ends at once; its child, then ours no more, ends when the FIFO says so.
  in_pod("web", "mkfifo /run/podwire/volume/go; (read x < /run/podwire/volume/go) >/dev/null 2>&1 &");
  in_pod("web", "echo > /run/podwire/volume/go");
  EXPECT_TRUE(wait_until([&] { return in_pod("web", "ps -e -o stat= | grep -c Z || :") == "0\n"; }));
  EXPECT_EQ(in_pod("web", "ps -p 1 -o comm="), "podwire-holder\n");
}

}  // namespace
}  // namespace podwire::netns
