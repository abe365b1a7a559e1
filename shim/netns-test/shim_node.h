// A disposable node with podwire, Debian's reference plugins, and two network lists.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "netns-test/cni.h"
#include "netns-test/node.h"
#include "netns-test/process.h"

namespace podwire::netns {

/// "fullnet": bridge + host-local + portmap, 10.77.0.0/24, capabilities ips, mac and portMappings, DNS.
inline constexpr const char* kFullList = "/run/lists/full.conflist";
/// "tinynet": bridge + host-local, 10.78.0.0/30, that is one address; no capabilities.
inline constexpr const char* kTinyList = "/run/lists/tiny.conflist";

class ShimTest : public ::testing::Test {
 protected:
  ShimTest();
  /// Removes every pod: holders outlive whoever made them.
  ~ShimTest() override;

  /// The command line of podwire, with the reference plugins on CNI_PATH.
  [[nodiscard]] static Command command(std::vector<std::string> arguments);
  [[nodiscard]] Completed podwire(std::vector<std::string> arguments) const;
  /// To success, or the test fails. Returns stdout.
  std::string must(std::vector<std::string> arguments) const;  // NOLINT(modernize-use-nodiscard)
  /// `pod add NAME --net LIST ...` with the reference plugins.
  std::string add(const std::string& name, const std::string& list,  // NOLINT(modernize-use-nodiscard)
                  const std::vector<std::string>& more = {}) const;
  /// `pod exec NAME -- sh -c SCRIPT`, to success.
  std::string in_pod(const std::string& name,  // NOLINT(modernize-use-nodiscard)
                     const std::string& script) const;
  [[nodiscard]] Process start_in_pod(const std::string& name, const std::string& script) const;

  /// A text at a JSON pointer of `pod show NAME --json`.
  [[nodiscard]] std::string shown(const std::string& name, std::string_view pointer) const;
  /// Does a shell condition hold in the node: "-e /run/x"?
  [[nodiscard]] bool holds(const std::string& condition) const;
  /// Nothing is left of any pod: no directory, no mount, no lease, no host-side veth.
  [[nodiscard]] testing::AssertionResult no_pod_left() const;

  Node node_;
};

}  // namespace podwire::netns
