// ipam: how long host-local takes, over the number of leases.
#include <fmt/format.h>

#include <cstdlib>
#include <filesystem>
#include <list>

#include "bench/lease_pool.h"
#include "bench/options.h"

namespace podwire::bench {
namespace {

namespace fs = std::filesystem;

struct IpamOptions {
  CommonOptions common;
  std::vector<std::size_t> leases{0, 100, 1000, 10000, 60000};
  int prefix_length = 16;
  std::size_t holes = 5;
  std::size_t rounds = 50;
  std::size_t seconds = 3;
  std::string directory;
};

/// Fewer than that say nothing, however long they take.
constexpr std::size_t kMinRounds = 3;

/// ADDs after a foreign writer changed the directory.
constexpr int kFirstCalls = 3;

/// One peer and its pool.
struct Lane {
  Lane(Peer with, const fs::path& directory, const PoolSpec& spec)
      : peer(std::move(with)), pool(directory / peer.name, spec) {}

  Peer peer;
  LeasePool pool;
  Nanoseconds spent{};
  Series first;
  Series add;
  Series del;

  [[nodiscard]] Outcome call(std::string_view verb, std::size_t round) const {
    PluginCall call{
        .path = peer.directory + "/host-local", .environment = inherited_environment(), .input = pool.conf()};
    for (const std::string& variable :
         {fmt::format("CNI_COMMAND={}", verb), fmt::format("CNI_CONTAINERID=bench{}", round),
          std::string("CNI_NETNS=/run/netns/none"), std::string("CNI_IFNAME=eth0"),
          "CNI_PATH=" + peer.directory}) {
      call.environment.push_back(variable);
    }
    return call_plugin(call);
  }
};

void measure(std::list<Lane>& lanes, const IpamOptions& options) {
  for (int i = 0; i < kFirstCalls; ++i) {
    for (Lane& lane : lanes) {
      lane.pool.disturb();
      lane.first.add(lane.call("ADD", 0));
      lane.del.add(lane.call("DEL", 0));
    }
  }
  for (std::size_t round = 0; round < options.rounds; ++round) {
    for (Lane& lane : lanes) {
      if (round >= kMinRounds && lane.spent > std::chrono::seconds(options.seconds)) continue;
      const Outcome add = lane.call("ADD", round);
      const Outcome del = lane.call("DEL", round);
      lane.add.add(add);
      lane.del.add(del);
      lane.spent += add.duration + del.duration;
    }
  }
}

void measure_pool(const std::vector<Peer>& peers, const IpamOptions& options, const PoolSpec& spec,
                  Report& report) {
  const std::string scenario = spec.scattered ? fmt::format("host-local, /{} full but for {}",
                                                            spec.prefix_length, spec.usable() - spec.leases)
                                              : fmt::format("host-local, {} leases", spec.leases);
  if (!options.common.wants(scenario)) return;
  const WorkDirectory directory(options.directory.empty() ? "/var/lib/cni" : options.directory);
  std::list<Lane> lanes;
  for (const Peer& peer : peers) lanes.emplace_back(peer, directory.path(), spec);
  measure(lanes, options);
  for (const auto& [verb, series] :
       {std::pair("first ADD", &Lane::first), std::pair("ADD", &Lane::add), std::pair("DEL", &Lane::del)}) {
    for (const Lane& lane : lanes) {
      Row row = (lane.*series).row(scenario, verb, lane.peer.name);
      row.parameters = {{"leases", static_cast<std::int64_t>(spec.leases)},
                        {"scattered", spec.scattered ? 1 : 0}};
      report.add(std::move(row));
    }
  }
  for (const Lane& lane : lanes) {
    if (lane.pool.count() == spec.leases) continue;
    throw std::runtime_error(
        fmt::format("{} left {} leases of {}", lane.peer.name, lane.pool.count(), spec.leases));
  }
}

void add_options(CLI::App& app, IpamOptions& options) {
  app.add_option("--leases", options.leases, "Leases in the pool, comma-separated")
      ->delimiter(',')
      ->capture_default_str();
  app.add_option("--prefix", options.prefix_length, "Prefix length of the pool")
      ->check(CLI::Range(14, 28))
      ->capture_default_str();
  app.add_option("--holes", options.holes, "Free addresses in an otherwise full pool; 0: leave that out")
      ->capture_default_str();
  app.add_option("--rounds", options.rounds, "ADDs and DELs per pool")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--seconds", options.seconds,
                 "A peer that used up that time is called no more, once it had three rounds")
      ->capture_default_str();
  app.add_option("--dir", options.directory, "Keep leases below DIR, on its file system, instead of a tmpfs")
      ->check(CLI::ExistingDirectory)
      ->option_text("DIR");
  add_common_options(app, options.common);
}

int run(int argc, char** argv) {
  IpamOptions options;
  CLI::App app("Times ADD and DEL of host-local plugins over the number of leases.", "ipam");
  add_options(app, options);
  return bench_main(app, options.common, argc, argv, [&] {
    const std::vector<Peer> peers = peers_with("host-local", options.common.peers, false);
    if (!options.directory.empty()) options.directory = fs::absolute(options.directory);
    Report report;
    const netns::Node node;
    const netns::Inside inside(node);
    for (const std::size_t leases : options.leases) {
      const PoolSpec spec{.prefix_length = options.prefix_length, .leases = leases};
      if (leases >= spec.usable())
        throw std::invalid_argument(fmt::format("--leases: {} do not fit", leases));
      measure_pool(peers, options, spec, report);
    }
    PoolSpec full{.prefix_length = options.prefix_length, .scattered = true};
    if (options.holes > full.usable()) throw std::invalid_argument("--holes: more than addresses");
    full.leases = full.usable() - options.holes;
    if (options.holes > 0) measure_pool(peers, options, full, report);
    return report.results();
  });
}

}  // namespace
}  // namespace podwire::bench

int main(int argc, char** argv) {
  return podwire::bench::run(argc, argv);
}
