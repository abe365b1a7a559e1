// DEL always succeeds and leaves nothing (checklist DEL-8): CNI_NETNS in every state, prevResult in every
// state, and whatever happened before. "Nothing" means: the node looks as it did when it had seen another pod
// come and go.

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <net/if.h>
#include <signal.h>

#include <algorithm>

#include "netns-test/cni.h"
#include "netns-test/node.h"
#include "netns-test/snapshot.h"

namespace podwire::netns {
namespace {

enum class Netns { kValid, kUnset, kEmpty, kMissing, kRegularFile, kOwn };
enum class Prev { kPresent, kAbsent, kOtherVersion };
enum class History { kNever, kAdded, kHalfAdded, kDeleted };

using Row = std::tuple<Netns, Prev, History>;

constexpr const char* kPrevWhenNeverAdded =
    R"({"cniVersion":"1.1.0","interfaces":[{"name":"br0"},{"name":"veth0123456789a"},)"
    R"({"name":"eth0","sandbox":"/run/netns/pod1"}],"ips":[{"address":"10.1.2.2/24","interface":2}]})";

std::string row_name(const testing::TestParamInfo<Row>& info) {
  constexpr std::array netns{"Valid", "Unset", "Empty", "Missing", "RegularFile", "Own"};
  constexpr std::array prev{"Prev", "NoPrev", "PrevOfOtherVersion"};
  constexpr std::array history{"NeverAdded", "Added", "HalfAdded", "Deleted"};
  return fmt::format("Netns{}_{}_{}", netns.at(static_cast<std::size_t>(std::get<0>(info.param))),
                     prev.at(static_cast<std::size_t>(std::get<1>(info.param))),
                     history.at(static_cast<std::size_t>(std::get<2>(info.param))));
}

class DelMatrix : public testing::TestWithParam<Row> {
 protected:
  [[nodiscard]] static std::string conf() {
    return bridge_conf("1.1.0", R"("isDefaultGateway":true,"ipMasq":true,"macspoofchk":true,)" +
                                    ipam({"10.1.2.0/24", "fd00:1::/64"}));
  }
  [[nodiscard]] Call call(const char* verb, const std::string& configuration) const {
    return {.verb = verb, .conf = configuration, .id = "pod1", .netns = pod_.netns()};
  }

  /// Shared objects (bridge, gateway, nft table) exist from here on, as on any node that has run a pod.
  void warm_up() const {
    const Pod other(node_, "other");
    Call add{.conf = conf(), .id = "other", .netns = other.netns()};
    ASSERT_TRUE(succeeds(exec(node_, add)));
    add.verb = "DEL";
    ASSERT_TRUE(succeeds(exec(node_, add)));
    node_.remove_netns(other);
  }

  /// An ADD that is killed as soon as its link is in the pod: routes, elements and the result are yet to
  /// come.
  void half_add() const {
    Process running = [&] {
      const Inside inside(node_);
      return Process::start(command_of(call("ADD", conf())));
    }();
    {
      const Inside inside(pod_);
      const auto end = std::chrono::steady_clock::now() + std::chrono::seconds(5);
      while (if_nametoindex("eth0") == 0 && std::chrono::steady_clock::now() < end) {
      }
    }
    kill(running.pid(), SIGKILL);
    (void)running.wait();
  }

  void make_history(History history, Reply& added) const {
    if (history == History::kNever) return;
    if (history == History::kHalfAdded) return half_add();
    added = exec(node_, call("ADD", conf()));
    ASSERT_TRUE(succeeds(added));
    if (history != History::kDeleted) return;
    ASSERT_TRUE(succeeds(exec(node_, call("DEL", with_prev(conf(), added)))));
  }

  [[nodiscard]] static std::string conf_for(Prev prev, const Reply& added) {
    if (prev == Prev::kAbsent) return conf();
    std::string result = added.out.empty() ? kPrevWhenNeverAdded : added.out;
    if (prev == Prev::kOtherVersion) result.replace(result.find("1.1.0"), 5, "1.0.0");
    return with(conf(), "prevResult", result);
  }

  void set_netns(Netns kind, Call& del) const {
    switch (kind) {
      case Netns::kValid:
        break;
      case Netns::kUnset:
        del.netns = std::nullopt;
        break;
      case Netns::kEmpty:
        del.netns = "";
        break;
      case Netns::kMissing:
        node_.remove_netns(pod_);
        break;
      case Netns::kRegularFile:
        node_.remove_netns(pod_);
        node_.write(pod_.netns(), "left behind by a runtime");
        break;
      case Netns::kOwn:
        del.netns = "/proc/self/ns/net";
        break;
    }
  }

  Node node_;
  Pod pod_{node_, "pod1"};
};

TEST_P(DelMatrix, SucceedsAndLeavesNothing) {
  const auto [netns, prev, history] = GetParam();
  warm_up();
  const Snapshot pod_before = snapshot(pod_);
  const Snapshot node_before = snapshot(node_);
  Reply added;
  make_history(history, added);

  Call del = call("DEL", conf_for(prev, added));
  set_netns(netns, del);
  const Reply reply = exec(node_, del);
  EXPECT_TRUE(succeeds(reply));
  EXPECT_EQ(reply.out, "");

  Snapshot node_after = snapshot(node_);
  Snapshot expected = node_before;
  const auto netns_file = [](const std::string& line) { return line.starts_with("file /run/netns/"); };
  std::erase_if(node_after, netns_file);
  std::erase_if(expected, netns_file);
  EXPECT_TRUE(unchanged(expected, node_after));
  EXPECT_TRUE(unchanged(lines_with(pod_before, "link"), lines_with(snapshot(pod_), "link")));
  EXPECT_TRUE(succeeds(exec(node_, del))) << "DEL a second time";
}

INSTANTIATE_TEST_SUITE_P(Rows, DelMatrix,
                         testing::Combine(testing::Values(Netns::kValid, Netns::kUnset, Netns::kEmpty,
                                                          Netns::kMissing, Netns::kRegularFile, Netns::kOwn),
                                          testing::Values(Prev::kPresent, Prev::kAbsent, Prev::kOtherVersion),
                                          testing::Values(History::kNever, History::kAdded,
                                                          History::kHalfAdded, History::kDeleted)),
                         row_name);

}  // namespace
}  // namespace podwire::netns
