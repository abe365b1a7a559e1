// What the tests of `podwire explain` share: two nodes that start alike, one for the lines and one for the
// plugins.
#pragma once

#include <gtest/gtest.h>

#include <filesystem>
#include <functional>
#include <string>
#include <string_view>
#include <utility>
#include <vector>

#include "netns-test/node.h"
#include "netns-test/snapshot.h"

namespace podwire::netns {

using Words = std::vector<std::string>;

inline Words operator+(Words left, const Words& right) {
  left.insert(left.end(), right.begin(), right.end());
  return left;
}

/// Where the network list of a stage is.
inline constexpr const char* kList = "/run/list/net.conflist";

/// Files of a runtime's result cache: name and content.
using Results = std::vector<std::pair<std::filesystem::path, std::string>>;

/// A node with a pod and a network list.
class ExplainStage {
 public:
  /// `prepare`: a shell script that has run before.
  ExplainStage(std::string_view list, const std::string& prepare);

  /// CONFLIST, --netns and --id.
  [[nodiscard]] Words attachment() const { return {kList, "--netns", pod.netns(), "--id", pod.name()}; }
  [[nodiscard]] Completed podwire(const Words& words) const;
  [[nodiscard]] Completed cni(const std::string& verb, const Words& more) const;
  [[nodiscard]] Completed explain(const Words& more) const;
  /// Runs what explain printed, as `podwire explain ... | sh -e` does.
  [[nodiscard]] Completed carry_out(const std::string& lines) const;
  /// The results that the runtime keeps, taken out of the node.
  [[nodiscard]] Results take_results() const;
  /// What must not change by looking, files to the nanosecond.
  [[nodiscard]] Snapshot everything() const;

  Node node;
  Pod pod{node, "POD"};
};

/// The lines, printed by explain in `by_hand`, are run there; the plugins are run in `by_plugin`. Both nodes
/// are the same then: snapshot, ruleset as nft prints it, lease files with their modes and round-robin
/// pointers. CHECK takes what the lines made for its own, and after DEL the nodes are the same again.
void expect_same_outcome(const ExplainStage& by_hand, const ExplainStage& by_plugin, const std::string& lines,
                         const Words& options);

struct Variant {
  const char* name;
  std::string list;
  Words options = {};         ///< of both `explain` and `cni add`
  std::string prepare = ":";  ///< what is in both nodes before
  Words assume = {};          ///< of `explain` alone
};

/// expect_same_outcome() of a fresh pair of nodes, and explain changes nothing.
void expect_same(const Variant& variant);

/// A script that attaches another pod, "one", as a runtime does.
[[nodiscard]] std::string first_pod();

[[nodiscard]] std::string read_file(const std::filesystem::path& path);
/// Calls `body` with the name and the text of every list of conf/.
void for_every_conflist(const std::function<void(const std::string& name, const std::string& text)>& body);
/// A list of one bridge plugin on br0, from members of its object.
[[nodiscard]] std::string list_of(std::string_view members);

inline const std::string kPool = R"("ipam":{"type":"host-local","ranges":[[{"subnet":"10.1.2.0/24"}]]})";
inline const std::string kDual =
    R"("ipam":{"type":"host-local","ranges":[[{"subnet":"10.1.2.0/24"}],[{"subnet":"fd00:1::/64"}]]})";
inline const std::string kGateway = R"("isGateway":true,)";

}  // namespace podwire::netns
