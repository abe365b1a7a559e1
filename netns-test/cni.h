// Plugins by exec, as a runtime runs them: environment and standard input in, one JSON value out.
#pragma once

#include <gtest/gtest.h>

#include <map>
#include <optional>
#include <string>
#include <string_view>

#include "libcni/base/error.h"
#include "libcni/base/json.h"
#include "netns-test/node.h"

namespace podwire::netns {

/// Where this build's executables are, and where Debian's containernetworking-plugins are.
[[nodiscard]] const std::string& our_plugins();
inline constexpr const char* kReferencePlugins = "/usr/lib/cni";

struct Call {
  std::string plugin = "bridge";
  std::string verb = "ADD";
  std::string conf;
  std::string id = "pod1";
  std::optional<std::string> netns = std::nullopt;  ///< absent: CNI_NETNS is not set
  std::string ifname = "eth0";
  std::string args = {};
  std::string path = our_plugins();  ///< CNI_PATH; the plugin itself is taken from its first folder
  Stdin stdin_kind = Stdin::kText;
  /// Replaces or adds variables; absent value: removes it.
  std::map<std::string, std::optional<std::string>> environment = {};
};

struct Reply {
  int status = -1;
  std::string out;
  std::string err;
  Json json;  ///< stdout; null when it is empty or not JSON

  [[nodiscard]] bool ok() const { return status == 0; }
  /// Text at a JSON pointer: strings verbatim, other values as JSON, "" when absent.
  [[nodiscard]] std::string at(std::string_view pointer) const;
};

[[nodiscard]] Command command_of(const Call& call);
[[nodiscard]] Reply reply_of(Completed done);
[[nodiscard]] Reply exec(const Place& place, const Call& call);

[[nodiscard]] std::string at(const JsonView& document, std::string_view pointer);
/// Elements of the array, or members of the object, at a pointer; 0 when absent.
[[nodiscard]] std::size_t size_at(const JsonView& document, std::string_view pointer);

/// `conf` (a JSON object's text) with one member more.
[[nodiscard]] std::string with(std::string_view conf, std::string_view key, std::string_view value);
/// `conf` with prevResult, as a runtime passes it to CHECK and DEL.
[[nodiscard]] std::string with_prev(std::string_view conf, const Reply& add);

/// Exit status 0; prints both streams otherwise.
[[nodiscard]] testing::AssertionResult succeeds(const Reply& reply);
/// Exit status not 0, stdout exactly one error object with this code, its message (or details) containing
/// `text`.
[[nodiscard]] testing::AssertionResult fails_with(const Reply& reply, Code code, std::string_view text);

/// A bridge configuration: `members` are appended to cniVersion, name "testnet", type and bridge "br0".
[[nodiscard]] std::string bridge_conf(std::string_view version, std::string_view members);
/// "ipam" member: host-local with one range set per subnet.
[[nodiscard]] std::string ipam(const std::vector<std::string>& subnets, std::string_view more = "");

inline constexpr std::array kVersions{"0.1.0", "0.2.0", "0.3.0", "0.3.1", "0.4.0", "1.0.0", "1.1.0"};

}  // namespace podwire::netns
