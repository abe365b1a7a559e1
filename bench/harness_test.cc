#include "bench/harness.h"

#include <gtest/gtest.h>

#include <filesystem>
#include <stdexcept>

namespace podwire::bench {
namespace {

Outcome outcome(int milliseconds, int status = 0) {
  return {.duration = std::chrono::milliseconds(milliseconds), .status = status, .out = "said", .err = ""};
}

TEST(Harness, APeerIsANameAndADirectory) {
  const Peer peer = parse_peer("other=/opt/cni/bin");
  EXPECT_EQ(peer.name, "other");
  EXPECT_EQ(peer.directory, "/opt/cni/bin");
  EXPECT_FALSE(peer.is_limit);
  EXPECT_EQ(parse_peer("a=b=c").directory.substr(parse_peer("a=b=c").directory.rfind('/')), "/b=c");
  EXPECT_TRUE(parse_peer("here=plugins").directory.starts_with('/'))
      << "a node has another working directory";
  for (const char* wrong : {"", "name", "name=", "=/dir"}) {
    EXPECT_THROW((void)parse_peer(wrong), std::invalid_argument) << wrong;
  }
}

TEST(Harness, PeersAreComparedWithOurs) {
  const std::vector<Peer> peers = peers_with("bridge", {}, true);
  ASSERT_EQ(peers.size(), 3U);
  EXPECT_EQ(peers[0].name, kOurs);
  EXPECT_EQ(peers[1].name, "reference");
  EXPECT_TRUE(peers[2].is_limit);
  EXPECT_EQ(peers_with("bridge", {"other=/usr/lib/cni"}, false)[1].name, "other");
}

TEST(Harness, PeersAreInstalledForAsLongAsTheyAreUsed) {
  Peer peer = install({.name = "reference", .directory = "/usr/lib/cni"});
  const std::filesystem::path directory = peer.directory;
  EXPECT_NE(directory, "/usr/lib/cni");
  EXPECT_EQ(std::filesystem::file_size(directory / "bridge"), std::filesystem::file_size("/usr/lib/cni/bridge"));
  EXPECT_TRUE(std::filesystem::exists(directory / "host-local"));
  peer = {};
  EXPECT_FALSE(std::filesystem::exists(directory));
}

TEST(Harness, APeerWithoutThePluginIsRefused) {
  EXPECT_THROW((void)peers_with("bridge", {"empty=/nonexistent"}, true), std::invalid_argument);
  EXPECT_THROW((void)peers_with("no-such-plugin", {}, true), std::invalid_argument);
}

TEST(Harness, TwoPeersOfOneNameAreRefused) {
  for (const char* taken : {"podwire=/usr/lib/cni", "limit=/usr/lib/cni"}) {
    EXPECT_THROW((void)peers_with("bridge", {taken}, true), std::invalid_argument) << taken;
  }
}

TEST(Harness, ANetworkIsAConfigurationOfEveryBridgePlugin) {
  const Network network{.families = Families::kDual, .masquerade = true};
  const Json conf = Json::parse(network.conf(R"({"ips":[]})")).value();
  EXPECT_EQ(conf.view().find("type")->string(), "bridge");
  EXPECT_EQ(conf.view().find("ipMasq")->boolean(), true);
  EXPECT_EQ(conf.view().find("ipam")->find("ranges")->elements()->size(), 2U);
  EXPECT_TRUE(conf.view().find("prevResult")->is_object());
  EXPECT_EQ(network.text(), "dual stack, ipMasq");
}

TEST(Harness, IPv4AloneHasOneRangeAndNoPreviousResult) {
  const Json conf = Json::parse(Network{}.conf()).value();
  EXPECT_EQ(conf.view().find("ipMasq")->boolean(), false);
  EXPECT_EQ(conf.view().find("ipam")->find("ranges")->elements()->size(), 1U);
  EXPECT_FALSE(conf.view().find("prevResult"));
  EXPECT_EQ(Network{}.text(), "IPv4, no ipMasq");
}

TEST(Harness, FailedCallsAreCountedAndNotTimed) {
  Series series;
  series.add(outcome(10));
  series.add(outcome(1, 1));
  series.add(outcome(20));
  EXPECT_TRUE(series.failed());
  testing::internal::CaptureStderr();
  const Row row = series.row("serial", "ADD", "other");
  EXPECT_NE(testing::internal::GetCapturedStderr().find("exit status 1: said"), std::string::npos);
  EXPECT_EQ(row.failures, 1U);
  EXPECT_EQ(row.time.count, 2U);
  EXPECT_EQ(row.time.min, std::chrono::milliseconds(10));
}

TEST(Harness, AFilterIsAPartOfTheHeading) {
  const CommonOptions options{.filter = "dual stack"};
  EXPECT_TRUE(options.wants("serial, dual stack, ipMasq"));
  EXPECT_FALSE(options.wants("serial, IPv4, ipMasq"));
  EXPECT_TRUE(CommonOptions{}.wants("anything"));
}

}  // namespace
}  // namespace podwire::bench
