// Every kind of step in words. That the kernel ends up alike is netns-test/explain_test.cc's to show.
#include "libcni/plan/describe.h"

#include <gtest/gtest.h>

#include <set>

namespace podwire::plan {
namespace {

using Lines = std::vector<std::string>;

const Mac kMac = *Mac::parse("02:00:00:00:00:01");
const Mac kPeerMac = *Mac::parse("02:00:00:00:00:02");

Cidr cidr(std::string_view text) {
  return Cidr::parse(text).value();
}
Ip ip(std::string_view text) {
  return Ip::parse(text).value();
}

/// The commands of one step, on what was observed.
Lines lines(const Step& step, Observed& observed) {
  const auto texts = describe({step}, observed, {.netns = "x"});
  if (!texts) return {texts.error().msg};
  EXPECT_EQ(texts->size(), 1U);
  EXPECT_FALSE(texts->front().comment.empty());
  EXPECT_FALSE(texts->front().comment.contains('\n'));
  return texts->front().commands;
}
/// On a fresh node.
Lines lines(const Step& step) {
  Observed observed;
  return lines(step, observed);
}

TEST(Describe, Bridge) {
  EXPECT_EQ(lines(EnsureBridge{.name = "br0", .mac = kMac}),
            (Lines{"ip link add name br0 address 02:00:00:00:00:01 type bridge",
                   "sysctl -e -q -w net/ipv6/conf/br0/accept_dad=0", "ip link set dev br0 up"}));
  EXPECT_EQ(lines(EnsureBridge{
                .name = "br0", .mac = kMac, .mtu = 1400, .vlan_filtering = true, .promiscuous = true}),
            (Lines{"ip link add name br0 address 02:00:00:00:00:01 mtu 1400 type bridge vlan_filtering 1",
                   "sysctl -e -q -w net/ipv6/conf/br0/accept_dad=0", "ip link set dev br0 up promisc on"}));
}

TEST(Describe, OfABridgeThatIsThereOnlyWhatIsMissing) {
  const Step step = EnsureBridge{.name = "br0", .mac = kMac, .promiscuous = true};
  Observed observed{.links = {{"br0", {}}}};
  EXPECT_EQ(lines(step, observed), Lines{"ip link set dev br0 up promisc on"});
  EXPECT_EQ(lines(step, observed), Lines{}) << "what a step makes is there for the next one";
  observed.links["br0"].promiscuous = false;
  EXPECT_EQ(lines(step, observed), Lines{"ip link set dev br0 promisc on"});
  observed.links["br0"].has_mac = false;
  EXPECT_EQ(lines(step, observed), Lines{"ip link set dev br0 address 02:00:00:00:00:01"});
}

TEST(Describe, GatewayAddress) {
  EXPECT_EQ(lines(EnsureAddress{.link = "br0", .address = cidr("10.1.2.1/24")}),
            Lines{"ip address add 10.1.2.1/24 dev br0 broadcast +"});
  EXPECT_EQ(lines(EnsureAddress{.link = "br0", .address = cidr("10.1.2.1/31")}),
            Lines{"ip address add 10.1.2.1/31 dev br0"});
  EXPECT_EQ(lines(EnsureAddress{.link = "br0", .address = cidr("fd00::1/64")}),
            Lines{"ip address add fd00::1/64 dev br0 nodad"});
  Observed observed{.links = {{"br0", {.addresses = {cidr("10.1.2.1/24")}}}}};
  EXPECT_EQ(lines(EnsureAddress{.link = "br0", .address = cidr("10.1.2.1/24")}, observed), Lines{});
}

TEST(Describe, ReplacedAddressesGoSecondaryOnesFirst) {
  const Step step = EnsureAddress{
      .link = "br0", .address = cidr("10.1.2.1/24"), .replaces = {cidr("10.1.2.8/24"), cidr("10.1.2.9/24")}};
  EXPECT_EQ(lines(step), (Lines{"ip address del 10.1.2.9/24 dev br0", "ip address del 10.1.2.8/24 dev br0",
                                "ip address add 10.1.2.1/24 dev br0 broadcast +"}));
}

TEST(Describe, Sysctls) {
  const Step step = EnsureSysctl{.key = "net/ipv4/ip_forward", .value = "1"};
  EXPECT_EQ(lines(step), Lines{"sysctl -q -w net/ipv4/ip_forward=1"});
  Observed observed{.sysctls = {{"net/ipv4/ip_forward", "1"}}};
  EXPECT_EQ(lines(step, observed), Lines{});
  observed.sysctls["net/ipv4/ip_forward"] = "0";
  EXPECT_EQ(lines(step, observed), Lines{"sysctl -q -w net/ipv4/ip_forward=1"});
  EXPECT_EQ(lines(EnsureSysctl{.key = "net/ipv6/conf/br0/accept_ra", .value = "0", .optional = true}),
            Lines{"sysctl -e -q -w net/ipv6/conf/br0/accept_ra=0"});
  EXPECT_EQ(lines(SetPodSysctl{.key = "net/ipv4/conf/eth0/arp_notify", .value = "1"}),
            Lines{"ip netns exec x sysctl -q -w net/ipv4/conf/eth0/arp_notify=1"});
  EXPECT_EQ(lines(SetPodSysctl{.key = "net/ipv6/conf/eth0/accept_dad", .value = "0", .optional = true}),
            Lines{"ip netns exec x sysctl -e -q -w net/ipv6/conf/eth0/accept_dad=0"});
}

TEST(Describe, VlanGateway) {
  EnsureVlanGateway step{.bridge = "br0",
                         .name = "br0.100",
                         .peer = "veth1",
                         .mac = kMac,
                         .peer_mac = kPeerMac,
                         .mtu = 1400,
                         .vlan = 100};
  EXPECT_EQ(
      lines(step),
      (Lines{
          "ip link add name veth1 address 02:00:00:00:00:02 mtu 1400 master br0 type veth peer name br0.100 "
          "address 02:00:00:00:00:01 mtu 1400",
          "bridge vlan del dev veth1 vid 1-4094", "bridge vlan add dev veth1 vid 100 pvid untagged",
          "ip link set dev veth1 up", "ip link set dev br0.100 up"}));
  step.preserve_default_vlan = true;
  const Lines preserved = lines(step);
  EXPECT_EQ(preserved.size(), 4U);
  EXPECT_EQ(preserved[1], "bridge vlan add dev veth1 vid 100 pvid untagged");
  Observed observed{.links = {{"br0.100", {.up = true}}}};
  EXPECT_EQ(lines(step, observed), Lines{});
}

TEST(Describe, Veth) {
  AddVeth step{.host_name = "veth1",
               .host_mac = kMac,
               .pod_name = "eth0",
               .pod_mac = kPeerMac,
               .alias = "podwire:n/c/eth0=10.1.2.2/24;masq"};
  EXPECT_EQ(lines(step),
            (Lines{"ip link add name veth1 address 02:00:00:00:00:01 type veth peer name eth0 address "
                   "02:00:00:00:00:02 netns x",
                   "ip link set dev veth1 alias 'podwire:n/c/eth0=10.1.2.2/24;masq' addrgenmode none"}));
  step.mtu = 9000;
  step.bridge = "br 0";
  EXPECT_EQ(lines(step)[0],
            "ip link add name veth1 address 02:00:00:00:00:01 mtu 9000 master 'br 0' type veth peer name "
            "eth0 address "
            "02:00:00:00:00:02 mtu 9000 netns x");
}

TEST(Describe, BridgePort) {
  EXPECT_EQ(lines(SetBridgePort{.link = "veth1"}), Lines{"ip link set dev veth1 up"});
  EXPECT_EQ(lines(SetBridgePort{.link = "veth1", .hairpin = true, .isolated = true})[1],
            "bridge link set dev veth1 hairpin on isolated on");
  EXPECT_EQ(lines(SetBridgePort{.link = "veth1", .isolated = true})[1],
            "bridge link set dev veth1 isolated on");
  EXPECT_EQ(lines(SetBridgePort{
                .link = "veth1", .vlan = 7, .trunk = {{5, 5}, {10, 20}}, .preserve_default_vlan = false}),
            (Lines{"ip link set dev veth1 up", "bridge vlan del dev veth1 vid 1-4094",
                   "bridge vlan add dev veth1 vid 5", "bridge vlan add dev veth1 vid 10-20",
                   "bridge vlan add dev veth1 vid 7 pvid untagged"}));
  EXPECT_EQ(lines(SetBridgePort{.link = "veth1", .trunk = {{5, 6}}, .preserve_default_vlan = true}),
            (Lines{"ip link set dev veth1 up", "bridge vlan add dev veth1 vid 5-6",
                   "bridge vlan add dev veth1 vid 1 pvid untagged"}));
}

TEST(Describe, PodAddresses) {
  EXPECT_EQ(lines(AddAddress{.link = "eth0", .address = cidr("10.1.2.2/24"), .detect_duplicates = true}),
            Lines{"ip -n x address add 10.1.2.2/24 dev eth0 broadcast +"});
  EXPECT_EQ(lines(AddAddress{.link = "eth0", .address = cidr("10.1.2.2/32")}),
            Lines{"ip -n x address add 10.1.2.2/32 dev eth0"});
  EXPECT_EQ(lines(AddAddress{.link = "eth0", .address = cidr("fd00::2/64")}),
            Lines{"ip -n x address add fd00::2/64 dev eth0 nodad"});
  EXPECT_EQ(lines(AddAddress{.link = "eth0", .address = cidr("fd00::2/64"), .detect_duplicates = true}),
            Lines{"ip -n x address add fd00::2/64 dev eth0"});
  EXPECT_EQ(lines(SetPodLinkUp{.link = "eth0"}), Lines{"ip -n x link set dev eth0 up"});
}

TEST(Describe, Routes) {
  EXPECT_EQ(lines(AddRoute{.link = "eth0", .route = {.dst = cidr("0.0.0.0/0"), .gw = ip("10.1.2.1")}}),
            Lines{"ip -n x route prepend 0.0.0.0/0 via 10.1.2.1 dev eth0"});
  EXPECT_EQ(
      lines(AddRoute{.link = "eth0",
                     .route = {.dst = cidr("fd50::5/32"),
                               .gw = ip("fd00::1"),
                               .mtu = 1300,
                               .advmss = 1200,
                               .priority = 77,
                               .table = 1000,
                               .scope = 0}}),
      Lines{
          "ip -n x route prepend fd50::/32 via fd00::1 dev eth0 table 1000 metric 77 scope 0 mtu 1300 advmss "
          "1200"});
  EXPECT_EQ(lines(AddRoute{.link = "eth0", .route = {.dst = cidr("10.5.0.0/16")}}),
            Lines{"ip -n x route prepend 10.5.0.0/16 dev eth0"});
}

TEST(Describe, PortAndAnnouncement) {
  EXPECT_EQ(lines(AwaitPort{.link = "veth1"}), Lines{"timeout 3 sh -c 'until ip -o link show dev veth1 | "
                                                     "grep -Eq \"state (UP|UNKNOWN)\"; do sleep 0.05; "
                                                     "done'"});
  EXPECT_EQ(lines(Announce{.link = "eth0", .mac = kMac}),
            Lines{"ip -n x link set dev eth0 address 02:00:00:00:00:01"});
}

/// The kinds of steps are named as in step.h, each by one name.
TEST(Describe, EveryKindHasItsName) {
  const Plan plan{EnsureBridge{},  EnsureAddress{},      EnsureSysctl{}, EnsureVlanGateway{}, AddVeth{},
                  SetBridgePort{}, SetPodSysctl{},       AddAddress{},   SetPodLinkUp{},      AddRoute{},
                  AddMasquerade{}, EnsureNoMasquerade{}, AddMacGuard{},  AwaitPort{},         Announce{}};
  EXPECT_EQ(plan.size(), std::variant_size_v<Step>);
  Observed observed;
  const auto texts = describe(plan, observed);
  ASSERT_TRUE(texts);
  std::set<std::string> names;
  for (const StepText& text : *texts) names.insert(text.step);
  EXPECT_EQ(names.size(), plan.size());
  EXPECT_TRUE(names.contains("EnsureNoMasquerade"));
}

TEST(Describe, NamesThatCannotBeWritten) {
  EXPECT_EQ(lines(EnsureSysctl{.key = "net/ipv6/conf/a=b/accept_ra", .value = "0"}),
            Lines{"sysctl has no spelling for \"net/ipv6/conf/a=b/accept_ra\""});
  EXPECT_EQ(lines(AddMasquerade{.owner = "podwire:n/c/a\"b", .addresses = {ip("10.1.2.2")}}),
            Lines{"nft has no spelling for a string that holds a double quote: podwire:n/c/a\"b"});
}

TEST(Describe, Files) {
  using Action = FileStep::Action;
  const auto command = [](Action action, const std::string& path, const std::string& content) {
    return describe(
               FileStep{
                   .name = "Lease", .comment = "why", .action = action, .path = path, .content = content})
        .commands;
  };
  EXPECT_EQ(command(Action::kMakeDirectory, "/a b", ""), Lines{"mkdir -p '/a b'"});
  EXPECT_EQ(command(Action::kCreate, "/d/10.1.2.3", "c\r\neth0"),
            Lines{"(set -C; umask 077; printf 'c\\r\\neth0' > /d/10.1.2.3)"});
  EXPECT_EQ(command(Action::kReplace, "/d/last", "10.1.2.3"),
            Lines{"(umask 077; printf 10.1.2.3 > /d/last)"});
  EXPECT_EQ(command(Action::kRemove, "/d/10.1.2.3", ""), Lines{"rm -f /d/10.1.2.3"});
}

}  // namespace
}  // namespace podwire::plan
