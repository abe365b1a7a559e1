#include "shim/netns-test/doctor_node.h"

#include <fmt/format.h>

#include <algorithm>
#include <cstdlib>

#include "libcni/base/text.h"
#include "libcni/plan/owner.h"

namespace podwire::netns {
namespace {

std::string described(const std::vector<Said>& all) {
  std::string text;
  for (const Said& said : all) text += fmt::format("{} {}: {}\n", said.severity, said.check, said.message);
  return text;
}

std::vector<std::string> strings_at(const JsonView& object, std::string_view key) {
  const auto member = object.find(key);
  return member ? member->strings().value_or(std::vector<std::string>{}) : std::vector<std::string>{};
}

}  // namespace

DoctorTest::DoctorTest() {
  node_.sh("ip route add default via 192.0.2.2; ip -6 route add default via 2001:db8:ffff::2");
  node_.write(kNetwork,
              list_of("doctor",
                      R"("bridge": "dr0", "isDefaultGateway": true, "ipMasq": true, "macspoofchk": true,
                                   "ipam": {"type": "host-local",
                                            "ranges": [[{"subnet": "10.213.0.0/24"}], [{"subnet": "fd13:d0c::/64"}]]})"));
}

std::string DoctorTest::list_of(const std::string& network, const std::string& members) {
  return fmt::format(R"({{"cniVersion": "1.1.0", "name": "{}", "plugins": [{{"type": "bridge", {}}}]}})",
                     network, members);
}

void DoctorTest::configure(const std::string& name, std::string_view text) const {
  node_.write(std::string(kNetworks) + "/" + name, text);
}

std::string DoctorTest::add_pod(const std::string& name) const {
  return must({"pod", "add", name, "--net", kNetwork, "--plugin-dir", our_plugins()});
}

std::vector<std::string> DoctorTest::doctor(const std::vector<std::string>& more) const {
  std::vector<std::string> arguments{"doctor", "--conf-dir", kNetworks, "--plugin-dir", our_plugins()};
  arguments.insert(arguments.end(), more.begin(), more.end());
  return arguments;
}

std::vector<Said> DoctorTest::findings() const {
  const Completed done = podwire(doctor({"--json"}));
  const Json report = Json::parse(done.out).value_or(Json());
  EXPECT_TRUE(report.view().is_object()) << done.out << done.err;
  std::vector<Said> all;
  const auto array = report.view().find("findings");
  if (!array) return all;
  const auto elements = array->elements();
  for (const JsonView& finding : *elements) {
    all.push_back({.severity = at(finding, "/severity"),
                   .check = at(finding, "/check"),
                   .message = at(finding, "/message"),
                   .commands = strings_at(finding, "commands"),
                   .advice = at(finding, "/advice")});
  }
  const bool problem = std::ranges::find(all, "problem", &Said::severity) != all.end();
  EXPECT_EQ(done.status, problem ? 1 : 0) << described(all);
  return all;
}

std::vector<Said> DoctorTest::bad() const {
  std::vector<Said> all = findings();
  std::erase_if(all, [](const Said& said) { return said.severity == "ok"; });
  return all;
}

Diagnosis DoctorTest::diagnosis() const {
  Diagnosis diagnosis;
  for (const Said& said : bad()) diagnosis.push_back(said.severity + " " + said.check);
  return diagnosis;
}

Said DoctorTest::only(const std::string& expected) const {
  std::vector<Said> all = bad();
  EXPECT_EQ(all.size(), 1U) << described(all);
  if (all.empty()) return {};
  EXPECT_EQ(all.front().severity + " " + all.front().check, expected) << described(all);
  EXPECT_FALSE(all.front().commands.empty() && all.front().advice.empty()) << described(all);
  return std::move(all.front());
}

void DoctorTest::cure(const Said& said) const {
  EXPECT_FALSE(said.commands.empty()) << said.message;
  // NOLINTNEXTLINE(concurrency-mt-unsafe): one thread
  const std::string path = our_plugins() + ":" + std::getenv("PATH");
  for (const std::string& command : said.commands) node_.sh("PATH=" + path + "\n" + command);
}

std::string DoctorTest::expect_cured(const std::string& expected) const {
  const Said said = only(expected);
  cure(said);
  EXPECT_EQ(described(bad()), "") << "after " << join(said.commands, "; ");
  return said.message;
}

std::string DoctorTest::host_veth(const std::string& pod) const {
  return plan::host_veth_name({"doctor", shown(pod, "/containerID"), "eth0"});
}

}  // namespace podwire::netns
