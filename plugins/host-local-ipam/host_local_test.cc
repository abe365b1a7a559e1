#include "plugins/host-local-ipam/host_local.h"

#include <gtest/gtest.h>

#include <map>

#include "libcni/base/json.h"
#include "libcni/spec/version.h"
#include "plugins/host-local-ipam/test_support.h"

namespace podwire::host_local {
namespace {

using Strings = std::vector<std::string>;

/// The verbs as a runtime calls them, in-process.
class HostLocal : public ::testing::TestWithParam<spec::Version> {
 protected:
  struct Request {
    std::string id = "dummy", ifname = "eth0", args, version = "1.1.0", name = "mynet";
  };

  /// The configuration with these members of "ipam", and `more` at top level.
  [[nodiscard]] std::string conf(const std::string& ipam, const std::string& more = "") const {
    return fmt::format(R"("type":"ipvlan","ipam":{{"type":"host-local","dataDir":"{}",{}}}{})",
                       dir_.path().string(), ipam, more);
  }

  [[nodiscard]] plugin::Outcome run(const std::string& verb, const std::string& conf,
                                    const Request& request) const {
    const bool attachment = verb == "ADD" || verb == "DEL" || verb == "CHECK";
    std::map<std::string, std::string> env{{"CNI_COMMAND", verb}, {"CNI_PATH", "/opt/cni/bin"}};
    if (attachment) {
      env.insert({{"CNI_CONTAINERID", request.id},
                  {"CNI_IFNAME", request.ifname},
                  {"CNI_NETNS", "/some/where"},
                  {"CNI_ARGS", request.args}});
    }
    const std::string text =
        fmt::format(R"({{"cniVersion":"{}","name":"{}",{}}})", request.version, request.name, conf);
    return plugin::run(kPlugin, {},
                       {.getenv =
                            [&](const char* name) {
                              const auto found = env.find(name);
                              return found == env.end() ? std::nullopt : std::optional(found->second);
                            },
                        .read_stdin = [&]() -> Result<std::string> { return text; },
                        .peek_stdin = [&]() -> std::optional<std::string> { return text; }});
  }
  [[nodiscard]] plugin::Outcome run(const std::string& verb, const std::string& conf) const {
    return run(verb, conf, Request{});
  }

  /// "address via gateway ..." of a successful ADD, or the error's message.
  [[nodiscard]] static std::string summary(const plugin::Outcome& outcome, spec::Version version) {
    const Json json = test::must(Json::parse(outcome.out));
    if (outcome.exit_status != 0) return test::must(json.view().find("msg")->string());
    const auto result = test::must(spec::decode_result(json.view(), version));
    std::string out;
    for (const auto& ip : result.ips) out += fmt::format("{} via {} ", ip.address.text(), ip.gateway->text());
    return out.substr(0, out.size() - 1);
  }
  [[nodiscard]] std::string add(const std::string& conf, Request request) const {
    request.version = text(GetParam());
    return summary(run("ADD", conf, request), GetParam());
  }
  [[nodiscard]] std::string add(const std::string& conf) const { return add(conf, Request{}); }
  [[nodiscard]] Strings leases(const std::string& name = "mynet") const {
    return test::lease_names(dir_.path() / name);
  }
  [[nodiscard]] std::string file(const std::string& name) const {
    return test::read_file(dir_.path() / "mynet" / name);
  }

  static std::int64_t code(const plugin::Outcome& outcome) {
    return test::must(test::must(Json::parse(outcome.out)).view().find("code")->integer(0, 1000));
  }

  test::TempDir dir_;
};

using HostLocalVersions = HostLocal;

TEST_P(HostLocalVersions, AddsAndReleasesTwoFamilies) {
  test::write_file(dir_.path() / "resolv.conf", "nameserver 192.0.2.3");
  const std::string dual = conf(fmt::format(
      R"("resolvConf":"{}/resolv.conf","ranges":[[{{"subnet":"10.1.2.0/24"}},{{"subnet":"10.2.2.0/24"}}],
         [{{"subnet":"2001:db8:1::0/64"}}]],"routes":[{{"dst":"0.0.0.0/0"}},{{"dst":"::/0"}},
         {{"dst":"192.168.0.0/16","gw":"1.1.1.1"}},{{"dst":"2001:db8:2::0/64","gw":"2001:db8:3::1"}}])",
      dir_.path().string()));
  const Request request{.version = std::string(text(GetParam()))};
  const auto added = run("ADD", dual, request);
  ASSERT_EQ(added.exit_status, 0) << added.out;
  EXPECT_EQ(summary(added, GetParam()), "10.1.2.2/24 via 10.1.2.1 2001:db8:1::2/64 via 2001:db8:1::1");
  const auto result = test::must(spec::decode_result(test::must(Json::parse(added.out)).view(), GetParam()));
  ASSERT_EQ(result.routes.size(), 4U);
  EXPECT_EQ(result.dns.nameservers, Strings{"192.0.2.3"});
  EXPECT_FALSE(result.ips[0].interface);
  EXPECT_EQ(file("10.1.2.2"), "dummy\r\neth0");
  EXPECT_EQ(file("2001:db8:1::2"), "dummy\r\neth0");
  EXPECT_EQ(file("last_reserved_ip.0"), "10.1.2.2");
  EXPECT_EQ(file("last_reserved_ip.1"), "2001:db8:1::2");
  const bool has_check = spec::has_check(GetParam());
  EXPECT_EQ(run("CHECK", dual, request).exit_status, has_check ? 0 : 1);
  const auto deleted = run("DEL", dual, request);
  EXPECT_EQ(deleted.exit_status, 0);
  EXPECT_EQ(deleted.out, "");
  EXPECT_TRUE(leases().empty());
  if (!has_check) return;
  const auto missing = run("CHECK", dual, request);
  EXPECT_EQ(summary(missing, GetParam()), "host-local: Failed to find address added by container dummy");
  EXPECT_EQ(code(missing), 107);
}

TEST_P(HostLocalVersions, TellsInterfacesOfOneContainerApart) {
  const std::string subnet = conf(R"("subnet":"10.1.2.0/24")");
  const std::string version(text(GetParam()));
  EXPECT_EQ(add(subnet, {.name = "mynet0"}), "10.1.2.2/24 via 10.1.2.1");
  EXPECT_EQ(add(subnet, {.ifname = "eth1", .name = "mynet1"}), "10.1.2.2/24 via 10.1.2.1");
  EXPECT_EQ(add(subnet, {.ifname = "eth1", .name = "mynet0"}), "10.1.2.3/24 via 10.1.2.1");
  EXPECT_EQ(run("DEL", subnet, {.version = version, .name = "mynet0"}).exit_status, 0);
  EXPECT_EQ(leases("mynet0"), Strings{"10.1.2.3"});
  EXPECT_EQ(leases("mynet1"), Strings{"10.1.2.2"});
}

TEST_P(HostLocalVersions, RefusesTheSameAttachmentTwice) {
  const std::string subnet = conf(R"("subnet":"10.1.2.0/24")");
  EXPECT_EQ(add(subnet), "10.1.2.2/24 via 10.1.2.1");
  EXPECT_EQ(add(subnet),
            "failed to allocate for range 0: 10.1.2.2 has been allocated to dummy, duplicate allocation is "
            "not allowed");
  EXPECT_EQ(add(subnet, {.id = "dummy1"}), "10.1.2.3/24 via 10.1.2.1");
  EXPECT_EQ(add(subnet, {.id = "dummy1"}),
            "failed to allocate for range 0: 10.1.2.3 has been allocated to dummy1, duplicate allocation is "
            "not allowed");
  EXPECT_EQ(leases(), (Strings{"10.1.2.2", "10.1.2.3"}));
  for (const char* id : {"dummy", "dummy1"}) {
    EXPECT_EQ(run("DEL", subnet, {.id = id, .version = std::string(text(GetParam()))}).exit_status, 0);
  }
  EXPECT_TRUE(leases().empty());
}

TEST_P(HostLocalVersions, ReleasesFilesWithoutAnInterfaceName) {
  std::filesystem::create_directories(dir_.path() / "mynet");
  test::write_file(dir_.path() / "mynet" / "10.1.2.2", "dummy");
  test::write_file(dir_.path() / "mynet" / "10.1.2.3", "   dummy1\n ");
  const std::string subnet = conf(R"("subnet":"10.1.2.0/24")");
  for (const char* id : {"dummy", "dummy1"}) {
    EXPECT_EQ(run("DEL", subnet, {.id = id, .version = std::string(text(GetParam()))}).exit_status, 0);
  }
  EXPECT_TRUE(leases().empty());
}

TEST_P(HostLocalVersions, DeletesWhatIsUnknown) {
  const std::string subnet = conf(R"("subnet":"10.1.2.0/24")");
  const std::string version(text(GetParam()));
  EXPECT_EQ(run("DEL", subnet, {.version = version}).exit_status, 0);
  EXPECT_FALSE(std::filesystem::exists(dir_.path() / "mynet"));
  EXPECT_EQ(add(subnet, {.id = "other"}), "10.1.2.2/24 via 10.1.2.1");
  EXPECT_EQ(run("DEL", subnet, {.version = version}).exit_status, 0);
  EXPECT_EQ(leases(), Strings{"10.1.2.2"});
}

TEST_P(HostLocalVersions, GivesRequestedAddresses) {
  EXPECT_EQ(add(conf(R"("ranges":[[{"subnet":"10.1.2.0/24"}]])", R"(,"args":{"cni":{"ips":["10.1.2.88"]}})")),
            "10.1.2.88/24 via 10.1.2.1");
  EXPECT_EQ(
      add(conf(
              R"("ranges":[[{"subnet":"172.16.1.0/24"},{"subnet":"10.1.2.0/24"}],[{"subnet":"2001:db8:1::/48"}]])",
              R"(,"args":{"cni":{"ips":["10.1.2.89","2001:db8:1::999"]}})"),
          {.id = "two"}),
      "10.1.2.89/24 via 10.1.2.1 2001:db8:1::999/48 via 2001:db8:1::1");
}

TEST_P(HostLocalVersions, GivesTwoAddressesOfAFamilyFromVersion030) {
  const std::string two = conf(R"("ranges":[[{"subnet":"10.1.2.0/24"}],[{"subnet":"10.1.3.0/24"}]])",
                               R"(,"args":{"cni":{"ips":["10.1.2.88","10.1.3.77"]}})");
  EXPECT_EQ(add(two), spec::has_many_ips_per_family(GetParam())
                          ? "10.1.2.88/24 via 10.1.2.1 10.1.3.77/24 via 10.1.3.1"
                          : fmt::format("CNI version {} does not support more than 1 address per family",
                                        text(GetParam())));
}

TEST_P(HostLocalVersions, RefusesRequestsItCannotPlace) {
  EXPECT_EQ(add(conf(R"("ranges":[[{"subnet":"10.1.2.0/24"}],[{"subnet":"2001:db8::/64"}]])",
                     R"(,"args":{"cni":{"ips":["10.1.2.88","10.1.2.77"]}})")),
            "failed to allocate all requested IPs: 10.1.2.77");
  EXPECT_TRUE(leases().empty());
}

INSTANTIATE_TEST_SUITE_P(Every, HostLocalVersions, ::testing::ValuesIn(spec::kAllVersions),
                         [](const auto& suite) {
                           std::string name(text(suite.param));
                           std::ranges::replace(name, '.', '_');
                           return "v" + name;
                         });

using HostLocalCurrent = HostLocal;
INSTANTIATE_TEST_SUITE_P(Only, HostLocalCurrent, ::testing::Values(spec::kCurrentVersion));

TEST_P(HostLocalCurrent, DeletesAlthoughTheConfigurationChanged) {
  EXPECT_EQ(add(conf(R"("subnet":"10.1.2.0/24")")), "10.1.2.2/24 via 10.1.2.1");
  const auto deleted =
      run("DEL", conf(R"("ranges":[[{"subnet":"nonsense"}]],"routes":7)"), {.args = "UNKNOWN=1"});
  EXPECT_EQ(deleted.exit_status, 0) << deleted.out;
  EXPECT_TRUE(leases().empty());
}

TEST_P(HostLocalCurrent, ReportsWhatIsWrong) {
  const auto missing_resolv_conf = run("ADD", conf(R"("subnet":"10.1.2.0/24","resolvConf":"/nonexistent")"));
  EXPECT_EQ(summary(missing_resolv_conf, GetParam()),
            "cannot read resolvConf /nonexistent: No such file or directory");
  EXPECT_EQ(code(missing_resolv_conf), 5);
  EXPECT_EQ(code(run("ADD", conf(R"("subnet":"10.1.2.5/24")"))), 7);
  EXPECT_EQ(code(run("ADD", conf(R"("subnet":"10.1.2.0/24")"), {.args = "A=b"})), 4);
  EXPECT_EQ(summary(run("ADD", R"("type":"bridge")"), GetParam()), "IPAM config missing 'ipam' key");
  EXPECT_EQ(code(run("STATUS", conf(R"("subnet":"10.1.2.5/24")"))), 7);
}

TEST_P(HostLocalCurrent, StatusFailsWhenAddWould) {
  const std::string tiny = conf(R"("ranges":[[{"subnet":"10.1.2.0/24"}],[{"subnet":"10.1.3.0/30"}]])");
  EXPECT_EQ(run("STATUS", tiny).exit_status, 0);
  EXPECT_FALSE(std::filesystem::exists(dir_.path() / "mynet")) << "no side effects";
  ASSERT_EQ(run("ADD", tiny).exit_status, 0);
  const auto exhausted = run("STATUS", tiny);
  EXPECT_EQ(summary(exhausted, GetParam()), "no IP addresses available in range set: 10.1.3.1-10.1.3.2");
  EXPECT_EQ(code(exhausted), 50);
  EXPECT_EQ(run("DEL", tiny).exit_status, 0);
  const auto ok = run("STATUS", tiny);
  EXPECT_EQ(ok.exit_status, 0);
  EXPECT_EQ(ok.out, "");
  EXPECT_EQ(code(run("STATUS", conf(R"("subnet":"10.1.2.0/24","resolvConf":"/nonexistent")"))), 50);
}

TEST_P(HostLocalCurrent, GcReleasesWhatIsNotValid) {
  const std::string ipam = R"("ranges":[[{"subnet":"10.1.2.0/24"}],[{"subnet":"2001:db8::/64"}]])";
  for (const char* id : {"valid", "stale", "both"}) static_cast<void>(add(conf(ipam), {.id = id}));
  static_cast<void>(add(conf(ipam), {.id = "both", .ifname = "eth1"}));
  static_cast<void>(add(conf(ipam), {.id = "stale", .name = "othernet"}));
  const auto network = dir_.path() / "mynet";
  test::write_file(network / "10.1.2.100", "valid");
  test::write_file(network / "10.1.2.101", "gone");
  test::write_file(network / "10.1.2.102", "");
  test::write_file(network / "10.1.2.103", "\x01garbage\n\n");
  test::write_file(network / "notes.txt", "stale\r\neth0");
  const auto gc = [&](const std::string& list) {
    return run("GC", conf(ipam, R"(,"cni.dev/valid-attachments":)" + list));
  };
  const auto collected =
      gc(R"([{"containerID":"valid","ifname":"eth0","x":1},{"containerID":"both","ifname":"eth1"}])");
  EXPECT_EQ(collected.exit_status, 0) << collected.out;
  EXPECT_EQ(collected.out, "");
  EXPECT_EQ(leases(), (Strings{"10.1.2.100", "10.1.2.2", "10.1.2.5", "2001:db8::2", "2001:db8::5"}));
  EXPECT_EQ(leases("othernet").size(), 2U);
  for (const char* kept :
       {"notes.txt", "lock", "last_reserved_ip.0", "last_reserved_ip.1", ".podwire-index"}) {
    EXPECT_TRUE(std::filesystem::exists(network / kept)) << kept;
  }
  EXPECT_EQ(
      gc(R"([{"containerID":"valid","ifname":"eth0"},{"containerID":"both","ifname":"eth1"}])").exit_status,
      0);
  EXPECT_EQ(add(conf(ipam), {.id = "next"}), "10.1.2.6/24 via 10.1.2.1 2001:db8::6/64 via 2001:db8::1");
  EXPECT_EQ(gc("null").exit_status, 0);
  EXPECT_TRUE(leases().empty());
  EXPECT_EQ(gc("[]").exit_status, 0);
  EXPECT_EQ(leases("othernet").size(), 2U);
}

TEST_P(HostLocalCurrent, GcWithoutAListIsRefused) {
  ASSERT_EQ(run("ADD", conf(R"("subnet":"10.1.2.0/24")")).exit_status, 0);
  EXPECT_EQ(code(run("GC", conf(R"("subnet":"10.1.2.0/24")"))), 7);
  EXPECT_EQ(leases().size(), 1U);
}

}  // namespace
}  // namespace podwire::host_local
