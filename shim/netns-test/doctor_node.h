// A node with an uplink and networks of podwire's plugins, and the doctor that looks at it.
#pragma once

#include <string>
#include <utility>
#include <vector>

#include "shim/netns-test/shim_node.h"

namespace podwire::netns {

struct Said {
  std::string severity;
  std::string check;
  std::string message;
  std::vector<std::string> commands;
  std::string advice;
};

/// Severity and check, as tests expect them: "problem links".
using Diagnosis = std::vector<std::string>;

class DoctorTest : public ShimTest {
 protected:
  /// The network "doctor": bridge dr0 as gateway, masquerade, MAC guard, 10.213.0.0/24 and fd13:d0c::/64.
  /// No other test uses these addresses: leases are judged by the addresses of all namespaces of the machine.
  DoctorTest();

  static constexpr const char* kNetworks = "/run/net.d";
  static constexpr const char* kNetwork = "/run/net.d/50-doctor.conflist";

  /// A file in kNetworks.
  void configure(const std::string& name, std::string_view text) const;
  /// A list with one plugin of type bridge; `members` are those of the plugin.
  [[nodiscard]] static std::string list_of(const std::string& network, const std::string& members);

  /// `pod add NAME --net NETWORK` with podwire's plugins.
  std::string add_pod(const std::string& name) const;  // NOLINT(modernize-use-nodiscard)
  /// The command line of the doctor for this node.
  [[nodiscard]] std::vector<std::string> doctor(const std::vector<std::string>& more = {}) const;
  /// All that it says.
  [[nodiscard]] std::vector<Said> findings() const;
  /// Warnings and problems.
  [[nodiscard]] std::vector<Said> bad() const;
  [[nodiscard]] Diagnosis diagnosis() const;
  /// The diagnosis is this one finding, which is returned.
  [[nodiscard]] Said only(const std::string& expected) const;
  /// Runs the commands of the finding as its reader would, with podwire on the PATH.
  void cure(const Said& said) const;
  /// only(), cure(), and then nothing is wrong any more. Returns what was said.
  std::string expect_cured(const std::string& expected) const;  // NOLINT(modernize-use-nodiscard)
  [[nodiscard]] std::string host_veth(const std::string& pod) const;

  Outside outside_{node_};
};

}  // namespace podwire::netns
