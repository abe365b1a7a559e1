// Many pods on one node: at once, and one after the other until the node is full.
#include <fmt/format.h>

#include <algorithm>
#include <atomic>
#include <list>
#include <thread>

#include "bench/add_del/scenarios.h"

namespace podwire::bench {
namespace {

using Clock = std::chrono::steady_clock;

/// Outcomes of one verb on all pods of a bed, at most `parallel` at a time.
struct Burst {
  std::vector<Outcome> outcomes;
  Nanoseconds wall{};
};

Burst run_burst(TestBed& bed, std::string_view verb, std::size_t parallel) {
  // Threads inherit the namespaces of their creator.
  const netns::Inside inside(bed.node());
  Burst burst{.outcomes = std::vector<Outcome>(bed.pods())};
  std::atomic<std::size_t> next = 0;
  const auto work = [&] {
    for (std::size_t pod = next++; pod < bed.pods(); pod = next++) burst.outcomes[pod] = bed.call(verb, pod);
  };
  const Clock::time_point start = Clock::now();
  {
    std::vector<std::jthread> workers;
    for (std::size_t i = 0; i < parallel; ++i) workers.emplace_back(work);
  }
  burst.wall = Clock::now() - start;
  return burst;
}

/// What several bursts of one peer and verb come to.
struct BurstSeries {
  Series series;
  std::size_t succeeded = 0;
  Nanoseconds wall{};

  void add(const Burst& burst) {
    for (const Outcome& outcome : burst.outcomes) {
      series.add(outcome);
      if (outcome.ok()) ++succeeded;
    }
    wall += burst.wall;
  }
  [[nodiscard]] Row row(const std::string& scenario, std::string verb, std::string peer) const {
    Row row = series.row(scenario, std::move(verb), std::move(peer));
    row.per_second = static_cast<double>(succeeded) / std::chrono::duration<double>(wall).count();
    return row;
  }
};

/// Repetitions of a burst on the same node.
constexpr int kBursts = 2;

void measure_bursts(const std::vector<Peer>& peers, const Network& network, const std::string& scenario,
                    const AddDelOptions& options, Report& report) {
  std::list<TestBed> beds;
  for (const Peer& peer : peers) beds.emplace_back(peer, network, options.burst).warm_up();
  std::vector<BurstSeries> adds(peers.size());
  std::vector<BurstSeries> dels(peers.size());
  for (int burst = 0; burst < kBursts; ++burst) {
    auto bed = beds.begin();
    for (std::size_t i = 0; i < peers.size(); ++i, ++bed) {
      adds[i].add(run_burst(*bed, "ADD", options.parallel));
      dels[i].add(run_burst(*bed, "DEL", options.parallel));
    }
  }
  for (const auto& [verb, all] : {std::pair("ADD", &adds), std::pair("DEL", &dels)}) {
    for (std::size_t i = 0; i < peers.size(); ++i) {
      Row row = (*all)[i].row(scenario, verb, peers[i].name);
      row.parameters = {{"parallel", static_cast<std::int64_t>(options.parallel)},
                        {"pods", static_cast<std::int64_t>(options.burst)}};
      report.add(std::move(row));
    }
  }
}

}  // namespace

void measure_parallel(const std::vector<Peer>& peers, const AddDelOptions& options, Report& report) {
  for (const Network& network : options.networks) {
    const std::string scenario =
        fmt::format("{} pods, {} at a time, {}", options.burst, options.parallel, network.text());
    if (!options.common.wants(scenario)) continue;
    measure_bursts(peers, network, scenario, options, report);
    await_namespace_cleanup();
  }
}

namespace {

constexpr std::size_t kTenths = 10;

/// ADDs of one peer until its node is full, by tenths of the pods.
struct Growth {
  Growth(const Peer& peer, const Network& network, std::size_t pods) : bed(peer, network, pods), adds(kTenths) {
    bed.warm_up();
  }

  TestBed bed;
  std::vector<Series> adds;
  Series dels;

  void add(std::size_t pod) {
    const netns::Inside inside(bed.node());
    adds[pod * kTenths / bed.pods()].add(bed.call("ADD", pod));
  }
  void del(std::size_t pod) {
    const netns::Inside inside(bed.node());
    dels.add(bed.call("DEL", pod));
  }
};

void add_growth_rows(const std::vector<Peer>& peers, const std::list<Growth>& all, std::size_t pods, Report& report) {
  const std::size_t tenth = pods / kTenths;
  const std::string scenario = fmt::format("growth to {} pods, IPv4, ipMasq", pods);
  for (std::size_t i = 0; i < kTenths; ++i) {
    auto growth = all.begin();
    for (const Peer& peer : peers) {
      const std::size_t last = (i + 1) * pods / kTenths;
      Row row = (growth++)->adds[i].row(scenario, fmt::format("ADD to {}", last), peer.name);
      row.parameters = {{"pods", static_cast<std::int64_t>(last - tenth / 2)}};
      row.json_only = i != 0 && i + 1 != kTenths;
      report.add(std::move(row));
    }
  }
  auto growth = all.begin();
  for (const Peer& peer : peers) {
    Row row = (growth++)->dels.row(scenario, fmt::format("DEL at {}", pods), peer.name);
    row.parameters = {{"pods", static_cast<std::int64_t>(pods)}};
    report.add(std::move(row));
  }
}

}  // namespace

void measure_growth(const std::vector<Peer>& peers, const AddDelOptions& options, Report& report) {
  if (!options.common.wants(fmt::format("growth to {} pods, IPv4, ipMasq", options.pods))) return;
  {
    std::list<Growth> all;
    for (const Peer& peer : peers) all.emplace_back(peer, Network{.masquerade = true}, options.pods);
    for (std::size_t pod = 0; pod < options.pods; ++pod) {
      for (Growth& growth : all) growth.add(pod);
    }
    // Some, not all: the node is to be as good as full until the last one.
    const std::size_t dels = std::min<std::size_t>(options.pods / kTenths, 20);
    for (std::size_t pod = 0; pod < dels; ++pod) {
      for (Growth& growth : all) growth.del(pod);
    }
    add_growth_rows(peers, all, options.pods, report);
  }
  await_namespace_cleanup();
}

}  // namespace podwire::bench
