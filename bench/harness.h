// What the benches share: the peers that are compared, and a node per peer and network to compare them on.
#pragma once

#include <deque>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "bench/plugin_call.h"
#include "bench/report.h"
#include "bench/work_directory.h"
#include "netns-test/node.h"

namespace podwire::bench {

/// A set of plugins: ours, a reference, or the program `limit`, which is asked through its own variables.
struct Peer {
  std::string name;
  std::string directory;  ///< CNI_PATH; of the limit: where the program is
  bool is_limit = false;
  std::shared_ptr<WorkDirectory> copy = nullptr;  ///< what `directory` is, once installed
};

/// "NAME=DIR". Throws std::invalid_argument.
[[nodiscard]] Peer parse_peer(std::string_view text);

/// The peer with its programs copied into a directory of their own. An executable costs page faults, the more of them
/// the more scattered it lies in the page cache: one that the linker has just written costs 0.15 ms more than one that
/// was copied, as packages and `cmake --install` do. So each peer is treated alike.
[[nodiscard]] Peer install(Peer peer);

/// Ours, then `others` ("NAME=DIR", Debian's reference when empty), then the limit where `with_limit`; all of
/// them installed. Throws std::invalid_argument when a directory lacks the plugin, or a name comes twice.
[[nodiscard]] std::vector<Peer> peers_with(std::string_view plugin, const std::vector<std::string>& others,
                                           bool with_limit);

enum class Families : std::uint8_t { kV4, kDual };

struct Network {
  Families families = Families::kV4;
  bool masquerade = false;

  [[nodiscard]] std::string text() const;  ///< "IPv4, ipMasq"
  /// Configuration as a runtime passes it: bridge, isDefaultGateway, host-local; "prevResult" where there is
  /// one.
  [[nodiscard]] std::string conf(std::string_view previous = "") const;
};

/// PATH and the sanitizers' options, from the environment of the bench: what every call gets.
[[nodiscard]] std::vector<std::string> inherited_environment();

/// A node on which one peer serves one network, with `pods` empty pods. Everything vanishes with it.
class TestBed {
 public:
  TestBed(const Peer& peer, const Network& network, std::size_t pods);

  [[nodiscard]] const Peer& peer() const { return peer_; }
  [[nodiscard]] const Network& network() const { return network_; }
  [[nodiscard]] const netns::Node& node() const { return node_; }
  [[nodiscard]] std::size_t pods() const { return pods_.size(); }
  [[nodiscard]] const netns::Pod& pod(std::size_t index) const { return pods_[index]; }

  /// ADD or DEL of a pod; DEL is given the result of the last ADD. The caller's thread must be inside node().
  /// Different pods may be called for by several threads.
  Outcome call(std::string_view verb, std::size_t pod);  // NOLINT(modernize-use-nodiscard)
  /// ADD and DEL of the first pod, from outside of node(). The first pod of a node makes the bridge and the
  /// base of the ruleset: not what later ones cost.
  void warm_up();

  /// What call() executes.
  [[nodiscard]] PluginCall plugin_call(std::string_view verb, std::size_t pod) const;

 private:
  Peer peer_;
  Network network_;
  netns::Node node_;
  std::deque<netns::Pod> pods_;
  std::vector<std::string> results_;  ///< stdout of each pod's last ADD
};

/// Collects the durations of one row, and the first failure's words.
class Series {
 public:
  void add(const Outcome& outcome);
  [[nodiscard]] bool failed() const { return failures_ > 0; }
  /// A row of what was collected. The first failure is printed to stderr.
  [[nodiscard]] Row row(std::string scenario, std::string verb, std::string peer) const;

 private:
  std::vector<Nanoseconds> durations_;
  std::size_t failures_ = 0;
  std::string first_failure_;
};

/// Waits until the kernel has taken down every network namespace that was left before: it does so in the
/// background, holding locks that a plugin needs.
void await_namespace_cleanup();

/// Raises the limit of open descriptors to what the system allows: a pod is one.
void allow_many_descriptors();

/// What every bench is asked for.
struct CommonOptions {
  std::vector<std::string> peers;  ///< "NAME=DIR"
  std::string json;                ///< file; "": none
  std::string filter;              ///< only scenarios whose heading contains this

  [[nodiscard]] bool wants(std::string_view scenario) const {
    return scenario.find(filter) != std::string_view::npos;
  }
};

}  // namespace podwire::bench
