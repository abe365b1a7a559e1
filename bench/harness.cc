#include "bench/harness.h"

#include <fmt/format.h>
#include <sys/resource.h>

#include <algorithm>
#include <array>
#include <cstdlib>
#include <filesystem>
#include <iostream>
#include <stdexcept>

namespace podwire::bench {
namespace {

namespace fs = std::filesystem;

constexpr const char* kReferencePlugins = "/usr/lib/cni";
constexpr const char* kBridge = "bench0";
constexpr const char* kInterface = "eth0";
/// A plugin that speaks 1.1.0 speaks this one, too; Debian 12's reference knows no newer one.
constexpr const char* kCniVersion = "1.0.0";
/// What the benches execute, of a peer's directory or the limit's.
constexpr std::array kPrograms{"bridge", "host-local", "limit"};
/// .0 is the network, .1 the gateway.
constexpr std::size_t kFirstHost = 2;

std::string limit_ips(const Network& network, std::size_t pod) {
  const std::size_t host = pod + kFirstHost;
  std::string ips = fmt::format("10.88.{}.{}/16", host / 256, host % 256);
  if (network.families == Families::kDual) ips += fmt::format(",fd88::{:x}/64", host);
  return ips;
}

}  // namespace

Peer parse_peer(std::string_view text) {
  const auto equals = text.find('=');
  if (equals == std::string_view::npos || equals == 0 || equals + 1 == text.size()) {
    throw std::invalid_argument(fmt::format("--peer: expected NAME=DIR, found '{}'", text));
  }
  // Entering a mount namespace changes the working directory.
  return {.name = std::string(text.substr(0, equals)),
          .directory = fs::absolute(text.substr(equals + 1)).lexically_normal()};
}

Peer install(Peer peer) {
  peer.copy = std::make_shared<WorkDirectory>(fs::temp_directory_path());
  for (const char* program : kPrograms) {
    const fs::path path = fs::path(peer.directory) / program;
    if (fs::exists(path)) fs::copy_file(path, peer.copy->path() / program);
  }
  peer.directory = peer.copy->path();
  return peer;
}

std::vector<Peer> peers_with(std::string_view plugin, const std::vector<std::string>& others,
                             bool with_limit) {
  std::vector<Peer> peers{{.name = kOurs, .directory = PODWIRE_BIN_DIR}};
  for (const std::string& other : others) peers.push_back(parse_peer(other));
  if (others.empty()) peers.push_back({.name = "reference", .directory = kReferencePlugins});
  for (const Peer& peer : peers) {
    const fs::path path = fs::path(peer.directory) / plugin;
    if (!fs::exists(path)) {
      throw std::invalid_argument(
          fmt::format("{} does not exist: scripts/setup installs the reference plugins, --peer names others",
                      path.string()));
    }
  }
  if (with_limit) peers.push_back({.name = "limit", .directory = PODWIRE_BENCH_DIR, .is_limit = true});
  for (auto peer = peers.begin(); peer != peers.end(); ++peer) {
    const auto same = [&](const Peer& other) { return other.name == peer->name; };
    if (std::any_of(peers.begin(), peer, same)) {
      throw std::invalid_argument(fmt::format("--peer: the name '{}' is taken", peer->name));
    }
  }
  for (Peer& peer : peers) peer = install(std::move(peer));
  return peers;
}

std::string Network::text() const {
  return fmt::format("{}, {}", families == Families::kV4 ? "IPv4" : "dual stack",
                     masquerade ? "ipMasq" : "no ipMasq");
}

std::string Network::conf(std::string_view previous) const {
  return fmt::format(
      R"({{"cniVersion":"{}","name":"bench","type":"bridge","bridge":"{}","isDefaultGateway":true,"ipMasq":{},)"
      R"("ipam":{{"type":"host-local","ranges":[[{{"subnet":"10.88.0.0/16"}}]{}]}}{}{}}})",
      kCniVersion, kBridge, masquerade, families == Families::kDual ? R"(,[{"subnet":"fd88::/64"}])" : "",
      previous.empty() ? "" : R"(,"prevResult":)", previous);
}

std::vector<std::string> inherited_environment() {
  constexpr std::array kInherited{"PATH", "ASAN_OPTIONS", "UBSAN_OPTIONS", "LSAN_OPTIONS", "TSAN_OPTIONS"};
  std::vector<std::string> environment;
  for (const char* name : kInherited) {
    if (const char* value = std::getenv(name)) environment.push_back(fmt::format("{}={}", name, value));
  }
  return environment;
}

TestBed::TestBed(const Peer& peer, const Network& network, std::size_t pods)
    : peer_(peer), network_(network), results_(pods) {
  for (std::size_t i = 0; i < pods; ++i) pods_.emplace_back(node_, fmt::format("pod{}", i));
}

PluginCall TestBed::plugin_call(std::string_view verb, std::size_t pod) const {
  PluginCall call{.path = fmt::format("{}/{}", peer_.directory, peer_.is_limit ? "limit" : "bridge"),
                  .environment = inherited_environment(),
                  .input = network_.conf(verb == "DEL" ? results_[pod] : "")};
  const auto set = [&](std::string_view name, std::string_view value) {
    call.environment.push_back(fmt::format("{}={}", name, value));
  };
  set("CNI_COMMAND", verb);
  set("CNI_CONTAINERID", pods_[pod].name());
  set("CNI_NETNS", pods_[pod].netns());
  set("CNI_IFNAME", kInterface);
  set("CNI_PATH", peer_.directory);
  if (peer_.is_limit) {
    set("LIMIT_BRIDGE", kBridge);
    set("LIMIT_IPS", limit_ips(network_, pod));
    set("LIMIT_MASQUERADE", network_.masquerade ? "1" : "0");
  }
  return call;
}

Outcome TestBed::call(std::string_view verb, std::size_t pod) {
  Outcome outcome = call_plugin(plugin_call(verb, pod));
  if (verb == "ADD") results_[pod] = outcome.ok() ? outcome.out : "";
  return outcome;
}

void TestBed::warm_up() {
  const netns::Inside inside(node_);
  call("ADD", 0);
  call("DEL", 0);
}

void Series::add(const Outcome& outcome) {
  if (outcome.ok()) {
    durations_.push_back(outcome.duration);
    return;
  }
  if (failures_++ == 0) {
    first_failure_ = fmt::format("exit status {}: {}{}", outcome.status, outcome.out, outcome.err);
  }
}

Row Series::row(std::string scenario, std::string verb, std::string peer) const {
  if (failed()) std::cerr << fmt::format("{}: {} of {} failed, {}\n", scenario, verb, peer, first_failure_);
  return {.scenario = std::move(scenario),
          .verb = std::move(verb),
          .peer = std::move(peer),
          .failures = failures_,
          .time = summarize(durations_),
          .per_second = std::nullopt,
          .parameters = {}};
}

void await_namespace_cleanup() {
  // The kernel takes namespaces down in the order in which they were left (cleanup_net()); a link into the
  // last of them vanishes with it.
  const netns::Node node;
  {
    const netns::Pod last(node, "last");
    node.sh("ip link add probe type veth peer name probe netns last");
    node.remove_netns(last);
  }
  const bool clean = netns::wait_until(
      [&] {
        return !node.run({"ip", "link", "show", "probe"}).ok();
      },
      std::chrono::minutes(2));
  if (!clean) throw std::runtime_error("the kernel does not finish taking down network namespaces");
}

void allow_many_descriptors() {
  rlimit limit{};
  if (::getrlimit(RLIMIT_NOFILE, &limit) != 0) return;
  limit.rlim_cur = limit.rlim_max;
  if (::setrlimit(RLIMIT_NOFILE, &limit) != 0) throw std::runtime_error("cannot raise RLIMIT_NOFILE");
}

}  // namespace podwire::bench
