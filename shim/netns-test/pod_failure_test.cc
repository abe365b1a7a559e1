// Pods that go wrong: nothing is left behind, and everything can be removed.
#include <unistd.h>

#include <csignal>

#include "shim/netns-test/shim_node.h"
#include "shim/pod/holder.h"
#include "shim/pod/process.h"

namespace podwire::netns {
namespace {

/// A plugin that does what its verb's file in the folder says: /run/fake/ADD is a shell script.
constexpr std::string_view kFakePlugin = R"(#!/bin/sh
echo $CNI_COMMAND >> /run/fake/calls
[ ! -e /run/fake/$CNI_COMMAND ] || . /run/fake/$CNI_COMMAND
)";
constexpr std::string_view kFakeResult = R"(echo '{"cniVersion":"1.0.0"}')";

class PodFailureTest : public ShimTest {
 protected:
  PodFailureTest() {
    node_.write("/run/fake/bin/fake", kFakePlugin);
    node_.sh("chmod 755 /run/fake/bin/fake; mount -o remount,exec /run");
    node_.write("/run/lists/fake.conflist",
                R"({"cniVersion":"1.0.0","name":"fakenet","plugins":[{"type":"fake"}]})");
    node_.write("/run/fake/ADD", kFakeResult);
  }
  [[nodiscard]] static std::vector<std::string> add_fake(const std::string& name) {
    return {"pod", "add", name, "--net", "/run/lists/fake.conflist", "--plugin-dir", "/run/fake/bin"};
  }
  [[nodiscard]] std::string calls() const { return node_.sh("cat /run/fake/calls | tr '\\n' ' '"); }
};

TEST_F(PodFailureTest, AFailedAddIsUndoneAndExplained) {
  add("first", kTinyList);
  const Completed second = podwire(
      {"pod", "add", "second", "--net", kFullList, "--net", kTinyList, "--plugin-dir", kReferencePlugins});
  EXPECT_EQ(second.status, 1);
  EXPECT_EQ(second.out, "");
  EXPECT_TRUE(second.err.starts_with("error 999: plugin type=\"bridge\" name=\"tinynet\" failed (add): "))
      << second.err;
  EXPECT_NE(second.err.find("no IP addresses available"), std::string::npos) << second.err;
  EXPECT_EQ(must({"pod", "ls", "-q"}), "first\n");
  EXPECT_FALSE(holds("-e /var/lib/cni/networks/fullnet/10.77.0.2"));
  in_pod("first", "ip -4 -o addr show dev eth0 | grep -q 10.78.0.2/30");
  must({"pod", "rm", "first"});
  EXPECT_TRUE(no_pod_left());
}

TEST_F(PodFailureTest, WhatNoPluginDeclaresIsRefusedBeforeAnythingIsMade) {
  const Completed done = podwire({"pod", "add", "web", "--net", kTinyList, "--port", "8080:80"});
  EXPECT_EQ(done.status, 1);
  EXPECT_TRUE(
      done.err.starts_with("error 2: no plugin of network \"tinynet\" declares the capability "
                           "\"portMappings\" (wanted for 8080:80)"))
      << done.err;
  EXPECT_FALSE(holds("-e /run/podwire"));
}

TEST_F(PodFailureTest, ANameIsTakenOnce) {
  add("web", kFullList);
  const Completed again =
      podwire({"pod", "add", "web", "--net", kFullList, "--plugin-dir", kReferencePlugins});
  EXPECT_EQ(again.status, 1);
  EXPECT_EQ(again.err, "error 5: pod \"web\" exists already (podwire pod rm web)\n");
  EXPECT_EQ(shown("web", "/state"), "running");
}

TEST_F(PodFailureTest, RemovingTwiceSaysSo) {
  add("web", kFullList);
  must({"pod", "rm", "web"});
  EXPECT_TRUE(no_pod_left());
  const Completed again = podwire({"pod", "rm", "web"});
  EXPECT_EQ(again.status, 1);
  EXPECT_EQ(again.err, "web: error 3: no such pod: web\n");
}

TEST_F(PodFailureTest, RemovingKillsWhatRuns) {
  add("web", kFullList);
  Process running = start_in_pod("web", "trap '' TERM INT HUP; echo > /run/podwire/volume/up; sleep 1000");
  ASSERT_TRUE(wait_until([&] { return holds("-e /run/podwire/pods/web/volume/up"); }));
  must({"pod", "rm", "web"});
  EXPECT_EQ(running.wait().status, 128 + SIGKILL);
  EXPECT_TRUE(no_pod_left());
}

TEST_F(PodFailureTest, APodWithoutHolderCanBeRemoved) {
  add("web", kFullList);
  node_.sh("kill -9 " + shown("web", "/holder"));
  EXPECT_TRUE(wait_until([&] { return shown("web", "/state") == "dead"; }));
  const Completed exec = podwire({"pod", "exec", "web", "--", "true"});
  EXPECT_EQ(exec.status, 125);
  EXPECT_NE(exec.err.find("pod \"web\" is not running"), std::string::npos) << exec.err;
  must({"pod", "rm", "web"});
  EXPECT_TRUE(no_pod_left());
}

TEST_F(PodFailureTest, APodWithoutNetnsCanBeRemoved) {
  add("web", kFullList);
  node_.sh("kill -9 " + shown("web", "/holder") +
           "; umount /run/podwire/pods/web/ns/net; rm /run/podwire/pods/web/ns/net");
  must({"pod", "rm", "web"});
  EXPECT_TRUE(wait_until([&] { return static_cast<bool>(no_pod_left()); })) << no_pod_left().message();
}

TEST_F(PodFailureTest, DelGetsNoNetnsWhenThereIsNone) {
  // What is left is a plain file, as after a crash of whoever made the mount.
  must(add_fake("web"));
  node_.write("/run/fake/DEL", "echo \"netns=$CNI_NETNS\" > /run/fake/netns");
  node_.sh("umount /run/podwire/pods/web/ns/net");
  must({"pod", "rm", "web"});
  EXPECT_EQ(node_.sh("cat /run/fake/netns"), "netns=\n");
}

TEST_F(PodFailureTest, AHolderThatNobodyRecordedExits) {
  const Inside inside(node_);
  pod::ProcessId process;
  {
    const auto holder = pod::Holder::start("web");
    ASSERT_TRUE(holder.has_value()) << holder.error().msg;
    process = holder->process();
    EXPECT_TRUE(pod::is_alive(process));
  }
  EXPECT_TRUE(wait_until([&] { return !pod::is_alive(process); }));
  EXPECT_TRUE(pod::kill_and_wait(process).has_value());
}

TEST_F(PodFailureTest, APodKilledInItsAddCanBeRemoved) {
  // ADD hangs, podwire is killed: the plugin dies with it, the pod stays half-made.
  node_.write("/run/fake/ADD", "exec sleep 1000");
  {
    const Inside inside(node_);
    Process adding = Process::start(command(add_fake("web")));
    ASSERT_TRUE(wait_until([&] { return access("/run/fake/calls", F_OK) == 0; }));
  }  // SIGKILL
  EXPECT_EQ(shown("web", "/state"), "incomplete");
  must({"pod", "rm", "web"});
  EXPECT_EQ(calls(), "ADD DEL ");
  EXPECT_TRUE(no_pod_left());
}

TEST_F(PodFailureTest, ADirectoryAndNothingElseCanBeRemoved) {
  node_.sh("mkdir -p /run/podwire/pods/web");
  EXPECT_EQ(shown("web", "/state"), "incomplete");
  must({"pod", "rm", "web"});
  EXPECT_TRUE(no_pod_left());
}

TEST_F(PodFailureTest, AFailedDelKeepsThePodUnlessForced) {
  must(add_fake("web"));
  node_.write("/run/fake/DEL", R"(echo '{"code":11,"msg":"not now"}'; exit 1)");
  const Completed removed = podwire({"pod", "rm", "web"});
  EXPECT_EQ(removed.status, 1);
  EXPECT_EQ(removed.err, "web: error 11: plugin type=\"fake\" name=\"fakenet\" failed (delete): not now\n");
  EXPECT_EQ(shown("web", "/state"), "dead");
  EXPECT_EQ(podwire({"pod", "rm", "web", "--force"}).status, 1);
  EXPECT_FALSE(holds("-e /run/podwire/pods/web"));
}

TEST_F(PodFailureTest, AnUndoThatFailsIsReportedAndCanBeRepeated) {
  node_.write("/run/fake/ADD", R"(echo '{"code":104,"msg":"full","details":"set 0"}'; exit 1)");
  node_.write("/run/fake/DEL", R"(echo '{"code":11,"msg":"not now"}'; exit 1)");
  const Completed added = podwire(add_fake("web"));
  EXPECT_EQ(
      added.err,
      "error 104: plugin type=\"fake\" name=\"fakenet\" failed (add): full (set 0; undoing it failed: plugin "
      "type=\"fake\" name=\"fakenet\" failed (delete): not now; podwire pod rm web tries again)\n");
  node_.write("/run/fake/DEL", "");
  must({"pod", "rm", "web"});
  EXPECT_TRUE(no_pod_left());
}

TEST_F(PodFailureTest, DamagedStateIsShownAndRemovedByForce) {
  must(add_fake("web"));
  const std::string holder = shown("web", "/holder");
  node_.write("/run/podwire/pods/web/pod.json", "{");
  EXPECT_NE(must({"pod", "ls"}).find("damaged"), std::string::npos);
  EXPECT_EQ(podwire({"pod", "rm", "web"}).status, 1);
  must({"pod", "rm", "web", "--force"});
  EXPECT_FALSE(holds("-e /run/podwire/pods/web"));
  node_.sh("kill -9 " + holder);
}

TEST_F(PodFailureTest, AMountInsideTheVolumeIsNotRemovedByMistake) {
  must(add_fake("web"));
  node_.sh(
      "mkdir /run/podwire/pods/web/volume/data /run/precious; echo x > /run/precious/file;"
      "mount --bind /run/precious /run/podwire/pods/web/volume/data");
  const Completed removed = podwire({"pod", "rm", "web"});
  EXPECT_NE(removed.err.find("something is mounted at /run/podwire/pods/web/volume/data"), std::string::npos)
      << removed.err;
  EXPECT_TRUE(holds("-e /run/precious/file"));
  node_.sh("umount /run/podwire/pods/web/volume/data");
  must({"pod", "rm", "web"});
  EXPECT_TRUE(holds("-e /run/precious/file"));
}

TEST_F(PodFailureTest, WithoutRootItSaysSo) {
  node_.sh("cp " + our_plugins() + "/podwire /run/fake/bin/podwire");
  const Completed done =
      node_.run({"setpriv", "--reuid=65534", "--clear-groups", "/run/fake/bin/podwire", "pod", "ls"});
  EXPECT_EQ(done.status, 1);
  EXPECT_EQ(done.err,
            "error 4: podwire pod ls needs root: it works on network namespaces (run it with sudo)\n");
}

TEST_F(PodFailureTest, CommandsRunWhileOtherPodsAreRemoved) {
  add("web", kFullList);
  const std::string shim = our_plugins() + "/podwire";
  Process others = [&] {
    const Inside inside(node_);
    return Process::start({.argv = {"sh", "-ec",
                                    "while [ ! -e /run/stop ]; do " + shim + " pod add other --net " +
                                        kTinyList + " --plugin-dir " + kReferencePlugins + " >/dev/null; " +
                                        shim + " pod rm other; done"}});
  }();
  for (int i = 0; i < 100; ++i) in_pod("web", "true");
  node_.sh(": > /run/stop");
  const Completed done = others.wait();
  EXPECT_TRUE(done.ok()) << done.err;
}

TEST_F(PodFailureTest, PodsAreMadeInParallel) {
  std::vector<Process> adding;
  {
    const Inside inside(node_);
    for (const char* name : {"a", "b", "c", "d", "e", "f"}) {
      adding.push_back(Process::start(
          command({"pod", "add", name, "--net", kFullList, "--plugin-dir", kReferencePlugins})));
    }
  }
  for (Process& process : adding) {
    const Completed done = process.wait();
    EXPECT_TRUE(done.ok()) << done.err;
  }
  EXPECT_EQ(must({"pod", "ls", "-q"}), "a\nb\nc\nd\ne\nf\n");
  must({"pod", "rm", "a", "b", "c", "d", "e", "f"});
  EXPECT_TRUE(no_pod_left());
}

}  // namespace
}  // namespace podwire::netns
