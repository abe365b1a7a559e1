// The same configuration to our plugins and to Debian's, in two nodes: results, kernel state and lease files
// are equal, but for the lines that the table of docs/differences.md explains. A row there that no longer
// matches anything fails as well, so the table stays true.

#include <fmt/format.h>
#include <gtest/gtest.h>

#include <algorithm>
#include <fstream>
#include <regex>
#include <set>

#include "libcni/base/text.h"
#include "netns-test/cni.h"
#include "netns-test/node.h"
#include "netns-test/snapshot.h"

namespace podwire::netns {
namespace {

/// A row of the table: "-" lines are the reference's, "+" lines ours.
struct Difference {
  std::string pattern;
  std::regex regex;
};

/// Rows look like: | `regular expression` | why |
std::vector<Difference> known_differences() {
  std::vector<Difference> rows;
  std::ifstream file(std::string(PODWIRE_SOURCE_DIR) + "/docs/differences.md");
  for (std::string line; std::getline(file, line);) {
    if (!line.starts_with("| `")) continue;
    const std::string pattern = line.substr(3, line.find("` |", 3) - 3);
    rows.push_back({.pattern = pattern, .regex = std::regex(pattern)});
  }
  return rows;
}

/// Names and addresses that each side chooses for itself.
std::string normalised(std::string text) {
  static const std::regex mac("[0-9a-f]{1,2}(:[0-9a-f]{1,2}){5}");
  static const std::regex veth("veth[0-9a-f]{8,11}");
  text = std::regex_replace(text, mac, "MAC");
  return std::regex_replace(text, veth, "VETH");
}

Snapshot normalised(Snapshot lines) {
  std::ranges::transform(lines, lines.begin(), [](const std::string& line) { return normalised(line); });
  std::ranges::sort(lines);
  return lines;
}

/// One line per scalar of a result: "result /ips/0/address="10.1.2.2/24"".
void flatten(const JsonView& view, Snapshot& lines) {
  if (auto members = view.members()) {
    for (const auto& [key, value] : *members) flatten(value, lines);
  } else if (auto elements = view.elements()) {
    for (const JsonView& element : *elements) flatten(element, lines);
  } else {
    lines.push_back(normalised("result " + view.pointer() + "=" + view.dump()));
  }
}

struct Side {
  explicit Side(std::string folder) : plugins(std::move(folder)) {}

  std::string plugins;
  Node node;
  Pod one{node, "pod1"};
  Pod two{node, "pod2"};

  Snapshot run(const char* verb, const std::string& conf, const std::string& args) {
    Snapshot lines;
    for (const Pod* pod : {&one, &two}) {
      const Reply reply = exec(node, {.verb = verb,
                                      .conf = conf,
                                      .id = pod->name(),
                                      .netns = pod->netns(),
                                      .args = args,
                                      .path = plugins});
      lines.push_back(fmt::format("{} {} exit status {}", verb, pod->name(), reply.status));
      if (reply.ok() && !reply.out.empty()) {
        flatten(reply.json.view(), lines);
      } else if (!reply.ok()) {
        lines.push_back(normalised(fmt::format("{} {} message {}", verb, pod->name(), reply.at("/msg"))));
      }
    }
    std::ranges::sort(lines);
    return lines;
  }
  [[nodiscard]] Snapshot state() const {
    Snapshot lines = snapshot(node, one);
    for (const std::string& line : snapshot(two)) lines.push_back("pod2: " + line);
    return normalised(std::move(lines));
  }
};

struct Case {
  const char* name;
  std::string members;
  std::string args;
  /// The ADD of a pod fails. The reference then leaves its veth pair behind, so only the answers are
  /// compared.
  bool fails = false;
};

const std::string kDual = ipam({"10.1.2.0/24", "fd00:1::/64"});

const std::vector<Case>& cases() {
  static const std::vector<Case> all{
      {"plain", ipam({"10.1.2.0/24"}), ""},
      {"gateway", R"("isGateway":true,)" + ipam({"10.1.2.0/24"}), ""},
      {"dual stack", R"("isDefaultGateway":true,)" + kDual, ""},
      {"masquerade", R"("isDefaultGateway":true,"ipMasq":true,)" + kDual, ""},
      {"mtu", R"("isGateway":true,"mtu":1400,)" + kDual, ""},
      {"hairpin", R"("isGateway":true,"hairpinMode":true,)" + kDual, ""},
      {"promiscuous", R"("isGateway":true,"promiscMode":true,)" + kDual, ""},
      {"layer 2", R"("ipam":{})", ""},
      {"dns",
       R"("dns":{"nameservers":["192.0.2.53"],"domain":"x.example","search":["y"],"options":["z"]},)" + kDual,
       ""},
      {"routes",
       R"("isGateway":true,)" + ipam({"10.1.2.0/24"}, R"("routes":[{"dst":"10.9.0.0/16"},)"
                                                      R"({"dst":"10.8.0.0/16","gw":"10.1.2.7"}])"),
       ""},
      {"legacy range",
       R"("ipam":{"type":"host-local","subnet":"10.1.2.0/24","rangeStart":"10.1.2.40",)"
       R"("gateway":"10.1.2.254"})",
       ""},
      {"runtimeConfig",
       R"("runtimeConfig":{"mac":"02:00:00:00:00:07","ipRanges":[[{"subnet":"10.7.0.0/24"}]]},)" + kDual, ""},
      {"address asked for twice", R"("isGateway":true,"runtimeConfig":{"ips":["10.1.2.9"]},)" + kDual, "",
       true},
      {"gateway asked for", R"("isGateway":true,"runtimeConfig":{"ips":["10.1.2.1"]},)" + kDual, "", true},
      {"arguments", R"("isGateway":true,)" + kDual, "IgnoreUnknown=1;IP=10.1.2.44;K8S_POD_NAME=x", true},
      {"unknown argument", R"("isGateway":true,)" + kDual, "NOSUCH=1", true},
      {"hairpin with promiscuous", R"("hairpinMode":true,"promiscMode":true,)" + kDual, "", true},
      {"exhausted", R"("ipam":{"type":"host-local","subnet":"10.1.2.0/30"})", "", true},
      {"two v6", R"("isGateway":true,)" + ipam({"fd00:1::/64", "fd00:2::/64"}), ""},
  };
  return all;
}

constexpr std::array kComparable{"0.1.0", "0.2.0", "0.3.0",
                                 "0.3.1", "0.4.0", "1.0.0"};  // what Debian 12 knows

class Differential : public testing::Test {
 protected:
  void compare(const Snapshot& theirs, const Snapshot& ours, const std::string& what) {
    std::string unexplained;
    for (const std::string& line : split(difference(theirs, ours), '\n')) {
      if (line.empty()) continue;
      bool explained = false;
      for (const Difference& row : known_) {
        if (!std::regex_search(line, row.regex)) continue;
        used_.insert(row.pattern);
        explained = true;
      }
      if (!explained) unexplained += line + "\n";
    }
    EXPECT_TRUE(unexplained.empty()) << what << " (- reference, + podwire)\n" << unexplained;
  }

  void compare_case(const Case& c, std::string_view version) {
    Side theirs(kReferencePlugins);
    Side ours(our_plugins());
    const std::string conf = bridge_conf(version, c.members);
    for (const char* verb : {"ADD", "DEL"}) {
      const std::string what = fmt::format("{} of \"{}\" at {}", verb, c.name, version);
      compare(theirs.run(verb, conf, c.args), ours.run(verb, conf, c.args), what + ", results");
      if (!c.fails) compare(theirs.state(), ours.state(), what + ", state");
    }
  }

  std::vector<Difference> known_ = known_differences();
  std::set<std::string> used_;
};

TEST_F(Differential, EveryCaseAtTheNewestCommonVersion) {
  ASSERT_FALSE(known_.empty()) << "docs/differences.md has no table";
  for (const Case& c : cases()) compare_case(c, "1.0.0");
  for (const Difference& row : known_)
    EXPECT_TRUE(used_.contains(row.pattern)) << "no longer differs: " << row.pattern;
}

TEST_F(Differential, EveryVersion) {
  for (const char* version : kComparable) compare_case(cases().at(2), version);
}

}  // namespace
}  // namespace podwire::netns
