// Sixty-four attachments at once on a node that has never seen a pod: nothing fails, nothing is shared by
// mistake, and nothing stays.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <deque>
#include <set>

#include "netns-test/cni.h"
#include "netns-test/node.h"
#include "netns-test/snapshot.h"
#include "netns-test/traffic.h"

namespace podwire::netns {
namespace {

constexpr int kPods = 64;

class Concurrency : public testing::Test {
 protected:
  Concurrency() {
    for (int i = 0; i < kPods; ++i) pods_.emplace_back(node_, fmt::format("pod{}", i));
  }

  std::vector<Reply> all_at_once(const char* verb, const std::string& conf) {
    const Inside inside(node_);
    std::vector<Process> running;
    for (const Pod& pod : pods_) {
      running.push_back(
          Process::start(command_of({.verb = verb, .conf = conf, .id = pod.name(), .netns = pod.netns()})));
    }
    std::vector<Reply> replies;
    for (Process& process : running) replies.push_back(reply_of(process.wait()));
    return replies;
  }

  Node node_;
  std::deque<Pod> pods_;
};

TEST_F(Concurrency, SixtyFourAddsThenSixtyFourDels) {
  const std::string conf =
      bridge_conf("1.1.0", R"("isDefaultGateway":true,"ipMasq":true,"macspoofchk":true,)" +
                               ipam({"10.1.2.0/24", "fd00:1::/64"}));
  std::set<std::string> addresses;
  std::set<std::string> bridge_macs;
  const std::vector<Reply> added = all_at_once("ADD", conf);
  for (const Reply& reply : added) {
    ASSERT_TRUE(succeeds(reply));
    addresses.insert(reply.at("/ips/0/address"));
    addresses.insert(reply.at("/ips/1/address"));
    bridge_macs.insert(reply.at("/interfaces/0/mac"));
  }
  EXPECT_EQ(addresses.size(), 2U * kPods);
  EXPECT_EQ(bridge_macs.size(), 1U) << "every result names the bridge's real MAC";
  EXPECT_EQ(node_.sh("ip -o link show type bridge | wc -l; ip -o link show master br0 | wc -l"),
            fmt::format("1\n{}\n", kPods));
  EXPECT_NE(node_.sh("ip -o link show br0").find(*bridge_macs.begin()), std::string::npos);
  const std::string last = added.back().at("/ips/0/address");
  EXPECT_TRUE(ping(pods_.front(), last.substr(0, last.find('/'))));

  for (const Reply& reply : all_at_once("DEL", conf)) EXPECT_TRUE(succeeds(reply));
  EXPECT_EQ(node_.sh("ip -o link show type veth; ip -o link show master br0"), "");
  EXPECT_EQ(lines_with(snapshot(node_), "file /var/lib/cni/networks/").size(), 0U);
  EXPECT_EQ(owned_elements(node_), "");
}

TEST_F(Concurrency, APoolOfTenServesTenOfSixtyFour) {
  const std::string conf = bridge_conf(
      "1.1.0",
      R"("isGateway":true,"ipam":{"type":"host-local","subnet":"10.1.2.0/24","rangeStart":"10.1.2.10","rangeEnd":"10.1.2.19"})");
  std::set<std::string> addresses;
  for (const Reply& reply : all_at_once("ADD", conf)) {
    if (reply.ok()) {
      addresses.insert(reply.at("/ips/0/address"));
    } else {
      EXPECT_TRUE(fails_with(reply, Code::kPoolExhausted, "no IP addresses available in range set"));
    }
  }
  EXPECT_EQ(addresses.size(), 10U);
  EXPECT_EQ(node_.sh("ip -o link show master br0 | wc -l"), "10\n") << "the others were rolled back";
}

TEST_F(Concurrency, AddsAndDelsOfOtherPodsDoNotDisturbEachOther) {
  const std::string conf = bridge_conf("1.1.0", R"("isGateway":true,"ipMasq":true,)" + ipam({"10.1.2.0/24"}));
  const std::size_t half = pods_.size() / 2;
  const auto call = [&](std::size_t i, const char* verb) {
    return command_of({.verb = verb, .conf = conf, .id = pods_[i].name(), .netns = pods_[i].netns()});
  };
  const Inside inside(node_);
  for (std::size_t i = 0; i < half; ++i) ASSERT_TRUE(succeeds(reply_of(netns::run(call(i, "ADD")))));
  std::vector<Process> running;
  for (std::size_t i = 0; i < half; ++i) {
    running.push_back(Process::start(call(i, "DEL")));
    running.push_back(Process::start(call(half + i, "ADD")));
  }
  for (Process& process : running) EXPECT_TRUE(succeeds(reply_of(process.wait())));
  const Completed ports = netns::run({.argv = {"sh", "-c", "ip -o link show master br0 | wc -l"}});
  EXPECT_EQ(ports.out, fmt::format("{}\n", half));
}

}  // namespace
}  // namespace podwire::netns
