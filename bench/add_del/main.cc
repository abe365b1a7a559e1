// add_del: how long ADD and DEL take, as a runtime sees it.
#include "bench/add_del/scenarios.h"
#include "bench/options.h"

namespace podwire::bench {
namespace {

constexpr const char* kBoth = "both";

/// The networks that --families and --masq choose.
std::vector<Network> networks_of(const std::string& families, const std::string& masq) {
  std::vector<Network> networks;
  for (const Families each : {Families::kV4, Families::kDual}) {
    for (const bool masquerade : {false, true}) {
      const bool family_wanted = families == kBoth || (families == "dual") == (each == Families::kDual);
      const bool masq_wanted = masq == kBoth || (masq == "on") == masquerade;
      if (family_wanted && masq_wanted) networks.push_back({.families = each, .masquerade = masquerade});
    }
  }
  return networks;
}

int run(int argc, char** argv) {
  AddDelOptions options;
  std::string families = kBoth;
  std::string masq = kBoth;
  CLI::App app("Times ADD and DEL of bridge plugins, as a runtime executes them, in disposable nodes.",
               "add_del");
  app.add_option("--rounds", options.rounds, "ADDs and DELs of each peer, one after the other")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--pods", options.pods, "Pods on one node at the end of the growth; at least 10")
      ->check(CLI::Range(10, 1023))  // a Linux bridge has no more ports (BR_MAX_PORTS)
      ->capture_default_str();
  app.add_option("--parallel", options.parallel, "Plugins that run at a time")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--burst", options.burst, "Pods that are added in parallel")
      ->check(CLI::PositiveNumber)
      ->capture_default_str();
  app.add_option("--masq", masq, "With and without ipMasq")
      ->check(CLI::IsMember({"on", "off", kBoth}))
      ->capture_default_str();
  app.add_option("--families", families, "IPv4 alone, dual stack")
      ->check(CLI::IsMember({"ipv4", "dual", kBoth}))
      ->capture_default_str();
  add_common_options(app, options.common);
  return bench_main(app, options.common, argc, argv, [&] {
    Report report;
    options.networks = networks_of(families, masq);
    const std::vector<Peer> peers = peers_with("bridge", options.common.peers, true);
    measure_exec(peers, options, report);
    measure_serial(peers, options, report);
    measure_link_delete(options, report);
    measure_parallel(peers, options, report);
    measure_growth(peers, options, report);
    return report.results();
  });
}

}  // namespace
}  // namespace podwire::bench

int main(int argc, char** argv) {
  return podwire::bench::run(argc, argv);
}
