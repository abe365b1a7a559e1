#include "netns-test/explain_stage.h"

#include <fmt/format.h>

#include <fstream>
#include <iterator>

#include "netns-test/cni.h"

namespace podwire::netns {

namespace fs = std::filesystem;

ExplainStage::ExplainStage(std::string_view list, const std::string& prepare) {
  node.write(kList, list);
  node.sh(prepare);
}

Completed ExplainStage::podwire(const Words& words) const {
  return node.run(Words{our_plugins() + "/podwire"} + words);
}

Completed ExplainStage::cni(const std::string& verb, const Words& more) const {
  return podwire(Words{"cni", verb} + attachment() + Words{"--cache-dir", "/run/cache"} + more);
}

Completed ExplainStage::explain(const Words& more) const {
  return podwire(Words{"explain"} + attachment() + more);
}

Completed ExplainStage::carry_out(const std::string& lines) const {
  return node.run(Command{.argv = {"/bin/sh", "-e"}, .input = lines});
}

Results ExplainStage::take_results() const {
  const Inside inside(node);
  Results results;
  for (const fs::directory_entry& entry : fs::directory_iterator("/run/cache/results")) {
    results.emplace_back(entry.path(), read_file(entry.path()));
  }
  fs::remove_all("/run/cache");
  return results;
}

Snapshot ExplainStage::everything() const {
  Snapshot lines = snapshot(node, pod);
  lines.push_back(node.sh("find /var/lib/cni /run -printf '%p %s %m %T@\\n' | sort; nft list ruleset"));
  return lines;
}

namespace {

/// Until the kernel has looked for duplicates of all addresses it keeps routes back.
void await_addresses(const ExplainStage& stage) {
  constexpr const char* kTentative = "ip -6 address show scope global tentative";
  EXPECT_TRUE(wait_until([&] { return (stage.pod.sh(kTentative) + stage.node.sh(kTentative)).empty(); }));
}

/// What snapshots leave out on purpose: order in the ruleset and among routes, modes of files, round-robin
/// pointers.
std::string details(const ExplainStage& stage) {
  return stage.node.sh(
             "nft list ruleset; find /var/lib/cni ! -name lock ! -name '.podwire*' -printf '%p %m %y\\n' | "
             "sort; "
             "find /var/lib/cni -name 'last_reserved_ip.*' -print0 | sort -z | xargs -0 -r tail -n +1") +
         stage.pod.sh("ip -4 route show table all");
}

testing::AssertionResult alike(const ExplainStage& by_hand, const ExplainStage& by_plugin) {
  return unchanged(snapshot(by_plugin.node, by_plugin.pod), snapshot(by_hand.node, by_hand.pod))
         << "(-: the plugin's, +: by hand)";
}

/// CHECK and DEL with the results of the plugins' ADD.
void expect_adopted(const ExplainStage& stage, const Results& results, const Words& options) {
  for (const auto& [path, content] : results) stage.node.write(path, content);
  const Completed checked = stage.cni("check", options);
  EXPECT_TRUE(checked.ok()) << checked.err;
  const Completed deleted = stage.cni("del", options);
  EXPECT_TRUE(deleted.ok()) << deleted.err;
  stage.node.sh("rm -rf /run/cache");
}

}  // namespace

void expect_same_outcome(const ExplainStage& by_hand, const ExplainStage& by_plugin, const std::string& lines,
                         const Words& options) {
  const Completed run = by_hand.carry_out(lines);
  ASSERT_TRUE(run.ok()) << run.err << run.out << "\nof\n" << lines;
  EXPECT_EQ(run.out + run.err, "");
  const Completed added = by_plugin.cni("add", options);
  ASSERT_TRUE(added.ok()) << added.err;
  const Results results = by_plugin.take_results();
  await_addresses(by_hand);
  await_addresses(by_plugin);
  EXPECT_TRUE(alike(by_hand, by_plugin)) << "after\n" << lines;
  EXPECT_EQ(details(by_hand), details(by_plugin));
  for (const ExplainStage* stage : {&by_hand, &by_plugin}) expect_adopted(*stage, results, options);
  EXPECT_TRUE(alike(by_hand, by_plugin)) << "after DEL";
}

void expect_same(const Variant& variant) {
  SCOPED_TRACE(variant.name);
  const ExplainStage by_hand(variant.list, variant.prepare);
  const ExplainStage by_plugin(variant.list, variant.prepare);
  ASSERT_TRUE(alike(by_hand, by_plugin)) << "before";

  const Snapshot before = by_hand.everything();
  const Completed explained = by_hand.explain(variant.options + variant.assume);
  ASSERT_TRUE(explained.ok()) << explained.err;
  EXPECT_EQ(explained.err, "");
  EXPECT_TRUE(unchanged(before, by_hand.everything())) << "by looking at it";
  expect_same_outcome(by_hand, by_plugin, explained.out, variant.options);
}

std::string first_pod() {
  return fmt::format(
      "ip netns add one; ip -n one link set lo up; {}/podwire cni add {} --netns /run/netns/one --id one "
      "--cache-dir /run/cache >/dev/null; rm -rf /run/cache; ",
      our_plugins(), kList);
}

std::string read_file(const fs::path& path) {
  std::ifstream file(path);
  return {std::istreambuf_iterator<char>(file), std::istreambuf_iterator<char>()};
}

void for_every_conflist(const std::function<void(const std::string& name, const std::string& text)>& body) {
  std::size_t files = 0;
  for (const fs::directory_entry& entry : fs::directory_iterator(fs::path(PODWIRE_SOURCE_DIR) / "conf")) {
    if (entry.path().extension() != ".conflist") continue;
    ++files;
    body(entry.path().filename(), read_file(entry.path()));
  }
  EXPECT_GT(files, 0U);
}

std::string list_of(std::string_view members) {
  return fmt::format(
      R"({{"cniVersion":"1.1.0","name":"testnet","plugins":[{{"type":"bridge","bridge":"br0",{}}}]}})",
      members);
}

}  // namespace podwire::netns
