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

/// ADDs of one peer until its node is full, by tenths of the pods; then some DELs.
struct Growth {
  std::vector<Series> adds = std::vector<Series>(kTenths);
  Series dels;
};

/// Some DELs, not all: the node is to be as good as full until the last one.
constexpr std::size_t kDels = 20;

Growth grow(const Peer& peer, const AddDelOptions& options) {
  TestBed bed(peer, Network{.masquerade = true}, options.pods);
  bed.warm_up();
  Growth growth;
  const netns::Inside inside(bed.node());
  for (std::size_t pod = 0; pod < options.pods; ++pod) {
    growth.adds[pod * kTenths / options.pods].add(bed.call("ADD", pod));
  }
  const std::size_t dels = std::min(options.pods / kTenths, kDels);
  for (std::size_t pod = 0; pod < dels; ++pod) growth.dels.add(bed.call("DEL", pod));
  return growth;
}

}  // namespace

void measure_growth(const std::vector<Peer>& peers, const AddDelOptions& options, Report& report) {
  const std::string scenario = fmt::format("growth to {} pods, IPv4, ipMasq", options.pods);
  if (!options.common.wants(scenario)) return;
  // One peer after the other: the kernel's price of some calls grows with all the namespaces of the machine,
  // and a machine has the pods of one peer.
  std::vector<Growth> all;
  for (const Peer& peer : peers) {
    all.push_back(grow(peer, options));
    await_namespace_cleanup();
  }
  const auto add_row = [&](Row row, std::size_t pods, bool json_only) {
    row.parameters = {{"pods", static_cast<std::int64_t>(pods)}};
    row.json_only = json_only;
    report.add(std::move(row));
  };
  for (std::size_t tenth = 0; tenth < kTenths; ++tenth) {
    const std::size_t first = tenth * options.pods / kTenths;
    const std::size_t last = (tenth + 1) * options.pods / kTenths;
    const bool json_only = tenth != 0 && tenth + 1 != kTenths;
    for (std::size_t i = 0; i < peers.size(); ++i) {
      add_row(all[i].adds[tenth].row(scenario, fmt::format("ADD to {}", last), peers[i].name),
              (first + last) / 2, json_only);
    }
  }
  for (std::size_t i = 0; i < peers.size(); ++i) {
    add_row(all[i].dels.row(scenario, fmt::format("DEL at {}", options.pods), peers[i].name), options.pods,
            false);
  }
}

}  // namespace podwire::bench
