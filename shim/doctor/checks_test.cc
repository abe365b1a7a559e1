// Checks over machines that are made up: what the kernel of the tests cannot be made to be.
#include "shim/doctor/checks.h"

#include <fmt/format.h>
#include <gtest/gtest.h>
#include <linux/rtnetlink.h>

#include <algorithm>
#include <fstream>
#include <iterator>
#include <set>

#include "libcni/plan/owner.h"
#include "shim/doctor/fixes.h"
#include "shim/doctor/report.h"

namespace podwire::doctor {
namespace {

using kernel::Capability;

/// A machine on which all is well, with one routed network on bridge pw0.
class ChecksTest : public ::testing::Test {
 protected:
  ChecksTest() {
    seen_.root = true;
    seen_.kernel.release = "6.1.0-28-amd64";
    seen_.kernel.modules.supported = true;
    seen_.kernel.modules.files_visible = true;
    seen_.kernel.modules.present = {"veth",   "bridge",        "nf_tables", "nf_conntrack",
                                    "nf_nat", "nft_chain_nat", "nft_masq",  "nf_conntrack_netlink"};
    seen_.sysctls = {{"net/ipv4/ip_forward", "1"},
                     {"net/ipv6/conf/all/forwarding", "1"},
                     {"net/ipv6/conf/all/disable_ipv6", "0"}};
    use("bridge", {.bridge = "pw0", .is_gateway = true, .ip_masq = true});
  }

  /// One network of one plugin, with a pool of each family.
  void use(const std::string& type, const bridge::Config& config) {
    Network network{.list = {.name = "net", .cni_version = "1.1.0"}, .attachers = {}};
    Attacher attacher{
        .plugin = {.type = type, .executable = "/opt/cni/bin/" + type, .runnable = true, .ours = true}};
    attacher.bridge = config;
    host_local::Config pool{.directory = "/var/lib/cni/networks/net"};
    for (const char* subnet : {"10.1.0.0/24", "fd01::/64"}) {
      pool.range_sets.push_back(
          host_local::complete_range_set({{.subnet = Cidr::parse(subnet).value()}}).value());
    }
    attacher.pool = pool;
    network.attachers.push_back(std::move(attacher));
    std::vector<ConfFile> files;
    files.push_back({.path = "/etc/cni/net.d/10-net.conflist", .network = std::move(network)});
    seen_.configuration = {
        .directory = "/etc/cni/net.d", .plugin_path = {"/opt/cni/bin"}, .files = std::move(files)};
  }

  void refuse(Capability capability) {
    seen_.kernel.capabilities->push_back({.capability = capability, .refusal = "refused: not supported"});
  }

  std::vector<Finding> bad() const {
    std::vector<Finding> all = examine(seen_).all();
    std::erase_if(all, [](const Finding& finding) { return finding.severity == Severity::kOk; });
    return all;
  }
  /// The one finding that is not ok.
  Finding only(Severity severity, const std::string& check) const {
    const std::vector<Finding> all = bad();
    EXPECT_EQ(all.size(), 1U) << report_text(examine(seen_), false);
    if (all.empty()) return {};
    EXPECT_EQ(text(all.front().severity), text(severity)) << all.front().message;
    EXPECT_EQ(all.front().check, check) << all.front().message;
    EXPECT_FALSE(severity != Severity::kSkipped && all.front().commands.empty() &&
                 all.front().advice.empty());
    return all.front();
  }

  Observation seen_;
};

TEST_F(ChecksTest, AllIsWell) {
  EXPECT_TRUE(bad().empty()) << report_text(examine(seen_), false);
  EXPECT_TRUE(report_text(examine(seen_), false).ends_with("\nEverything is in order.\n"));
  EXPECT_EQ(report_text(examine(seen_), true), "");
}

TEST_F(ChecksTest, EveryCheckSaysSomethingUnderItsName) {
  std::set<std::string_view> names;
  for (const Check& check : all_checks()) EXPECT_TRUE(names.insert(check.name).second) << check.name;
  std::set<std::string_view> said;
  const Findings findings = examine(seen_);
  for (const Finding& finding : findings.all()) said.insert(finding.check);
  EXPECT_EQ(said, names);
}

TEST_F(ChecksTest, EveryCheckIsDocumented) {
  std::ifstream file(PODWIRE_SOURCE_DIR "/docs/doctor.md");
  const std::string document{std::istreambuf_iterator<char>(file), {}};
  for (const Check& check : all_checks())
    EXPECT_TRUE(document.contains(fmt::format("`{}`", check.name))) << check.name;
}

TEST_F(ChecksTest, AnOldKernel) {
  seen_.kernel.release = "4.19.0-27-amd64";
  EXPECT_NE(only(Severity::kProblem, "kernel-version").message.find("5.2"), std::string::npos);
  seen_.kernel.release = "5.2.0";
  EXPECT_TRUE(bad().empty());
  seen_.kernel.release = "moon";
  only(Severity::kSkipped, "kernel-version");
}

TEST_F(ChecksTest, WhatTheKernelRefusesMattersWhereItIsUsed) {
  refuse(Capability::kBridgeVlan);
  refuse(Capability::kMacGuard);
  EXPECT_TRUE(bad().empty());
  EXPECT_TRUE(
      report_text(examine(seen_), false)
          .contains("not used: VLAN filtering on bridges, VXLAN links, macvlan links, nftables on bridges"));
  use("bridge", {.bridge = "pw0", .vlan = 5});
  EXPECT_EQ(only(Severity::kProblem, "kernel-features").message,
            "this kernel has no VLAN filtering on bridges (refused: not supported), needed for the keys vlan "
            "and vlanTrunk");
  use("bridge", {.bridge = "pw0", .mac_spoof_check = true});
  EXPECT_NE(only(Severity::kProblem, "kernel-features").message.find("macspoofchk"), std::string::npos);
}

TEST_F(ChecksTest, ModulesThatAreNotLoaded) {
  seen_.kernel.modules.present.erase("nft_masq");
  seen_.kernel.modules.loadable = {"nft_masq"};
  EXPECT_TRUE(bad().empty());  // the kernel loads it when it is asked for
  seen_.kernel.modules.loads_on_demand = false;
  EXPECT_EQ(only(Severity::kProblem, "kernel-features").commands,
            std::vector<std::string>{"modprobe nft_masq"});
  seen_.kernel.modules.loading_disabled = true;
  EXPECT_TRUE(only(Severity::kProblem, "kernel-features").commands.empty());
  seen_.kernel.modules.loadable.clear();
  EXPECT_NE(only(Severity::kProblem, "kernel-features").message.find("has no module nft_masq"),
            std::string::npos);
  seen_.kernel.modules.files_visible = false;
  only(Severity::kSkipped, "kernel-features");
}

TEST_F(ChecksTest, WithoutRootNothingIsMadeUp) {
  seen_.root = false;
  seen_.kernel.capabilities = fail(Code::kInvalidEnvironment, "needs root");
  seen_.attachments.elements = fail(Code::kKernel, "not permitted");
  seen_.attachments.namespaces = fail(Code::kInvalidEnvironment, "needs root");
  seen_.firewall.nft = fail(Code::kKernel, "not permitted");
  const auto all = bad();
  EXPECT_TRUE(std::ranges::all_of(
      all, [](const Finding& finding) { return finding.severity == Severity::kSkipped; }));
  EXPECT_EQ(count(examine(seen_)).skipped, all.size());
  EXPECT_GE(all.size(), 5U);
}

TEST_F(ChecksTest, NoIpv6) {
  seen_.sysctls.erase("net/ipv6/conf/all/disable_ipv6");
  EXPECT_EQ(only(Severity::kProblem, "ipv6").message,
            "a network has IPv6 ranges, but this kernel has no IPv6");
}

TEST_F(ChecksTest, AKubernetesNodeWithoutBrNetfilter) {
  seen_.software.kubelet = true;
  EXPECT_EQ(only(Severity::kWarning, "br-netfilter").commands.front(), "modprobe br_netfilter");
  seen_.sysctls["net/bridge/bridge-nf-call-iptables"] = "1";
  EXPECT_TRUE(bad().empty());
}

TEST_F(ChecksTest, WhatEbpfNeeds) {
  EXPECT_TRUE(
      report_text(examine(seen_), false).contains("used by the plugin ebpf alone: a BPF file system"));
  use("ebpf", {.bridge = "pw0"});
  const auto all = bad();
  ASSERT_EQ(all.size(), 3U);
  EXPECT_EQ(all.front().commands, std::vector<std::string>{"mount -t bpf bpf /sys/fs/bpf"});
  seen_.kernel.bpf_filesystem = seen_.kernel.cgroup2 = seen_.kernel.btf = true;
  EXPECT_TRUE(bad().empty());
}

TEST_F(ChecksTest, TablesThatFillUp) {
  seen_.sysctls["net/netfilter/nf_conntrack_max"] = "1000";
  seen_.sysctls["net/netfilter/nf_conntrack_count"] = "790";
  EXPECT_TRUE(bad().empty());
  seen_.sysctls["net/netfilter/nf_conntrack_count"] = "800";
  EXPECT_EQ(only(Severity::kWarning, "conntrack-table").commands,
            std::vector<std::string>{"sysctl -w net.netfilter.nf_conntrack_max=4000"});
  seen_.sysctls["net/netfilter/nf_conntrack_count"] = "950";
  only(Severity::kProblem, "conntrack-table");
  seen_.sysctls["net/netfilter/nf_conntrack_count"] = "0";
  seen_.sysctls["net/ipv4/neigh/default/gc_thresh3"] = "1024";
  seen_.host->neighbours4 = 1000;
  EXPECT_EQ(only(Severity::kProblem, "neighbour-table").message,
            "1000 of 1024 IPv4 neighbours (ARP) are in use (97 %): new ones are refused when it is full");
}

TEST_F(ChecksTest, AFileThatSwitchesForwardingOff) {
  seen_.sysctl_settings = {{.file = "/etc/sysctl.d/90-hard.conf", .key = "net/ipv4/ip_forward", .value = "0"},
                           {.file = "/etc/sysctl.conf", .key = "net/ipv4/ip_forward", .value = "1"}};
  EXPECT_TRUE(bad().empty());  // the last one counts
  std::swap(seen_.sysctl_settings[0], seen_.sysctl_settings[1]);
  EXPECT_EQ(only(Severity::kWarning, "sysctl-files").advice,
            "set net.ipv4.ip_forward=1 in /etc/sysctl.d/90-hard.conf");
  use("bridge", {.bridge = "pw0", .is_gateway = false});
  EXPECT_TRUE(bad().empty());  // nothing is routed
}

TEST_F(ChecksTest, UfwThatStartsWithTheNextBoot) {
  seen_.firewall.ufw = UfwView{.enabled = true, .forward_policy = "DROP"};
  only(Severity::kWarning, "firewall-software");
  seen_.firewall.ufw->forward_policy = "ACCEPT";
  EXPECT_TRUE(bad().empty());
}

TEST_F(ChecksTest, LeasesAreNotJudgedByHalfTheEvidence) {
  LeaseView view{.network = "net",
                 .directory = "/var/lib/cni/networks/net",
                 .leases = {},
                 .configured = true,
                 .usable = {}};
  view.leases = std::vector<host_local::ListedLease>{
      {.ip = Ip::parse("10.1.0.5").value(), .owner = {.container_id = "gone", .ifname = "eth0"}}};
  seen_.attachments.leases.push_back(std::move(view));
  seen_.attachments.now = std::int64_t{3600} * 1'000'000'000;
  EXPECT_EQ(
      only(Severity::kWarning, "leases").commands,
      std::vector<std::string>{"podwire cni del /etc/cni/net.d/10-net.conflist --id gone --ifname eth0"});
  // A link leads to a namespace that nobody could find.
  seen_.attachments.unseen_peers = {"veth9"};
  EXPECT_NE(only(Severity::kSkipped, "leases").message.find("not to be found: veth9"), std::string::npos);
  seen_.attachments.unseen_peers.clear();
  seen_.attachments.namespaces->addresses = {Ip::parse("10.1.0.5").value()};
  EXPECT_TRUE(bad().empty());
}

TEST_F(ChecksTest, OwnersOfHashedNamesGetAnotherFix) {
  const spec::Attachment attachment{"net", std::string(200, 'c'), "eth0"};
  seen_.attachments.elements->masquerade.push_back(
      {.owner = plan::owner_key(attachment), .address = Ip::parse("10.1.0.5").value()});
  EXPECT_EQ(only(Severity::kWarning, "nft-elements").commands,
            std::vector<std::string>{"nft delete element inet podwire masq4 '{ 10.1.0.5 }'"});
}

TEST(Fixes, WordsOfTheShell) {
  EXPECT_EQ(shell_word("/etc/cni/net.d/10-a.conflist"), "/etc/cni/net.d/10-a.conflist");
  EXPECT_EQ(shell_word("it's here"), R"('it'\''s here')");
  EXPECT_EQ(shell_word(""), "''");
  EXPECT_EQ(shell_word("$(x)"), "'$(x)'");
}

TEST(Fixes, AttachmentsOfOwnerKeys) {
  const auto attachment = attachment_of("podwire:net/web-1/eth0");
  ASSERT_TRUE(attachment);
  EXPECT_EQ(*attachment, (spec::Attachment{"net", "web-1", "eth0"}));
  EXPECT_FALSE(attachment_of("podwire:net/#0123/eth0"));
  EXPECT_FALSE(attachment_of("podwire:#0123/web/eth0"));
  EXPECT_FALSE(attachment_of("podwire:net/"));
  EXPECT_FALSE(attachment_of("other:net/web/eth0"));
}

TEST(Report, Json) {
  Findings findings;
  findings.begin("leases");
  findings.warning("a lease").run("rm x");
  findings.begin("pods");
  findings.problem("a pod").advise("look at it");
  const std::string report = report_json(findings).dump();
  EXPECT_EQ(
      report,
      R"({"findings":[{"check":"leases","group":"attachments","severity":"warning","message":"a lease",)"
      R"("commands":["rm x"]},{"check":"pods","group":"attachments","severity":"problem","message":"a pod",)"
      R"("commands":[],"advice":"look at it"}],"problems":1,"warnings":1,"skipped":0})");
}

}  // namespace
}  // namespace podwire::doctor
