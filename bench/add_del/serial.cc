// One call after the other: exec alone, ADD and DEL, and the kernel's own deletion of a link.
#include <fmt/format.h>

#include <algorithm>
#include <list>
#include <random>

#include "bench/add_del/scenarios.h"

namespace podwire::bench {
namespace {

/// Pods are used again after DEL; enough of them that none is still warm from its last use.
constexpr std::size_t kPods = 16;

/// Series of one peer on one node.
struct Lane {
  Lane(const Peer& peer, const Network& network) : bed(peer, network, kPods) { bed.warm_up(); }

  TestBed bed;
  Series add;
  Series del;

  void measure(std::size_t pod) {
    const netns::Inside inside(bed.node());
    add.add(bed.call("ADD", pod));
    del.add(bed.call("DEL", pod));
  }
};

/// Calls the lanes in turn, in another order each round: whatever one leaves behind for the next to wait for
/// hits all alike. The same seed gives the same orders.
void alternate(std::list<Lane>& lanes, std::size_t rounds) {
  std::vector<Lane*> order;
  for (Lane& lane : lanes) order.push_back(&lane);
  std::minstd_rand random(1);
  for (std::size_t round = 0; round < rounds; ++round) {
    std::ranges::shuffle(order, random);
    for (Lane* lane : order) lane->measure(round % kPods);
  }
}

void add_rows(const std::vector<Peer>& peers, const std::list<Lane>& lanes, const std::string& scenario,
              Report& report) {
  for (const auto& [verb, series] : {std::pair("ADD", &Lane::add), std::pair("DEL", &Lane::del)}) {
    for (const Peer& peer : peers) {
      for (const Lane& lane : lanes) {
        if (lane.bed.peer().name == peer.name) report.add((lane.*series).row(scenario, verb, peer.name));
      }
    }
  }
}

}  // namespace

void measure_exec(const std::vector<Peer>& peers, const AddDelOptions& options, Report& report) {
  const std::string scenario = "exec alone";
  if (!options.common.wants(scenario)) return;
  const netns::Node node;
  const netns::Inside inside(node);
  std::vector<Series> series(peers.size());
  for (std::size_t round = 0; round < options.rounds; ++round) {
    for (std::size_t i = 0; i < peers.size(); ++i) {
      PluginCall call{
          .path = fmt::format("{}/{}", peers[i].directory, peers[i].is_limit ? "limit" : "bridge"),
          .environment = inherited_environment(),
          .input = R"({"cniVersion":"1.0.0"})"};
      call.environment.emplace_back("CNI_COMMAND=VERSION");
      series[i].add(call_plugin(call));
    }
  }
  for (std::size_t i = 0; i < peers.size(); ++i)
    report.add(series[i].row(scenario, "VERSION", peers[i].name));
}

void measure_serial(const std::vector<Peer>& peers, const AddDelOptions& options, Report& report) {
  for (const Network& network : options.networks) {
    const std::string scenario = "serial, " + network.text();
    if (!options.common.wants(scenario)) continue;
    {
      std::list<Lane> lanes;
      for (const Peer& peer : peers) lanes.emplace_back(peer, network);
      alternate(lanes, options.rounds);
      add_rows(peers, lanes, scenario, report);
    }
    await_namespace_cleanup();
  }
}

void measure_link_delete(const AddDelOptions& options, Report& report) {
  const std::string scenario = "the kernel's own deletion of a link";
  if (!options.common.wants(scenario)) return;
  const Peer limit = install({.name = "limit", .directory = PODWIRE_BENCH_DIR, .is_limit = true});
  {
    std::list<Lane> lanes;
    for (const bool masquerade : {false, true}) lanes.emplace_back(limit, Network{.masquerade = masquerade});
    alternate(lanes, options.rounds);
    for (const Lane& lane : lanes) {
      report.add(lane.del.row(scenario, lane.bed.network().masquerade ? "and element" : "link", limit.name));
    }
  }
  await_namespace_cleanup();
}

}  // namespace podwire::bench
