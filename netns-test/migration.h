// A node whose runtime looks for plugins in one folder, in which the reference's and podwire's take turns, as
// docs/migrating-from-reference.md tells: its very command lines are run.
#pragma once

#include <gtest/gtest.h>

#include <string>
#include <string_view>
#include <vector>

#include "libcni/spec/invocation.h"
#include "netns-test/cni.h"
#include "netns-test/node.h"
#include "netns-test/snapshot.h"

namespace podwire::netns {

/// The first block of shell commands below a heading of docs/migrating-from-reference.md. Throws
/// std::runtime_error when there is none.
[[nodiscard]] std::string migration_commands(std::string_view heading);

class Migration : public testing::Test {
 protected:
  /// The folder starts with the reference's plugins.
  Migration();

  void to_podwire() const { follow("Exchange"); }
  void to_reference() const { follow("Back to the reference"); }
  /// Runs the commands below the heading.
  void follow(std::string_view heading) const;

  /// A verb by whichever plugin is in the folder.
  [[nodiscard]] Reply call(const char* verb, const std::string& conf, const Pod& pod,
                           const std::string& ifname = "eth0") const;
  [[nodiscard]] Reply gc(const std::string& conf, std::string_view valid) const;

  /// Writes the masquerading of an attachment by nft as the reference's nftables backend does
  /// (release 1.9.1), for `addresses` such as "10.1.2.2/24".
  void masquerade_by_rules(const spec::Attachment& attachment,
                           const std::vector<std::string>& addresses) const;

  /// All of nf_tables in the node as nft lists it, without counters and handles.
  [[nodiscard]] std::string ruleset() const { return node_.sh("nft -s list ruleset 2>/dev/null"); }
  [[nodiscard]] std::string leases(std::string_view network = "testnet") const;

  static constexpr const char* kPlugins = "/run/cni/bin";
  Node node_;
};

}  // namespace podwire::netns
