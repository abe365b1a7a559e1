#include "shim/netns-test/shim_node.h"

#include <cstdlib>

namespace podwire::netns {
namespace {

constexpr std::string_view kFull = R"({"cniVersion": "1.0.0", "name": "fullnet", "plugins": [
  {"type": "bridge", "bridge": "br0", "isGateway": true, "ipMasq": false,
   "capabilities": {"ips": true, "mac": true},
   "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.77.0.0/24"}]], "routes": [{"dst": "0.0.0.0/0"}]},
   "dns": {"nameservers": ["10.77.0.53"], "search": ["pod.test"]}},
  {"type": "portmap", "capabilities": {"portMappings": true}, "snat": false}]})";

constexpr std::string_view kTiny = R"({"cniVersion": "1.0.0", "name": "tinynet", "plugins": [
  {"type": "bridge", "bridge": "br1",
   "ipam": {"type": "host-local", "ranges": [[{"subnet": "10.78.0.0/30"}]]}}]})";

std::string variable(const char* name) {
  const char* value = std::getenv(name);  // NOLINT(concurrency-mt-unsafe): one thread
  return value == nullptr ? "" : value;
}

}  // namespace

ShimTest::ShimTest() {
  node_.write(kFullList, kFull);
  node_.write(kTinyList, kTiny);
}

ShimTest::~ShimTest() {
  const Completed names = podwire({"pod", "ls", "-q"});
  for (std::size_t at = 0, end = 0; (end = names.out.find('\n', at)) != std::string::npos; at = end + 1) {
    const Completed removed = podwire({"pod", "rm", "--force", names.out.substr(at, end - at)});
    EXPECT_FALSE(node_.run({"test", "-e", "/run/podwire/pods/" + names.out.substr(at, end - at)}).ok())
        << removed.err;
  }
}

Command ShimTest::command(std::vector<std::string> arguments) {
  arguments.insert(arguments.begin(), our_plugins() + "/podwire");
  return {.argv = std::move(arguments),
          .environment =
              std::vector<std::string>{"PATH=" + variable("PATH"), "ASAN_OPTIONS=" + variable("ASAN_OPTIONS"),
                                       "UBSAN_OPTIONS=" + variable("UBSAN_OPTIONS")}};
}

Completed ShimTest::podwire(std::vector<std::string> arguments) const {
  return node_.run(command(std::move(arguments)));
}

std::string ShimTest::must(std::vector<std::string> arguments) const {
  const Completed done = podwire(std::move(arguments));
  EXPECT_TRUE(done.ok()) << done.status << ": " << done.err;
  return done.out;
}

std::string ShimTest::add(const std::string& name, const std::string& list,
                          const std::vector<std::string>& more) const {
  std::vector<std::string> arguments{"pod", "add", name, "--net", list, "--plugin-dir", kReferencePlugins};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return must(std::move(arguments));
}

std::string ShimTest::in_pod(const std::string& name, const std::string& script) const {
  return must({"pod", "exec", name, "--", "sh", "-euc", script});
}

Process ShimTest::start_in_pod(const std::string& name, const std::string& script) const {
  const Inside inside(node_);
  return Process::start(command({"pod", "exec", name, "--", "sh", "-euc", script}));
}

std::string ShimTest::shown(const std::string& name, std::string_view pointer) const {
  const Json json = Json::parse(must({"pod", "show", name, "--json"})).value_or(Json());
  return at(json.view(), pointer);
}

bool ShimTest::holds(const std::string& condition) const {
  return node_.run({"sh", "-c", "[ " + condition + " ]"}).ok();
}

testing::AssertionResult ShimTest::no_pod_left() const {
  const std::string left = node_.sh(
      "find /run/podwire/pods -mindepth 1; grep /run/podwire/pods /proc/self/mountinfo || :;"
      "find /var/lib/cni -name '10.*' -o -name '*-eth*';"
      "ip -o link | grep veth || :");
  if (left.empty()) return testing::AssertionSuccess();
  return testing::AssertionFailure() << "left behind:\n" << left;
}

}  // namespace podwire::netns
