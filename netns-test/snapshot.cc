#include "netns-test/snapshot.h"

#include <fcntl.h>
#include <fmt/format.h>
#include <unistd.h>

#include <algorithm>
#include <array>
#include <filesystem>
#include <iterator>
#include <stdexcept>

#include "libcni/base/fd.h"
#include "libcni/base/json.h"
#include "libcni/base/text.h"
#include "netns-test/cni.h"

namespace podwire::netns {
namespace {

namespace fs = std::filesystem;

/// Members of iproute2's and nft's JSON that change without anybody doing anything.
constexpr std::array kVolatile{"operstate",
                               "tentative",
                               "dadfailed",
                               "handle",
                               "packets",
                               "bytes",
                               "used",
                               "updated",
                               "state",
                               "topology_change",
                               "metainfo",
                               "linkdown",
                               "flags",
                               "link_index",
                               "topology_change_detected",
                               "confirmed",
                               "topology_change_ack",
                               "expires",
                               "link_netnsid",
                               "ifindex"};
/// Flags that say what somebody asked for; the others follow the carrier.
constexpr std::array kSteadyFlags{"\"UP\"",           "\"PROMISC\"", "\"NOARP\"",     "\"ALLMULTI\"",
                                  "\"extern_learn\"", "\"onlink\"",  "\"PERMANENT\"", "\"isolated\"",
                                  "\"self\"",         "\"master\""};

bool contains(auto const& list, std::string_view text) {
  return std::ranges::find(list, text) != list.end();
}

std::vector<JsonView> elements(const JsonView& view) {
  auto result = view.elements();
  return result ? *std::move(result) : std::vector<JsonView>{};
}

std::vector<std::pair<std::string, JsonView>> members(const JsonView& view) {
  auto result = view.members();
  return result ? *std::move(result) : std::vector<std::pair<std::string, JsonView>>{};
}

std::string steady_flags(const JsonView& flags) {
  std::vector<std::string> kept;
  for (const JsonView& flag : elements(flags)) {
    if (contains(kSteadyFlags, flag.dump())) kept.push_back(flag.dump());
  }
  std::ranges::sort(kept);
  return join(kept, ",");
}

/// "a.b=1 c=2": scalars with their paths, volatile members left out.
void flatten(const JsonView& view, const std::string& path, std::vector<std::string>& out) {
  if (view.is_object()) {
    for (const auto& [key, value] : members(view)) {
      if (key == "flags" && value.is_array() && !steady_flags(value).empty())
        out.push_back(path + key + "=" + steady_flags(value));
      if (contains(kVolatile, key) || key.ends_with("_timer")) continue;
      flatten(value, path + key + ".", out);
    }
  } else if (view.is_array()) {
    const std::vector<JsonView> all = elements(view);
    for (std::size_t i = 0; i < all.size(); ++i) flatten(all[i], path + std::to_string(i) + ".", out);
    if (all.empty()) out.push_back(path + "=[]");
  } else {
    out.push_back(path.substr(0, path.empty() ? 0 : path.size() - 1) + "=" + view.dump());
  }
}

std::string one_line(const JsonView& view) {
  std::vector<std::string> pieces;
  flatten(view, "", pieces);
  return join(pieces, " ");
}

bool link_local(const std::string& line) {
  return line.find("\"fe80:") != std::string::npos || line.find("\"ff00::/8\"") != std::string::npos;
}

Json json_of(const std::vector<std::string>& argv) {
  const Completed done = netns::run(Command{.argv = argv});
  if (!done.ok()) throw std::runtime_error(join(argv, " ") + ": " + done.err);
  if (trim(done.out).empty()) return Json::array();
  auto parsed = Json::parse(done.out);
  if (!parsed) throw std::runtime_error(join(argv, " ") + ": " + parsed.error().msg);
  return *std::move(parsed);
}

void add_links(Snapshot& lines) {
  const Json links = json_of({"ip", "-d", "-j", "address"});
  for (const JsonView& link : elements(links.view())) {
    const std::string name = at(link, "/ifname");
    std::vector<std::string> pieces;
    for (const auto& [key, value] : members(link)) {
      if (key == "addr_info" || contains(kVolatile, key)) continue;
      flatten(value, key + ".", pieces);
    }
    if (const auto flags = link.find("flags")) pieces.push_back("flags=" + steady_flags(*flags));
    for (const std::string& piece : pieces) lines.push_back("link " + name + " " + piece);
    const auto addresses = link.find("addr_info");
    for (const JsonView& address : addresses ? elements(*addresses) : std::vector<JsonView>{}) {
      if (!at(address, "/local").starts_with("fe80:"))
        lines.push_back("address " + name + " " + one_line(address));
    }
  }
}

void add_objects(Snapshot& lines, std::string_view label, const std::vector<std::string>& argv) {
  const Json objects = json_of(argv);
  for (const JsonView& object : elements(objects.view())) {
    const std::string line = one_line(object);
    if (!link_local(line) && !line.empty()) lines.push_back(fmt::format("{} {}", label, line));
  }
}

void add_nft(Snapshot& lines) {
  const Json ruleset = json_of({"nft", "-j", "list", "ruleset"});
  const auto objects = ruleset.view().find("nftables");
  for (const JsonView& object : objects ? elements(*objects) : std::vector<JsonView>{}) {
    const std::string line = one_line(object);
    if (!line.empty()) lines.push_back("nft " + line);
  }
}

/// Set once per boot or unreadable by design.
bool skip_sysctl(const std::string& name) {
  return name == "stable_secret" || name == "mc_forwarding";
}

/// As far as it can be read: a netns bound to a file has no content.
std::string text_of(const fs::path& path) {
  const Fd file(::open(path.c_str(), O_RDONLY | O_CLOEXEC | O_NONBLOCK));
  std::string text;
  std::array<char, 4096> chunk{};
  ssize_t n = 0;
  while (file && (n = ::read(file.get(), chunk.data(), chunk.size())) > 0) {
    text.append(chunk.data(), static_cast<std::size_t>(n));
  }
  return text;
}

void add_sysctls(Snapshot& lines) {
  for (const char* root : {"/proc/sys/net/ipv4/conf", "/proc/sys/net/ipv6/conf"}) {
    for (const fs::directory_entry& entry : fs::recursive_directory_iterator(root)) {
      if (!entry.is_regular_file() || skip_sysctl(entry.path().filename())) continue;
      lines.push_back(fmt::format("sysctl {}={}", entry.path().string(), trim(text_of(entry.path()))));
    }
  }
  lines.push_back(
      fmt::format("sysctl net/ipv4/ip_forward={}", trim(text_of("/proc/sys/net/ipv4/ip_forward"))));
}

bool bookkeeping(const std::string& name) {
  return name.starts_with('.') || name == "lock" || name.starts_with("last_reserved_ip");
}

std::string escaped(std::string_view text) {
  std::string result;
  for (const char c : text) {
    if (c == '\r')
      result += "\\r";
    else if (c == '\n')
      result += "\\n";
    else
      result += c;
  }
  return result;
}

void add_files(Snapshot& lines) {
  for (const char* root : {"/var/lib/cni", "/run"}) {
    auto walk = fs::recursive_directory_iterator(root);
    for (auto it = fs::begin(walk); it != fs::end(walk); ++it) {
      if (bookkeeping(it->path().filename())) {
        it.disable_recursion_pending();
      } else if (it->is_directory()) {
        lines.push_back("directory " + it->path().string());
      } else {
        lines.push_back(fmt::format("file {}={}", it->path().string(), escaped(text_of(it->path()))));
      }
    }
  }
}

}  // namespace

Snapshot snapshot(const Place& place) {
  const Inside inside(place);
  Snapshot lines;
  add_links(lines);
  add_objects(lines, "route", {"ip", "-d", "-j", "route", "show", "table", "all"});
  add_objects(lines, "route", {"ip", "-6", "-d", "-j", "route", "show", "table", "all"});
  add_objects(lines, "rule", {"ip", "-j", "rule"});
  add_objects(lines, "rule", {"ip", "-6", "-j", "rule"});
  add_objects(lines, "neighbour", {"ip", "-j", "neigh", "show", "nud", "permanent"});
  add_objects(lines, "vlan", {"bridge", "-j", "vlan", "show"});
  add_nft(lines);
  add_sysctls(lines);
  add_files(lines);
  std::ranges::sort(lines);
  return lines;
}

Snapshot snapshot(const Node& node, const Pod& pod) {
  Snapshot lines = snapshot(node);
  for (const std::string& line : snapshot(pod)) lines.push_back(pod.name() + ": " + line);
  std::ranges::sort(lines);
  return lines;
}

std::string difference(const Snapshot& before, const Snapshot& after) {
  Snapshot gone;
  Snapshot fresh;
  std::ranges::set_difference(before, after, std::back_inserter(gone));
  std::ranges::set_difference(after, before, std::back_inserter(fresh));
  std::string text;
  for (const std::string& line : gone) text += "- " + line + "\n";
  for (const std::string& line : fresh) text += "+ " + line + "\n";
  return text;
}

testing::AssertionResult unchanged(const Snapshot& before, const Snapshot& after) {
  const std::string changes = difference(before, after);
  if (changes.empty()) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "changed:\n" << changes;
}

std::string owned_elements(const Place& place) {
  return place.sh(
      "nft -j list sets | jq -r '.nftables[].set | select(.table == \"podwire\" and (.name | "
      "startswith(\"nomasq\") | not))"
      " | .elem // empty | .[] | if type == \"object\" then (.elem.val // .) else . end | tostring'");
}

Snapshot lines_with(const Snapshot& snapshot, std::string_view prefix) {
  Snapshot result;
  std::ranges::copy_if(snapshot, std::back_inserter(result),
                       [&](const std::string& line) { return line.starts_with(prefix); });
  return result;
}

}  // namespace podwire::netns
