// Disposable machines for kernel tests.
//
// A Node is a network and a mount namespace of its own, with private /run and /var/lib/cni. A Pod is a
// network namespace bound under /run/netns of its node. An Outside is a host beyond the node, joined to it by
// a veth pair. All of them are handles, not places: the test process itself works in a namespace where
// nothing is, and enters one of them only for as long as an Inside lives. Everything disappears with the last
// handle.
//
// Making a node needs root (CAP_SYS_ADMIN). Without it the constructor throws: these tests fail, they never
// skip.
#pragma once

#include <functional>
#include <memory>
#include <string>
#include <string_view>
#include <vector>

#include "libcni/base/fd.h"
#include "netns-test/process.h"

namespace podwire::netns {

/// Handles of a network and a mount namespace.
class Place {
 public:
  /// Runs argv to its end.
  [[nodiscard]] Completed run(std::vector<std::string> argv) const;
  [[nodiscard]] Completed run(const Command& command) const;
  /// Runs a shell script that must succeed; returns its stdout. Throws std::runtime_error with the stderr
  /// otherwise.
  std::string sh(const std::string& script) const;  // NOLINT(modernize-use-nodiscard)

 protected:
  struct Namespaces {
    Fd net;
    std::shared_ptr<Fd> mount;
  };
  Place() = default;

  friend class Inside;
  Namespaces ns_;
};

/// The calling thread works in `place` while this lives.
class Inside {
 public:
  explicit Inside(const Place& place);
  ~Inside();
  Inside(const Inside&) = delete;
  Inside& operator=(const Inside&) = delete;

 private:
  Fd net_;
  Fd mount_;
};

class Node;

class Pod : public Place {
 public:
  Pod(const Node& node, std::string name);

  [[nodiscard]] const std::string& name() const { return name_; }
  /// The path a runtime passes as CNI_NETNS: /run/netns/<name>.
  [[nodiscard]] std::string netns() const { return "/run/netns/" + name_; }

 private:
  std::string name_;
};

/// A host beyond the node: 192.0.2.2 and 2001:db8:ffff::2, the node's side being .1 and ::1 on link "uplink".
/// It has no route to any pod, so only masqueraded (or routed back by the test) connections are answered.
class Outside : public Place {
 public:
  explicit Outside(const Node& node);

  static constexpr const char* kAddress4 = "192.0.2.2";
  static constexpr const char* kAddress6 = "2001:db8:ffff::2";
  static constexpr const char* kNodeAddress4 = "192.0.2.1";
  static constexpr const char* kNodeAddress6 = "2001:db8:ffff::1";
};

class Node : public Place {
 public:
  Node();

  /// Writes a file inside the node; folders are made.
  void write(const std::string& path, std::string_view text) const;
  /// Removes the bind mount of a pod's namespace, as a runtime does when it deletes the sandbox.
  void remove_netns(const Pod& pod) const;

 private:
  friend class Pod;
  friend class Outside;
};

/// Calls `done` until it returns true, at most `deadline`; false when it never did. Between calls it lets
/// others run.
[[nodiscard]] bool wait_until(const std::function<bool()>& done,
                              std::chrono::milliseconds deadline = std::chrono::seconds(20));

}  // namespace podwire::netns
