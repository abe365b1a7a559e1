// memory: how much memory one ADD takes, how many programs it executes, and how large the executables are.
#include <fmt/format.h>

#include <algorithm>
#include <filesystem>
#include <map>

#include "bench/options.h"
#include "bench/peak_memory.h"

namespace podwire::bench {
namespace {

namespace fs = std::filesystem;

/// One program of a peer's ADD, over all rounds.
struct Program {
  std::vector<std::size_t> peaks;  ///< KiB, one of each process
  std::size_t rank = 0;            ///< order of first appearance; the plugin has 0
};

std::string mib(std::size_t kib) {
  return fmt::format("{:.2f} MiB", static_cast<double>(kib) / 1024.0);
}

class MemoryReport {
 public:
  void heading(std::string scenario, std::string_view columns) {
    scenario_ = std::move(scenario);
    results_.table += fmt::format("\n{}\n{}\n", scenario_, columns);
  }
  Json& row(const std::string& peer, const std::string& program) {
    row_ = Json::object();
    row_.set("scenario", scenario_).set("peer", peer).set("program", program);
    return row_;
  }
  void push(std::string line) {
    results_.rows.push_back(row_);
    results_.table += line + "\n";
  }
  void fail(const std::string& what) {
    ++results_.failures;
    results_.table += "  FAILED: " + what + "\n";
  }
  [[nodiscard]] Results take() { return std::move(results_); }

 private:
  std::string scenario_;
  Json row_;
  Results results_;
};

/// ADDs of fresh pods, traced; by program.
std::map<std::string, Program> trace_adds(TestBed& bed, MemoryReport& report) {
  std::map<std::string, Program> programs;
  bed.warm_up();
  const netns::Inside inside(bed.node());
  for (std::size_t pod = 1; pod < bed.pods(); ++pod) {
    const ProcessTree tree = trace_peak_memory(bed.plugin_call("ADD", pod));
    if (tree.status != 0)
      report.fail(fmt::format("{}: exit status {}: {}", bed.peer().name, tree.status, tree.out));
    for (const ProcessPeak& process : tree.processes) {
      Program& program = programs.try_emplace(process.program, Program{{}, programs.size()}).first->second;
      program.peaks.push_back(process.peak_kib);
    }
  }
  return programs;
}

void measure_add(const std::vector<Peer>& peers, std::size_t rounds, const Network& network,
                 MemoryReport& report) {
  report.heading(
      "peak memory of one ADD, " + network.text(),
      fmt::format("  {:<12} {:<20} {:>9} {:>12} {:>12}", "", "program", "per ADD", "median", "largest"));
  for (const Peer& peer : peers) {
    TestBed bed(peer, network, rounds + 1);
    const std::map<std::string, Program> programs = trace_adds(bed, report);
    std::vector<std::pair<std::string, Program>> ordered(programs.begin(), programs.end());
    std::ranges::sort(ordered, {}, [](const auto& entry) { return entry.second.rank; });
    for (auto& [name, program] : ordered) {
      std::ranges::sort(program.peaks);
      const std::size_t median = program.peaks[program.peaks.size() / 2];
      const auto per_add = static_cast<double>(program.peaks.size()) / static_cast<double>(rounds);
      report.row(peer.name, name)
          .set("processes", static_cast<std::uint64_t>(program.peaks.size()))
          .set("adds", static_cast<std::uint64_t>(rounds))
          .set("median_kib", static_cast<std::uint64_t>(median))
          .set("largest_kib", static_cast<std::uint64_t>(program.peaks.back()));
      report.push(fmt::format("  {:<12} {:<20} {:>9.1f} {:>12} {:>12}", peer.name, name, per_add, mib(median),
                              mib(program.peaks.back())));
    }
  }
}

std::size_t stripped_size(const fs::path& executable, const netns::Node& node) {
  const std::string copy = "/run/stripped";
  const netns::Completed done = node.run({"strip", "-o", copy, executable.string()});
  if (!done.ok()) throw std::runtime_error(fmt::format("strip {}: {}", executable.string(), done.err));
  const netns::Inside inside(node);
  return fs::file_size(copy);
}

void measure_sizes(const std::vector<Peer>& peers, MemoryReport& report) {
  report.heading("size of the executables, stripped",
                 fmt::format("  {:<12} {:<20} {:>12}", "", "program", ""));
  const netns::Node node;
  for (const Peer& peer : peers) {
    const std::vector<std::string> programs =
        peer.is_limit ? std::vector<std::string>{"limit"} : std::vector<std::string>{"bridge", "host-local"};
    for (const std::string& program : programs) {
      const std::size_t size = stripped_size(fs::path(peer.directory) / program, node);
      report.row(peer.name, program).set("bytes", static_cast<std::uint64_t>(size));
      report.push(fmt::format("  {:<12} {:<20} {:>12}", peer.name, program, mib(size / 1024)));
    }
  }
}

int run(int argc, char** argv) {
  CommonOptions options;
  std::size_t rounds = 10;
  CLI::App app("Peak memory of an ADD, and the size of the executables.", "memory");
  app.add_option("--rounds", rounds, "ADDs of each peer")->check(CLI::PositiveNumber)->capture_default_str();
  add_common_options(app, options);
  return bench_main(app, options, argc, argv, [&] {
    const std::vector<Peer> peers = peers_with("bridge", options.peers, true);
    MemoryReport report;
    for (const bool masquerade : {false, true}) {
      const Network network{.families = Families::kV4, .masquerade = masquerade};
      if (options.wants("peak memory of one ADD, " + network.text()))
        measure_add(peers, rounds, network, report);
    }
    if (options.wants("size of the executables, stripped")) measure_sizes(peers, report);
    return report.take();
  });
}

}  // namespace
}  // namespace podwire::bench

int main(int argc, char** argv) {
  return podwire::bench::run(argc, argv);
}
